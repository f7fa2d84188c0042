"""Schedules at work: starting them, moving a subscription from phase to phase, and ending them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.creating import create_subscription
from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.due import EXPIRING_NOTICE
from portal.emulator.billing.ending import end_on_schedule
from portal.emulator.billing.savepoints import whole_or_not
from portal.emulator.billing.updating import update_subscription
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError


def attach(tx: Transaction, schedule: StripeDict, sub: StripeDict) -> None:
    """Put a subscription under a schedule that has begun."""
    schedule.update(subscription=sub["id"], status="active")
    place(tx, schedule, tx.now(sub))
    sub["schedule"] = schedule["id"]
    notes = records.notes_of(tx, sub["id"])
    notes["phase_end"] = schedule["current_phase"]["end_date"] if schedule["current_phase"] else None
    records.update(tx, sub, notes)


def place(tx: Transaction, schedule: StripeDict, now: int) -> StripeDict | None:
    """Find the phase that holds now, note it on the schedule with when to tell of its end, and return it."""
    phases: list[StripeDict] = schedule["phases"]
    for phase in phases:
        if phase["start_date"] <= now < phase["end_date"]:
            schedule["current_phase"] = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
            notice = phases[-1]["end_date"] - EXPIRING_NOTICE
            tx.put(schedule, due_at=notice if notice >= now else None)
            return phase
    schedule["current_phase"] = None
    tx.put(schedule, due_at=None)
    return None


@when_due("subscription_schedule")
def step_schedule(tx: Transaction, schedule: StripeDict, now: int) -> None:
    """Start a schedule whose day has come, or tell that the end of a running one is near."""
    if schedule["status"] == "not_started":
        begin(tx, schedule, now)
        return
    tx.set_due("subscription_schedule", schedule["id"], None)
    emit(tx, "subscription_schedule.expiring", schedule)


def begin(tx: Transaction, schedule: StripeDict, now: int) -> None:
    """Start a schedule: create the subscription of its first phase."""
    tx.set_due("subscription_schedule", schedule["id"], None)
    try:
        with whole_or_not(tx):
            _begin(tx, schedule, now)
    except StripeError:
        _abort(tx, schedule)


def _begin(tx: Transaction, schedule: StripeDict, now: int) -> None:
    phase = schedule["phases"][0]
    params: dict[str, Any] = {
        "items": [_entry(item) for item in phase["items"]],
        "metadata": phase["metadata"],
        "discounts": [_given(discount) for discount in phase["discounts"]],
        "payment_behavior": "default_incomplete"
        if not _has_method(tx, schedule, phase)
        else "allow_incomplete",
    }
    if phase["trial_end"] is not None and phase["trial_end"] > now:
        params["trial_end"] = phase["trial_end"]
    if phase["default_payment_method"]:
        params["default_payment_method"] = phase["default_payment_method"]
    sub = create_subscription(tx, customer_of(tx, schedule), params)
    before = deepcopy(schedule)
    attach(tx, schedule, records.subscription(tx, sub["id"]))
    emit_updated(tx, "subscription_schedule.updated", before, schedule)


def next_phase(tx: Transaction, sub: StripeDict) -> None:
    """Move a subscription into its schedule's next phase, or end the schedule after the last one."""
    now = tx.now(sub)
    schedule = tx.get("subscription_schedule", sub["schedule"])
    assert schedule is not None, sub["schedule"]
    before = deepcopy(schedule)
    phase = place(tx, schedule, now)
    if phase is None:
        _finish(tx, schedule, sub, now)
        return
    notes = records.notes_of(tx, sub["id"])
    records.save(tx, sub, {**notes, "phase_end": phase["end_date"]})
    try:
        with whole_or_not(tx):
            apply_phase(tx, sub, phase)
    except StripeError:
        _abort(tx, schedule)
        records.change(tx, sub["id"], schedule=None)
        return
    emit_updated(tx, "subscription_schedule.updated", before, schedule)


def apply_phase(tx: Transaction, sub: StripeDict, phase: StripeDict) -> None:
    """Make a subscription what a phase says."""
    update_subscription(tx, records.subscription(tx, sub["id"]), phase_params(tx, sub, phase))


def phase_params(tx: Transaction, sub: StripeDict, phase: StripeDict) -> dict[str, Any]:
    """Give the update that makes a subscription what a phase says."""
    params: dict[str, Any] = {
        "items": replacing_entries(sub, phase["items"]),
        "proration_behavior": phase["proration_behavior"],
        "metadata": phase["metadata"],
    }
    if phase["discounts"]:
        params["discounts"] = [_given(discount) for discount in phase["discounts"]]
    if phase["billing_cycle_anchor"] == "phase_start":
        params["billing_cycle_anchor"] = {"type": "now"}
    if phase["trial_end"] is not None and phase["trial_end"] > tx.now(sub):
        params["trial_end"] = phase["trial_end"]
    if phase["default_payment_method"]:
        params["default_payment_method"] = phase["default_payment_method"]
    return params


def replacing_entries(sub: StripeDict, wanted: list[StripeDict]) -> list[dict[str, Any]]:
    """Give the `items` of an update that turns a subscription's items into those wanted.

    An item whose price stays keeps its id; of the others, items take over new prices of the same usage type in
    order, what is left over is removed or added.
    """
    left = list(sub["items"]["data"])
    entries: list[dict[str, Any]] = []
    fresh = []
    for item in wanted:
        same = next((known for known in left if known["price"]["id"] == item["price"]), None)
        if same is None:
            fresh.append(item)
            continue
        left.remove(same)
        entries.append({"id": same["id"], **_quantity(item)})
    for item in fresh:
        metered = "quantity" not in item
        taken = next(
            (known for known in left if (known["price"]["recurring"]["usage_type"] == "metered") == metered),
            None,
        )
        if taken is not None:
            left.remove(taken)
            entries.append({"id": taken["id"], **_entry(item)})
        else:
            entries.append(_entry(item))
    return entries + [{"id": known["id"], "deleted": True} for known in left]


def release(tx: Transaction, schedule: StripeDict, *, preserve_cancel_date: bool = True) -> StripeDict:
    """Let a subscription go from its schedule; it stays as it is."""
    now = tx.now(schedule)
    sub = tx.get("subscription", schedule["subscription"]) if schedule["subscription"] else None
    schedule.update(
        status="released",
        released_at=now,
        released_subscription=schedule["subscription"],
        subscription=None,
        current_phase=None,
    )
    tx.put(schedule, due_at=None)
    if sub is not None:
        sub["schedule"] = None
        if not preserve_cancel_date:
            sub.update(cancel_at=None, cancel_at_period_end=False, canceled_at=None)
        records.update(tx, sub, {**records.notes_of(tx, sub["id"]), "phase_end": None})
    emit(tx, "subscription_schedule.released", schedule)
    return schedule


def _abort(tx: Transaction, schedule: StripeDict) -> None:
    """Give up a schedule whose next phase has become impossible, for instance because a coupon has expired."""
    schedule.update(status="canceled", canceled_at=tx.now(schedule), current_phase=None)
    tx.put(schedule, due_at=None)
    emit(tx, "subscription_schedule.aborted", schedule)


def _finish(tx: Transaction, schedule: StripeDict, sub: StripeDict, now: int) -> None:
    if schedule["end_behavior"] != "cancel":
        release(tx, schedule)
        return
    schedule.update(status="completed", completed_at=now, current_phase=None)
    tx.put(schedule)
    end_on_schedule(tx, sub)
    emit(tx, "subscription_schedule.completed", schedule)


def _entry(item: StripeDict) -> dict[str, Any]:
    return {"price": item["price"], **_quantity(item)}


def _quantity(item: StripeDict) -> dict[str, Any]:
    return {"quantity": item["quantity"]} if "quantity" in item else {}


def _given(discount: StripeDict) -> StripeDict:
    return {name: value for name, value in discount.items() if value is not None}


def _has_method(tx: Transaction, schedule: StripeDict, phase: StripeDict) -> bool:
    customer = customer_of(tx, schedule)
    return bool(phase["default_payment_method"] or customer["invoice_settings"]["default_payment_method"])
