"""What time does to a subscription: notices, the end of trials, renewals, schedule phases, and its end."""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.due import (
    BILLED,
    FIRST_PAYMENT_WINDOW,
    pause_end,
    period_end,
    phase_end,
    trial_notice_at,
    upcoming_notice_at,
)
from portal.emulator.billing.ending import drop_waiting, end_on_schedule, expire_incomplete
from portal.emulator.billing.phases import next_phase
from portal.emulator.billing.planned_pauses import pause_as_planned, resume_as_planned
from portal.emulator.billing.previewing import upcoming_invoice
from portal.emulator.billing.renewing import mark_notice_sent, renew
from portal.emulator.billing.timed_pause import end_pause
from portal.emulator.billing.trials import announce_end, end_trial
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction


@when_due("subscription")
def step_subscription(tx: Transaction, sub: StripeDict, now: int) -> None:
    """Do the first thing that is due; what else is due at the same instant comes with the next step.

    A planned pause, a schedule's next phase and a cancellation come before the renewal at the same instant, so that the
    renewal bills what holds from then on.
    """
    notes = records.notes_of(tx, sub["id"])
    if _reached(trial_notice_at(sub, notes), now):
        announce_end(tx, sub)
    elif _reached(upcoming_notice_at(sub, notes), now):
        mark_notice_sent(tx, sub)
        upcoming = upcoming_invoice(tx, sub)
        if upcoming is not None:
            emit(tx, "invoice.upcoming", upcoming)
    elif sub["status"] == "incomplete" and _reached(sub["created"] + FIRST_PAYMENT_WINDOW, now):
        expire_incomplete(tx, sub)
    elif sub["pending_update"] and _reached(sub["pending_update"]["expires_at"], now):
        drop_waiting(tx, sub)
    elif sub["pause_collection"] and _reached(sub["pause_collection"]["resumes_at"], now):
        records.change(tx, sub["id"], pause_collection=None)
    elif _reached(pause_end(sub, notes), now):
        end_pause(tx, sub)
    elif _reached(notes.get("pause_at"), now):
        pause_as_planned(tx, sub)
    elif _reached(notes.get("resume_at"), now):
        resume_as_planned(tx, sub)
    elif _reached(phase_end(sub, notes), now):
        next_phase(tx, sub)
    elif _reached(sub["cancel_at"], now):
        end_on_schedule(tx, sub)
    elif sub["status"] == "trialing" and _reached(sub["trial_end"], now):
        end_trial(tx, sub)
    elif sub["status"] in BILLED and _reached(period_end(sub), now):
        renew(tx, sub)
    else:
        records.save(tx, sub, notes)


def _reached(instant: int | None, now: int) -> bool:
    return instant is not None and instant <= now
