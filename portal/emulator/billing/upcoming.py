"""The next invoice of a subscription, drafted at the instant at which it will be made: in whatever phase it is then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.emulator.billing import records
from portal.emulator.billing.changing import prepare
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.due import BILLED, ends_with_period, period_end, phase_end
from portal.emulator.billing.ending import settle_set_end
from portal.emulator.billing.pause_schedules import no_instants
from portal.emulator.billing.pausing import prepare_pause
from portal.emulator.billing.phase_effects import phase_params
from portal.emulator.billing.phases import place, release
from portal.emulator.billing.planned_pauses import pause_params, resume_params
from portal.emulator.billing.renewing import draft_renewal
from portal.emulator.billing.resuming import prepare_resume
from portal.emulator.billing.trials import draft_trial_end
from portal.emulator.billing.updating import draft_change
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError


def none_upcoming() -> StripeError:
    """Return the error for a subscription or customer that has no invoice to come."""
    return StripeError(
        404, "invalid_request_error", "No upcoming invoices for customer", code="invoice_upcoming_none"
    )


def next_invoice(tx: Transaction, sub: StripeDict) -> StripeDict:
    """Carry out what time will do to a subscription up to its next draft, which is returned; the caller takes it back.

    Raises a 404 if no invoice is to come.
    """
    trialing = sub["status"] == "trialing"
    if not trialing and sub["status"] not in BILLED:
        raise none_upcoming()
    at = sub["trial_end"] if trialing else period_end(sub)
    notes = records.notes_of(tx, sub["id"])
    pause_at = notes.get("pause_at")
    if pause_at is not None and pause_at <= at:
        return _after_pause(tx, sub, notes)
    planned_at = phase_end(sub, notes)
    if planned_at is not None and planned_at <= at:
        return _after_phase(tx, sub, planned_at)
    ends = sub["cancel_at"] is not None and sub["cancel_at"] <= at if trialing else ends_with_period(sub)
    if ends:
        return _last_invoice(tx, sub, sub["cancel_at"])
    with moved_to(tx, sub, at):
        draft = draft_trial_end if trialing else draft_renewal
        invoice = draft(tx, sub, notes, at)
    return invoice or draft_for_subscription(tx, sub, "upcoming", [], at)


def _after_pause(tx: Transaction, sub: StripeDict, notes: StripeDict) -> StripeDict:
    """Pause as it is planned, which may make an invoice, and resume, if that is planned too."""
    schedule = tx.get("subscription_schedule", sub["schedule"])
    assert schedule is not None, sub["schedule"]
    (planned,) = schedule["pause_schedules"]
    with moved_to(tx, sub, notes["pause_at"]):
        change = prepare_pause(tx, sub, pause_params(planned["pause"]["settings"]))
        invoice = draft_change(tx, change)
    if invoice is not None:
        return invoice
    if notes["resume_at"] is None:
        raise none_upcoming()
    with moved_to(tx, sub, notes["resume_at"]):
        resumed = prepare_resume(tx, change.sub, resume_params(planned["resume"]["settings"]))
        records.save(tx, resumed.sub, {**resumed.notes, **no_instants()})
        return draft_change(tx, resumed) or next_invoice(tx, resumed.sub)


def _after_phase(tx: Transaction, sub: StripeDict, at: int) -> StripeDict:
    """Move into the next phase, which may make an invoice by itself, or leave the schedule behind."""
    schedule = tx.get("subscription_schedule", sub["schedule"])
    assert schedule is not None, sub["schedule"]
    with moved_to(tx, sub, at):
        phase = place(tx, schedule, at)
        if phase is None:
            if schedule["end_behavior"] == "cancel":
                return _last_invoice(tx, sub, at)
            release(tx, schedule)
            return next_invoice(tx, records.subscription(tx, sub["id"]))
        records.save(tx, sub, {**records.notes_of(tx, sub["id"]), "phase_end": phase["end_date"]})
        change = prepare(tx, sub, phase_params(tx, sub, schedule, phase))
        return draft_change(tx, change) or next_invoice(tx, change.sub)


def _last_invoice(tx: Transaction, sub: StripeDict, at: int) -> StripeDict:
    with moved_to(tx, sub, at):
        settle_set_end(tx, sub)
        if not pending_items(tx, sub["customer"], sub["id"]):
            raise none_upcoming()
        return draft_for_subscription(tx, sub, "upcoming", [], at)


@contextmanager
def moved_to(tx: Transaction, sub: StripeDict, at: int) -> Iterator[None]:
    """Look at things as of an instant to come, under the subscription's clock or in real time."""
    clock = tx.get(TEST_CLOCK, sub["test_clock"]) if sub["test_clock"] else None
    if clock is None:
        with tx.at(at):
            yield
        return
    tx.put({**clock, "frozen_time": max(at, clock["frozen_time"])})
    yield
    tx.put(clock)
