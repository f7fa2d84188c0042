"""Collecting an open invoice: which card is asked, and what the answer does to the invoice."""

from __future__ import annotations

from portal.emulator.billing import payments
from portal.emulator.billing.bank import NO_METHOD, Verdict
from portal.emulator.billing.due import sent_invoice_due
from portal.emulator.billing.invoice_shape import subscription_of
from portal.emulator.billing.retry_schedule import next_attempt
from portal.emulator.billing.settling import after_failed, after_paid
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction


def default_method(tx: Transaction, invoice: StripeDict) -> StripeDict | None:
    """Find the card an invoice is charged to: its own, its subscription's, its customer's."""
    subscription_id = subscription_of(invoice)
    sub = tx.get("subscription", subscription_id) if subscription_id else None
    customer = tx.get("customer", invoice["customer"])
    for method_id in (
        invoice["default_payment_method"],
        sub["default_payment_method"] if sub else None,
        customer["invoice_settings"]["default_payment_method"]
        if customer and "invoice_settings" in customer
        else None,
    ):
        method = tx.get("payment_method", method_id) if method_id else None
        # A card that was detached meanwhile is not asked any more, whoever still names it.
        if method is not None and method["customer"] == invoice["customer"]:
            return method
    return None


def collect(
    tx: Transaction,
    invoice: StripeDict,
    *,
    method: StripeDict | None = None,
    automatic: bool = True,
    authenticated: bool = False,
) -> Verdict:
    """Try to collect an open invoice and do everything that follows from the answer.

    `automatic` attempts are counted and retried by the schedule; of those asked for, only the first is counted.
    """
    invoice_id = invoice["id"]
    if invoice["amount_remaining"] <= 0:
        mark_paid(tx, invoice)
        return Verdict("succeeded")
    method = method or default_method(tx, invoice)
    intent = payments.invoice_intent(tx, invoice_id)
    if intent is None:
        intent = payments.intent_for_invoice(tx, invoice)
    verdict = NO_METHOD
    if method is not None:
        verdict = payments.attempt(tx, intent, method, authenticated=authenticated)
    if verdict.status == "succeeded":
        mark_paid(tx, invoice)
    else:
        mark_failed(tx, invoice, verdict, automatic=automatic)
    return verdict


def mark_paid(tx: Transaction, invoice: StripeDict, *, off_stripe: bool = False) -> None:
    """Record that an invoice is paid in full, by its intent, out of band, or because nothing was due."""
    before = tx.get("invoice", invoice["id"])
    assert before is not None, invoice["id"]
    now = tx.now(invoice)
    charged = invoice["amount_remaining"] > 0 and not off_stripe
    invoice.update(
        status="paid",
        attempted=True,
        attempt_count=max(1, invoice["attempt_count"]) if charged else invoice["attempt_count"],
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        amount_paid_off_stripe=invoice["amount_due"] if off_stripe else 0,
        auto_advance=False,
        next_payment_attempt=None,
    )
    invoice["status_transitions"]["paid_at"] = now
    tx.put(invoice, due_at=None)
    payment = _close_payment(tx, invoice, now) if charged else None
    emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, "invoice.paid", invoice)
    if payment is not None:
        emit(tx, "invoice_payment.paid", payment)
    emit(tx, "invoice.payment_succeeded", invoice)
    after_paid(tx, invoice)


def mark_failed(tx: Transaction, invoice: StripeDict, verdict: Verdict, *, automatic: bool) -> None:
    """Record a failed attempt, and when the next one is."""
    before = tx.get("invoice", invoice["id"])
    assert before is not None, invoice["id"]
    now = tx.now(invoice)
    invoice["attempted"] = True
    if automatic or invoice["attempt_count"] == 0:
        invoice["attempt_count"] += 1
        invoice["next_payment_attempt"] = next_attempt(tx, invoice, now)
    due_at = invoice["next_payment_attempt"]
    if invoice["due_date"] is not None and invoice["due_date"] > now:
        due_at = sent_invoice_due(invoice, now)
    tx.put(invoice, due_at=due_at)
    emit_updated(tx, "invoice.updated", before, invoice)
    if verdict.status == "requires_action":
        emit(tx, "invoice.payment_action_required", invoice)
    emit(tx, "invoice.payment_failed", invoice)
    after_failed(tx, invoice, automatic=automatic)


def _close_payment(tx: Transaction, invoice: StripeDict, now: int) -> StripeDict | None:
    for payment in tx.all("invoice_payment", {"invoice": invoice["id"], "status": "open"}):
        payment.update(status="paid", amount_paid=payment["amount_requested"])
        payment["status_transitions"]["paid_at"] = now
        tx.put(payment)
        return payment
    return None
