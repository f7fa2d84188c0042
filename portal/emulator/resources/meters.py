"""Billing meters: how usage events of one name become a quantity, and summaries of what was counted."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from typing import Any

from portal.emulator.billing.due import DAY
from portal.emulator.billing.periods import Period
from portal.emulator.billing.usage import WINDOWS, usage_by_window, usage_of
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import empty_parameter, invalid
from portal.emulator.wire.fields import check_lengths, set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer, page_of
from portal.emulator.wire.routes import Call, route

METER = "billing.meter"
_LONGEST = {"display_name": 250, "event_name": 100}
_LONGEST_KEY = {"event_payload_key": 100}


@route("POST", "/v1/billing/meters", params="billing.MeterCreateParams")
def create_meter(tx: Transaction, call: Call) -> StripeDict:
    """Create a meter."""
    params, now = call.params, tx.wall_now()
    _check(params)
    _refuse_taken(tx, params["event_name"])
    mapping = params.get("customer_mapping", {"event_payload_key": "stripe_customer_id", "type": "by_id"})
    meter: StripeDict = {
        "id": tx.new_id("mtr_test", 20),
        "object": METER,
        "created": now,
        "customer_mapping": {"event_payload_key": mapping["event_payload_key"], "type": "by_id"},
        "default_aggregation": {"formula": params["default_aggregation"]["formula"]},
        "display_name": params["display_name"],
        "event_name": params["event_name"],
        "event_time_window": params.get("event_time_window"),
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": now,
        "value_settings": {
            "event_payload_key": params.get("value_settings", {}).get("event_payload_key", "value")
        },
    }
    tx.put(meter)
    emit(tx, "billing.meter.created", meter)
    return meter


@route("GET", "/v1/billing/meters/{id}", params="billing.MeterRetrieveParams")
def retrieve_meter(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a meter."""
    return in_path(tx, METER, call.args["id"])


@route("POST", "/v1/billing/meters/{id}", params="billing.MeterUpdateParams")
def update_meter(tx: Transaction, call: Call) -> StripeDict:
    """Rename a meter."""
    before = in_path(tx, METER, call.args["id"])
    meter = deepcopy(before)
    if call.params.get("display_name") == "":
        raise empty_parameter("display_name")
    check_lengths(call.params, _LONGEST)
    set_texts(meter, call.params, ("display_name",))
    meter["updated"] = tx.wall_now()
    tx.put(meter)
    emit_updated(tx, "billing.meter.updated", before, meter)
    return meter


@route("POST", "/v1/billing/meters/{id}/deactivate", params="billing.MeterDeactivateParams")
def deactivate_meter(tx: Transaction, call: Call) -> StripeDict:
    """Deactivate a meter: it takes no more events."""
    return _switch(tx, call.args["id"], "inactive", "billing.meter.deactivated")


@route("POST", "/v1/billing/meters/{id}/reactivate", params="billing.MeterReactivateParams")
def reactivate_meter(tx: Transaction, call: Call) -> StripeDict:
    """Reactivate a meter."""
    return _switch(tx, call.args["id"], "active", "billing.meter.reactivated")


@route("GET", "/v1/billing/meters", params="billing.MeterListParams")
def list_meters(tx: Transaction, call: Call) -> StripeDict:
    """List meters, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("status",))
    return list_answer(tx, call, METER, where)


@route("GET", "/v1/billing/meters/{id}/event_summaries", params="billing.MeterListEventSummariesParams")
def list_summaries(tx: Transaction, call: Call) -> StripeDict:
    """Summarise a customer's usage over a stretch of time, or per hour or day within it."""
    meter, params = in_path(tx, METER, call.args["id"]), call.params
    in_param(tx, "customer", params["customer"], param="customer")
    window = params.get("value_grouping_window")
    period = _aligned(params["start_time"], params["end_time"], window)
    if window is None:
        total = usage_of(tx, meter["id"], params["customer"], period)
        found = [_summary(meter, params["customer"], period, float(total))]
    else:
        windows = usage_by_window(tx, meter, params["customer"], period, WINDOWS[window])
        found = [_summary(meter, params["customer"], part, float(value)) for part, value in windows]
    return page_of(call, found[::-1])


def _check(params: dict[str, Any]) -> None:
    check_lengths(params, _LONGEST)
    for name in ("customer_mapping", "value_settings"):
        check_lengths(params.get(name, {}), _LONGEST_KEY, name)


def _refuse_taken(tx: Transaction, event_name: str) -> None:
    if tx.count(METER, {"event_name": event_name, "status": "active"}):
        raise invalid(
            f"An active meter already exists with event_name '{event_name}'.",
            param="event_name",
            code="resource_already_exists",
        )


def _aligned(start: int, end: int, window: str | None) -> Period:
    """Check the bounds: whole minutes, or whole hours or days (UTC) where usage is grouped by them."""
    unit = 60 if window is None else WINDOWS[window]
    for name, at in (("start_time", start), ("end_time", end)):
        if at % unit:
            word = "minute" if window is None else "hour" if unit < DAY else "day"
            raise invalid(f"{name} must be aligned with {word} boundaries.", param=name)
    if end <= start:
        raise invalid("end_time must be after start_time.", param="end_time")
    return Period(start, end)


def _summary(meter: StripeDict, customer_id: str, period: Period, value: float) -> StripeDict:
    key = f"{meter['id']}/{customer_id}/{period.start}/{period.end}"
    return {
        "id": "mtrusg_test_" + hashlib.sha256(key.encode()).hexdigest()[:24],
        "object": "billing.meter_event_summary",
        "aggregated_value": value,
        "end_time": period.end,
        "livemode": False,
        "meter": meter["id"],
        "start_time": period.start,
    }


def _switch(tx: Transaction, meter_id: str, status: str, event: str) -> StripeDict:
    meter = in_path(tx, METER, meter_id)
    if meter["status"] == status:
        raise invalid(f"This meter is already {status}.")
    if status == "active":
        _refuse_taken(tx, meter["event_name"])
    now = tx.wall_now()
    meter.update(status=status, updated=now)
    meter["status_transitions"]["deactivated_at"] = now if status == "inactive" else None
    tx.put(meter)
    emit(tx, event, meter)
    return meter
