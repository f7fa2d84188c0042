"""Changes that wait for an invoice to be paid: an update (`pending_if_incomplete`), or the end of a pause.

An update is kept aside, applied when its invoice is paid, and dropped after 23 hours or when a period ends.
"""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.billing.due import FIRST_PAYMENT_WINDOW, period_end
from portal.emulator.billing.subscription_shape import item_list
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction


def set_aside(
    tx: Transaction, before: StripeDict, before_notes: StripeDict, wanted: StripeDict, notes: StripeDict
) -> StripeDict:
    """Put a subscription back to what it was and keep the wanted change beside it until its invoice is paid."""
    now = tx.now(before)
    sub = {**before, "latest_invoice": wanted["latest_invoice"]}
    sub["pending_update"] = {
        "billing_cycle_anchor": _changed(before, wanted, "billing_cycle_anchor"),
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        # What renews in the meantime must not be set back to the period before.
        "expires_at": min(now + FIRST_PAYMENT_WINDOW, period_end(before)),
        "metadata": None,
        "subscription_items": wanted["items"]["data"],
        "trial_end": _changed(before, wanted, "trial_end"),
        "trial_from_plan": None,
    }
    waiting = {
        "kind": "update",
        "invoice": wanted["latest_invoice"],
        "subscription": wanted,
        "debits": notes["debits"],
    }
    records.update(tx, sub, {**before_notes, "waiting": waiting})
    return sub


def apply_update(tx: Transaction, sub: StripeDict, notes: StripeDict) -> None:
    """Make the change that waited, now that its invoice is paid."""
    wanted = notes["waiting"]["subscription"]
    for name in ("billing_cycle_anchor", "trial_end", "trial_start", "start_date"):
        sub[name] = wanted[name]
    sub["items"] = item_list(sub["id"], wanted["items"]["data"])
    sub["status"] = wanted["status"]
    sub["pending_update"] = None
    records.update(tx, sub, {**notes, "debits": notes["waiting"]["debits"], "waiting": None})
    emit(tx, "customer.subscription.pending_update_applied", sub)


def expire_update(tx: Transaction, sub: StripeDict) -> str:
    """Drop a change whose invoice was not paid in time; returns that invoice, which is to be voided."""
    notes = records.notes_of(tx, sub["id"])
    invoice_id = str(notes["waiting"]["invoice"])
    sub["pending_update"] = None
    records.update(tx, sub, {**notes, "waiting": None})
    emit(tx, "customer.subscription.pending_update_expired", sub)
    return invoice_id


def finish_resume(tx: Transaction, sub: StripeDict, notes: StripeDict) -> None:
    """End a pause."""
    sub.update(status="active", status_details=None)
    records.update(tx, sub, {**notes, "waiting": None})
    emit(tx, "customer.subscription.resumed", sub)


def _changed(before: StripeDict, after: StripeDict, name: str) -> int | None:
    return after[name] if after[name] != before[name] else None
