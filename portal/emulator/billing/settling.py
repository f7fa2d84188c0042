"""What a paid, failed or abandoned invoice does to its subscription and its customer."""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.billing.balance import set_delinquent
from portal.emulator.billing.invoice_shape import subscription_of
from portal.emulator.billing.payments import invoice_intent
from portal.emulator.billing.waiting import apply_update, expire_update
from portal.emulator.transaction import StripeDict, Transaction


def after_paid(tx: Transaction, invoice: StripeDict) -> None:
    """Bring the subscription back to order once an invoice is paid."""
    sub = _subscription(tx, invoice)
    if invoice["customer"]:
        set_delinquent(tx, invoice["customer"], False)
    if sub is None or sub["status"] in records.GONE:
        return
    notes = records.notes_of(tx, sub["id"])
    waiting = notes["waiting"]
    if waiting and waiting["invoice"] == invoice["id"]:
        apply_update(tx, sub, notes)
        return
    if sub["payment_settings"]["save_default_payment_method"] == "on_subscription":
        intent = invoice_intent(tx, invoice["id"])
        sub["default_payment_method"] = intent["payment_method"] if intent else sub["default_payment_method"]
    if sub["latest_invoice"] == invoice["id"] and sub["status"] in ("incomplete", "past_due", "unpaid"):
        sub["status"] = "active"
    records.update(tx, sub)


def after_failed(tx: Transaction, invoice: StripeDict, *, automatic: bool) -> None:
    """Put the subscription past due when its invoice could not be collected; only an attempt that nobody asked for
    makes the customer delinquent.
    """
    sub = _subscription(tx, invoice)
    if automatic:
        set_delinquent(tx, invoice["customer"], True)
    if sub is None:
        return
    notes = records.notes_of(tx, sub["id"])
    if waiting := notes["waiting"]:
        if waiting["invoice"] == invoice["id"] and waiting["if_failed"]:
            apply_update(tx, sub, notes, waiting["if_failed"])
        return
    if sub["status"] in ("active", "trialing"):
        sub["status"] = "past_due"
        records.update(tx, sub)


def after_given_up(tx: Transaction, invoice: StripeDict) -> None:
    """Let the subscription go on, or never start, when its invoice was voided or written off; a change that waited for
    the invoice is dropped, but a pause ends with an invoice that is written off."""
    sub = _subscription(tx, invoice)
    if sub is None or sub["latest_invoice"] != invoice["id"]:
        return
    notes = records.notes_of(tx, sub["id"])
    waiting = notes["waiting"]
    if sub["pending_update"] and waiting and waiting["invoice"] == invoice["id"]:
        if waiting["kind"] == "resume" and invoice["status"] == "uncollectible":
            apply_update(tx, sub, notes)
        else:
            expire_update(tx, sub)
        return
    if sub["status"] == "incomplete" and invoice["status"] == "void":
        sub.update(status="incomplete_expired", ended_at=tx.now(sub))
        records.update(tx, sub)
    elif sub["status"] == "past_due":
        sub["status"] = "active"
        records.update(tx, sub)


def _subscription(tx: Transaction, invoice: StripeDict) -> StripeDict | None:
    subscription_id = subscription_of(invoice)
    return tx.get("subscription", subscription_id) if subscription_id else None
