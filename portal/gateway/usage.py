"""Metered usage: meter events out, and what Stripe made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayRefused
from portal.gateway.plain import plain_list
from portal.kit.clock import from_unix, to_unix

if TYPE_CHECKING:
    from stripe.params.billing import MeterEventCreateParams, MeterListEventSummariesParams

MOST_HOURS = 24 * 62


@dataclass(frozen=True, slots=True)
class HourSummary:
    """What Stripe counted in one full hour, in units. Eventually consistent: it may lag behind the events."""

    hour_at: datetime
    value: Decimal


def send_meter_event(
    gateway: Gateway, *, event_name: str, customer: str, value: Decimal, identifier: str, at: datetime
) -> bool:
    """Report a customer's usage; tell whether it was new. An identifier Stripe knows already (it remembers them for
    at least 24 hours) counts once and answers False.

    Raises GatewayRefused for a time more than 35 days ago or 5 minutes ahead, and GatewayUnavailable.
    """
    params: MeterEventCreateParams = {
        "event_name": event_name,
        "payload": {"stripe_customer_id": customer, "value": f"{value:f}"},
        "identifier": identifier,
        "timestamp": to_unix(at),
    }
    try:
        gateway.call(
            "meter_events.create",
            lambda client: client.v1.billing.meter_events.create(params),
            about=identifier,
        )
    except GatewayRefused as error:
        # Stripe's documentation does not name the code, but its message always says so.
        if error.stripe_code == "duplicate_meter_event" or "already exists with identifier" in str(error):
            return False
        raise
    return True


def meter_summaries(
    gateway: Gateway, meter: str, *, customer: str, start: datetime, end: datetime
) -> list[HourSummary]:
    """Return what Stripe counted per hour in [start, end), both full hours, oldest first; hours without usage are
    left out."""
    params: MeterListEventSummariesParams = {
        "customer": customer,
        "start_time": to_unix(start),
        "end_time": to_unix(end),
        "value_grouping_window": "hour",
        "limit": 100,
    }
    found = gateway.call(
        "meters.event_summaries",
        lambda client: plain_list(
            client.v1.billing.meters.event_summaries.list(meter, params), most=MOST_HOURS
        ),
        about=meter,
    )
    summaries = [
        HourSummary(from_unix(raw["start_time"]), Decimal(str(raw["aggregated_value"]))) for raw in found
    ]
    return sorted(summaries, key=lambda summary: summary.hour_at)
