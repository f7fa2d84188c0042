"""Tells Stripe what was used, and compares what it counted with what it was told. A crash anywhere leaves an open
report that the next run sends again under the same identifier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from portal.customers.queries import customer_of
from portal.gateway import current_gateway
from portal.gateway.errors import GatewayMisconfigured, GatewayRefused
from portal.gateway.usage import meter_summaries, send_meter_event
from portal.kit.clock import utcnow
from portal.sync.mark import mark_details
from portal.usage import report
from portal.usage.compare import Difference, differences, meters_at_stripe, told_per_hour
from portal.web.unit_of_work import unit_of_work

log = structlog.get_logger("usage")

REMEMBERED = timedelta(hours=23)
"""Stripe remembers an identifier for at least 24 hours; an older open report is looked up before it is sent."""


@dataclass(frozen=True, slots=True)
class Reported:
    """How many reports Stripe counted and how many it refused."""

    sent: int
    refused: int

    def __add__(self, other: Reported) -> Reported:
        return Reported(self.sent + other.sent, self.refused + other.refused)


def report_usage(*, include_open: bool = False) -> Reported:
    """Report every tenant's usage, now. Call it outside any transaction; raises GatewayUnavailable.

    `include_open` also reports the hour that is not over yet.
    """
    with unit_of_work():
        tenants = report.tenants_to_report()
    done = Reported(0, 0)
    for tenant_id in tenants:
        done += report_tenant(tenant_id, include_open=include_open)
    return done


def report_tenant(tenant_id: int, *, include_open: bool = False) -> Reported:
    """Report one tenant's usage. Call it outside any transaction; raises GatewayUnavailable."""
    with unit_of_work():
        report.write_reports(tenant_id, include_open=include_open)
        waiting = report.reports_to_send(tenant_id)
    done = Reported(0, 0)
    for each in waiting:
        done += _send(each)
    if done.sent:
        with unit_of_work():
            customer = customer_of(tenant_id)
            assert customer is not None
            # The preview of the next invoice now holds more usage.
            mark_details(customer.id, tenant_id)
    return done


def compare_usage(tenant_id: int, start: datetime, end: datetime) -> list[Difference]:
    """Return the hours in [start, end), both full hours, in which Stripe counted another quantity than it was told.

    Call it outside any transaction. Stripe counts with a delay: a difference in the last minutes means nothing.
    """
    with unit_of_work():
        customer = customer_of(tenant_id)
        meters = meters_at_stripe()
        told = told_per_hour(tenant_id, start, end)
    if customer is None or customer.stripe_id is None:
        return []
    found: list[Difference] = []
    for meter in meters:
        assert meter.stripe_id is not None
        counted = meter_summaries(
            current_gateway(), meter.stripe_id, customer=customer.stripe_id, start=start, end=end
        )
        found.extend(
            differences(meter, told.get(meter.id, {}), {each.hour_at: each.value for each in counted})
        )
    return found


def _send(each: report.ToSend) -> Reported:
    if each.adds_up and utcnow() - each.written_at > REMEMBERED and _was_counted(each):
        with unit_of_work():
            report.settle_sent(each.report_id)
        return Reported(1, 0)
    try:
        send_meter_event(
            current_gateway(),
            event_name=each.event_name,
            customer=each.customer_stripe_id,
            value=each.value,
            identifier=each.identifier,
            at=each.at,
        )
    except GatewayMisconfigured:
        raise
    except GatewayRefused as error:
        log.error("usage_report_refused", identifier=each.identifier, reason=str(error))
        with unit_of_work():
            report.settle_refused(each.report_id, str(error))
        return Reported(0, 1)
    with unit_of_work():
        report.settle_sent(each.report_id)
    return Reported(1, 0)


def _was_counted(each: report.ToSend) -> bool:
    """Tell whether Stripe's sum of the hour holds this report already."""
    with unit_of_work():
        told: Decimal = report.told_in_hour(each.report_id)
    hour = report.full_hour(each.at)
    summaries = meter_summaries(
        current_gateway(),
        each.meter_stripe_id,
        customer=each.customer_stripe_id,
        start=hour,
        end=hour + report.HOUR,
    )
    return sum((summary.value for summary in summaries), Decimal(0)) >= told + each.value
