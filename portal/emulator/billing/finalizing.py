"""Finalizing invoices: a number, the balance applied, and a payment intent where something is due."""

from __future__ import annotations

from portal.emulator.billing import payments
from portal.emulator.billing.balance import change_balance
from portal.emulator.billing.drafting import customer_of, refresh_usage
from portal.emulator.billing.due import sent_invoice_due
from portal.emulator.billing.totals import due_and_balance, settle_balance
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction


def seal(tx: Transaction, invoice: StripeDict, now: int, *, with_balance: bool = True) -> StripeDict:
    """Turn a draft into an open invoice without announcing it: number, pages, balance. Nothing is charged.

    `with_balance` says whether the customer's balance pays first, as it does unless all of it is paid already.
    Raises a 400 if the customer was deleted.
    """
    refresh_usage(tx, invoice)
    customer = customer_of(tx, invoice)
    due, balance = invoice["total"], customer["balance"]
    if with_balance:
        settle_balance(tx, invoice)
        due, balance = due_and_balance(invoice["total"], balance, invoice["currency"])
    if invoice["number"] is None:
        invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        customer["next_invoice_sequence"] += 1
    customer["currency"] = customer["currency"] or invoice["currency"]
    tx.put(customer)
    secret = tx.new_id("s", 32).partition("_")[2]
    page = f"{tx.base_url}/i/{invoice['id']}_{secret}"
    invoice.update(
        status="open",
        amount_due=due,
        amount_remaining=due,
        ending_balance=balance,
        effective_at=now,
        automatically_finalizes_at=None,
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
    )
    invoice["status_transitions"]["finalized_at"] = now
    due_at = sent_invoice_due(invoice, now) if invoice["due_date"] is not None else None
    tx.put(invoice, due_at=due_at, private={"secret": secret})
    if balance != customer["balance"]:
        small = invoice["total"] > 0 and due == 0 and balance > 0
        kind = "invoice_too_small" if small else "applied_to_invoice"
        change_balance(
            tx,
            customer["id"],
            balance - customer["balance"],
            kind,
            currency=invoice["currency"],
            invoice=invoice["id"],
        )
    return invoice


def finalize(tx: Transaction, invoice: StripeDict, now: int) -> StripeDict:
    """Finalize a draft and announce it; if money is due, the payment intent to collect it is made."""
    before = tx.get("invoice", invoice["id"])
    seal(tx, invoice, now)
    if before is not None and before["created"] != now:
        emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, "invoice.finalized", invoice)
    if invoice["amount_due"] > 0:
        payments.intent_for_invoice(tx, invoice)
    return invoice


def by_page(tx: Transaction, token: str) -> StripeDict | None:
    """Find the invoice whose hosted page has this token: its id and a secret."""
    invoice_id, _, secret = token.rpartition("_")
    invoice = tx.get("invoice", invoice_id)
    known = tx.private("invoice", invoice_id).get("secret")
    return invoice if invoice is not None and known is not None and known == secret else None
