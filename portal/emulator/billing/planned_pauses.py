"""Planned pauses at work: pausing a subscription under its schedule, and resuming it, at their instants."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.pause_schedules import planned_instants
from portal.emulator.billing.pausing import pause_now
from portal.emulator.billing.payments import invoice_intent
from portal.emulator.billing.resuming import resume
from portal.emulator.billing.savepoints import whole_or_not
from portal.emulator.events import emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError


def plan(tx: Transaction, schedule: StripeDict) -> None:
    """Let a schedule's subscription know when it is to pause and to resume; what is due now is done at once."""
    if schedule["subscription"] is None:
        return
    sub = records.subscription(tx, schedule["subscription"])
    instants, now = planned_instants(schedule), tx.now(sub)
    records.save(tx, sub, {**records.notes_of(tx, sub["id"]), **instants})
    if instants["pause_at"] is not None and instants["pause_at"] <= now:
        pause_as_planned(tx, sub)
    if instants["resume_at"] is not None and instants["resume_at"] <= now:
        resume_as_planned(tx, records.subscription(tx, sub["id"]))


def pause_as_planned(tx: Transaction, sub: StripeDict) -> None:
    """Pause a subscription whose schedule says so; why it could not be, the schedule tells."""
    settings = _planned(tx, sub)["pause"]["settings"]
    _carry_out(tx, sub, "pause", lambda: pause_now(tx, sub, pause_params(settings)))


def resume_as_planned(tx: Transaction, sub: StripeDict) -> None:
    """Resume a subscription whose schedule says so; it may have to be paid for first."""
    settings = _planned(tx, sub)["resume"]["settings"]
    _carry_out(tx, sub, "resume", lambda: resume(tx, sub, resume_params(settings)))


def pause_params(settings: StripeDict) -> dict[str, Any]:
    """Give the parameters of a pause from a schedule's settings for it."""
    return {
        "invoicing_behavior": settings["invoicing_behavior"],
        "bill_for": {
            name: {"type": "now" if wanted["type"] == "pause_at" else wanted["type"]}
            for name, wanted in settings["bill_for"].items()
        },
    }


def resume_params(settings: StripeDict) -> dict[str, Any]:
    """Give the parameters of a resumption from a schedule's settings for it."""
    anew = settings["billing_cycle_anchor"] == "resume_at"
    return {**settings, "billing_cycle_anchor": {"type": "now" if anew else "unchanged"}}


def _planned(tx: Transaction, sub: StripeDict) -> StripeDict:
    planned: StripeDict = _schedule(tx, sub)["pause_schedules"][0]
    return planned


def _schedule(tx: Transaction, sub: StripeDict) -> StripeDict:
    schedule = tx.get("subscription_schedule", sub["schedule"])
    assert schedule is not None, sub["schedule"]
    return schedule


def _carry_out(tx: Transaction, sub: StripeDict, step: str, act: Callable[[], StripeDict]) -> None:
    schedule = _schedule(tx, sub)
    before = deepcopy(schedule)
    status: StripeDict = {"error": None, "type": "succeeded"}
    try:
        with whole_or_not(tx):
            after = act()
            if step == "resume" and after["status"] == "paused":
                status["type"] = _waiting_for(tx, after)
    except StripeError as refused:
        status = {"error": {"code": refused.code, "message": refused.message}, "type": "error"}
    schedule["pause_schedules"][0][step]["status"] = status
    tx.put(schedule)
    notes = {**records.notes_of(tx, sub["id"]), **planned_instants(schedule)}
    records.save(tx, records.subscription(tx, sub["id"]), notes)
    emit_updated(tx, "subscription_schedule.updated", before, schedule)


def _waiting_for(tx: Transaction, sub: StripeDict) -> str:
    intent = invoice_intent(tx, sub["latest_invoice"])
    return "requires_action" if intent is not None and intent["status"] == "requires_action" else "pending"
