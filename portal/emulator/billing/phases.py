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
from portal.emulator.billing.pause_schedules import no_instants, planned_instants
from portal.emulator.billing.phase_effects import first_params, phase_params
from portal.emulator.billing.savepoints import whole_or_not
from portal.emulator.billing.schedule_settings import SETTINGS
from portal.emulator.billing.updating import update_subscription
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid


def attach(tx: Transaction, schedule: StripeDict, sub: StripeDict) -> None:
    """Put a subscription under a schedule that has begun."""
    schedule.update(subscription=sub["id"], status="active")
    place(tx, schedule, tx.now(sub))
    sub["schedule"] = schedule["id"]
    notes = records.notes_of(tx, sub["id"])
    notes["phase_end"] = schedule["current_phase"]["end_date"] if schedule["current_phase"] else None
    records.update(tx, sub, {**notes, **planned_instants(schedule)})


def place(tx: Transaction, schedule: StripeDict, now: int) -> StripeDict | None:
    """Find the phase that holds now, note it on the schedule with when to tell of its end, and return it."""
    phase = phase_at(schedule, now)
    if phase is None:
        schedule["current_phase"] = None
        tx.put(schedule, due_at=None)
        return None
    schedule["current_phase"] = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    notice = schedule["phases"][-1]["end_date"] - EXPIRING_NOTICE
    tx.put(schedule, due_at=notice if notice >= now else None)
    return phase


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
    sub = create_subscription(tx, customer_of(tx, schedule), first_params(tx, schedule, now))
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
            params = phase_params(tx, sub, schedule, phase)
            update_subscription(tx, records.subscription(tx, sub["id"]), params)
    except StripeError:
        _abort(tx, schedule)
        records.change(tx, sub["id"], schedule=None)
        return
    emit_updated(tx, "subscription_schedule.updated", before, schedule)


def change_phase(
    tx: Transaction, before: StripeDict, schedule: StripeDict, proration_behavior: str | None
) -> None:
    """Make of a running subscription what its changed schedule says of the current phase.

    Raises a 400 if none of the phases holds now.
    """
    sub, params = changed_phase(tx, before, schedule, proration_behavior)
    update_subscription(tx, records.subscription(tx, sub["id"]), params)


def changed_phase(
    tx: Transaction, before: StripeDict, schedule: StripeDict, proration_behavior: str | None
) -> tuple[StripeDict, dict[str, Any]]:
    """Note the phase that holds now, and give its subscription with the update that `change_phase` makes of it."""
    now = tx.now(schedule)
    phase = place(tx, schedule, now)
    if phase is None:
        raise invalid("One of the phases must be the current one.", param="phases")
    sub = records.subscription(tx, schedule["subscription"])
    records.save(tx, sub, {**records.notes_of(tx, sub["id"]), "phase_end": phase["end_date"]})
    behavior = proration_behavior or phase["proration_behavior"]
    was = phase_at(before, now) or phase
    names = [
        name
        for name in SETTINGS
        if before["default_settings"][name] != schedule["default_settings"][name] or was[name] != phase[name]
    ]
    wanted = {**phase, "proration_behavior": behavior}
    return sub, phase_params(tx, sub, schedule, wanted, was=was, settings=names)


def phase_at(schedule: StripeDict, now: int) -> StripeDict | None:
    """Find the phase that holds at an instant."""
    return next(
        (phase for phase in schedule["phases"] if phase["start_date"] <= now < phase["end_date"]), None
    )


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
        records.update(tx, sub, {**records.notes_of(tx, sub["id"]), "phase_end": None, **no_instants()})
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
