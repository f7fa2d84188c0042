"""The end of a trial: the first real invoice, or what the trial settings say when there is no card."""

from __future__ import annotations

from copy import deepcopy

from portal.emulator.billing import records
from portal.emulator.billing.changing import restart_periods
from portal.emulator.billing.debits import note_invoice_lines
from portal.emulator.billing.drafting import customer_of, draft_for_subscription, pending_items
from portal.emulator.billing.due import trial_notice_at
from portal.emulator.billing.ending import end
from portal.emulator.billing.lines import lines_in_advance
from portal.emulator.billing.redemption import consume
from portal.emulator.billing.renewing import publish
from portal.emulator.billing.subscription_shape import paused_details
from portal.emulator.events import changes, emit
from portal.emulator.resources import entitlements
from portal.emulator.transaction import StripeDict, Transaction


def announce_end(tx: Transaction, sub: StripeDict) -> None:
    """Send the notice three days before a trial ends (at once for a shorter trial)."""
    notes = {**records.notes_of(tx, sub["id"]), "trial_notice_for": sub["trial_end"]}
    records.save(tx, sub, notes)
    emit(tx, "customer.subscription.trial_will_end", sub)


def announce_short_trial(tx: Transaction, subscription_id: str) -> None:
    """Send the notice at once where a trial that just began is over within three days."""
    sub = records.subscription(tx, subscription_id)
    at = trial_notice_at(sub, records.notes_of(tx, subscription_id))
    if at is not None and at <= tx.now(sub):
        announce_end(tx, sub)


def end_trial(tx: Transaction, sub: StripeDict) -> None:
    """Turn a trial into a paid subscription, or end or pause it if it has no card and is set to."""
    now = tx.now(sub)
    wanted = sub["trial_settings"]["end_behavior"]["missing_payment_method"]
    if wanted != "create_invoice" and not _has_method(tx, sub):
        if wanted == "cancel":
            end(tx, sub, "cancellation_requested", records.notes_of(tx, sub["id"]))
        else:
            _pause(tx, sub, now)
        return
    before = deepcopy(sub)
    notes = records.notes_of(tx, sub["id"])
    invoice = draft_trial_end(tx, sub, notes, now)
    publish(tx, before, sub, notes, invoice, now)


def draft_trial_end(tx: Transaction, sub: StripeDict, notes: StripeDict, now: int) -> StripeDict | None:
    """Begin the first paid period and draft what it costs; stored quietly, None if it costs nothing."""
    sub["status"] = "active"
    restart_periods(sub, sub["trial_end"])
    records.save(tx, sub, notes)
    lines = lines_in_advance(tx, sub, sub["items"]["data"])
    if not lines and not pending_items(tx, sub["customer"], sub["id"]):
        return None
    invoice = draft_for_subscription(tx, sub, "subscription_cycle", lines, now, since=sub["trial_start"])
    note_invoice_lines(notes, invoice)
    consume(tx, sub, invoice)
    sub["latest_invoice"] = invoice["id"]
    return invoice


def _has_method(tx: Transaction, sub: StripeDict) -> bool:
    customer = customer_of(tx, sub)
    return bool(sub["default_payment_method"] or customer["invoice_settings"]["default_payment_method"])


def _pause(tx: Transaction, sub: StripeDict, now: int) -> None:
    before = deepcopy(sub)
    sub.update(status="paused", status_details=paused_details("trial_end_without_payment_method", now))
    records.save(tx, sub)
    emit(tx, "customer.subscription.updated", sub, changes(before, sub))
    emit(tx, "customer.subscription.paused", sub)
    entitlements.refresh(tx, sub["customer"])
