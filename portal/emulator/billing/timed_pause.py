"""Pauses with an end, as the Customer Portal offers them: the subscription is resumed by itself."""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.billing.pausing import pause
from portal.emulator.billing.resuming import resume
from portal.emulator.billing.savepoints import whole_or_not
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError


def pause_until(tx: Transaction, sub: StripeDict, until: int) -> StripeDict:
    """Pause a subscription now and resume it at an instant. Raises a 400 for one that cannot be paused."""
    paused = pause(tx, sub, {})
    since = paused["status_details"]["paused"]["transitioned_at"]
    notes = records.notes_of(tx, sub["id"])
    records.save(tx, paused, {**notes, "timed_pause": {"since": since, "until": until}})
    return paused


def end_pause(tx: Transaction, sub: StripeDict) -> None:
    """Resume a subscription whose pause is over; one whose invoice cannot be made or paid stays paused."""
    records.save(tx, sub, {**records.notes_of(tx, sub["id"]), "timed_pause": None})
    try:
        with whole_or_not(tx):
            resume(tx, sub, {"payment_behavior": "resume_on_payment_success"})
    except StripeError:
        return
