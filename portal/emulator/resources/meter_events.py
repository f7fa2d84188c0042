"""Meter events: reported usage, counted once per identifier, and taken back by adjustments."""

from __future__ import annotations

import re

from portal.emulator.billing import usage
from portal.emulator.billing.due import DAY
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.routes import Call, route

_OLDEST = 35 * DAY
_NEWEST = 5 * 60
_IDENTIFIER_LIFETIME = DAY
_VALUE = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")


@route("POST", "/v1/billing/meter_events", params="billing.MeterEventCreateParams")
def create_event(tx: Transaction, call: Call) -> StripeDict:
    """Report usage of a customer.

    Stripe finds an unknown meter or customer only later, and says so in a thin event; here it is refused at once.
    """
    params = call.params
    meter = _meter(tx, params["event_name"])
    payload = {str(name): str(value) for name, value in params["payload"].items()}
    customer_id = _payload(payload, meter["customer_mapping"]["event_payload_key"])
    in_param(tx, "customer", customer_id, param="payload")
    value = "1"
    if meter["default_aggregation"]["formula"] != "count":
        value = _payload(payload, meter["value_settings"]["event_payload_key"])
        if not _VALUE.fullmatch(value):
            raise invalid(f"Invalid value in the payload, expected a number: {value}", param="payload")
    now = tx.now_for(customer_id)
    at = params.get("timestamp", now)
    if not now - _OLDEST <= at <= now + _NEWEST:
        raise invalid(
            "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.",
            param="timestamp",
            code="timestamp_out_of_range",
        )
    identifier = params.get("identifier") or tx.new_id("mevt", 24)
    if not 1 <= len(identifier) <= 100:
        raise invalid("Invalid identifier: must be at most 100 characters", param="identifier")
    if usage.known(tx, meter, identifier, now - _IDENTIFIER_LIFETIME):
        raise invalid(
            f"An event already exists with identifier {identifier}.",
            param="identifier",
            code="duplicate_meter_event",
        )
    usage.record(tx, meter, customer_id, identifier, value, at, now)
    return {
        "object": "billing.meter_event",
        "created": now,
        "event_name": meter["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": payload,
        "timestamp": at,
    }


@route("POST", "/v1/billing/meter_event_adjustments", params="billing.MeterEventAdjustmentCreateParams")
def create_adjustment(tx: Transaction, call: Call) -> StripeDict:
    """Take back an event of the last 24 hours by its identifier."""
    params = call.params
    meter = _meter(tx, params["event_name"])
    identifier = params.get("cancel", {}).get("identifier")
    if identifier is None:
        raise missing_parameter("cancel[identifier]")
    if not usage.take_back(tx, meter, identifier, DAY):
        raise invalid(
            f"No event of the last 24 hours has the identifier {identifier}.",
            param="cancel[identifier]",
            code="resource_missing",
        )
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": meter["event_name"],
        "livemode": False,
        "status": "complete",
        "type": "cancel",
    }


def _meter(tx: Transaction, event_name: str) -> StripeDict:
    found = tx.all("billing.meter", {"event_name": event_name, "status": "active"})
    if not found:
        raise invalid(
            f"No active meter found for event_name {event_name}.", param="event_name", code="resource_missing"
        )
    return found[0]


def _payload(payload: dict[str, str], key: str) -> str:
    if key not in payload:
        raise invalid(
            f"The payload must have the key {key}.", param=f"payload[{key}]", code="parameter_missing"
        )
    return payload[key]
