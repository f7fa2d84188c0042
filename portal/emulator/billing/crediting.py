"""Credit notes: what is taken back of a finalized invoice, and where it goes."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.balance import change_balance
from portal.emulator.billing.credit_lines import credited_lines
from portal.emulator.billing.invoice_shape import line_list
from portal.emulator.billing.payments import invoice_intent
from portal.emulator.billing.refunding import refund_charge
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.tax import exclusive_tax, inclusive_tax, total_taxes
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid
from portal.emulator.wire.metadata import merged


def new_credit_note(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Work out a credit note without issuing it.

    Raises a 400 for an invoice that is not open or paid, for more than is left of it, and for parts that do not
    add up to the total of a paid invoice's credit.
    """
    refuse_unsupported(params, ("refunds", "shipping_cost"))
    if invoice["status"] not in ("open", "paid"):
        raise invalid("You can only create credit notes for open or paid invoices.", param="invoice")
    if "amount" in params and "lines" in params:
        raise exclusive_parameters("amount", "lines")
    paid = invoice["status"] == "paid"
    _check_parts(params, paid=paid)
    note_id = tx.new_id("cn")
    lines = credited_lines(tx, invoice, params)
    taxes = [tax for line in lines for tax in line["taxes"]]
    total = sum(line["amount"] + exclusive_tax(line["taxes"]) - line["discount_amount"] for line in lines)
    before = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    if total <= 0 or total > invoice["total"] - before:
        raise invalid("The credit is more than what is left of the invoice, or nothing.", param="amount")
    refund, credit, out = (params.get(f"{name}_amount", 0) for name in ("refund", "credit", "out_of_band"))
    if paid and not (refund or credit or out):
        credit = total
    if paid and refund + credit + out != total:
        raise invalid(
            "refund_amount, credit_amount and out_of_band_amount must add up to the credit.", param="amount"
        )
    subtotal = sum(line["amount"] for line in lines)
    discount = sum(line["discount_amount"] for line in lines)
    number = tx.count("credit_note", {"invoice": invoice["id"]}) + 1
    note: StripeDict = {
        "id": note_id,
        "object": "credit_note",
        "amount": total,
        "amount_shipping": 0,
        "created": tx.now(invoice),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": discount,
        "discount_amounts": _discounts(lines),
        "effective_at": params.get("effective_at", tx.now(invoice)),
        "invoice": invoice["id"],
        "lines": {**line_list(invoice["id"], lines), "url": f"/v1/credit_notes/{note_id}/lines"},
        "livemode": False,
        "memo": params.get("memo") or None,
        "metadata": merged(None, params.get("metadata")),
        "number": f"{invoice['number']}-CN-{number:02d}",
        "out_of_band_amount": out or None,
        "pdf": f"{invoice['invoice_pdf']}?credit_note={note_id}",
        "post_payment_amount": total if paid else 0,
        "pre_payment_amount": 0 if paid else total,
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive_tax(taxes),
        "total": total,
        "total_excluding_tax": total - exclusive_tax(taxes) - inclusive_tax(taxes),
        "total_taxes": total_taxes([line["taxes"] for line in lines]),
        "type": "post_payment" if paid else "pre_payment",
        "voided_at": None,
    }
    return note


def issue(tx: Transaction, note: StripeDict, invoice: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Issue a credit note: it lowers what an open invoice asks for, or gives a paid one back as it says."""
    before = dict(invoice)
    if invoice["status"] == "open":
        invoice["pre_payment_credit_notes_amount"] += note["total"]
        invoice["amount_due"] -= note["total"]
        invoice["amount_remaining"] -= note["total"]
        tx.put(note)
        tx.put(invoice)
        ask_for_the_rest(tx, invoice)
    else:
        _give_back(tx, note, invoice, params)
        invoice["post_payment_credit_notes_amount"] += note["total"]
        tx.put(invoice)
    emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, "credit_note.created", note)
    return note


def ask_for_the_rest(tx: Transaction, invoice: StripeDict) -> None:
    """Let the payment intent of an open invoice ask for what is left to be paid."""
    intent = invoice_intent(tx, invoice["id"])
    if intent is not None and invoice["amount_remaining"] > 0:
        tx.put({**intent, "amount": invoice["amount_remaining"]})


def _check_parts(params: dict[str, Any], *, paid: bool) -> None:
    """Raise a 400 for a negative part, and for any part where nothing was paid that could be given back."""
    for name in ("refund_amount", "credit_amount", "out_of_band_amount"):
        if params.get(name, 0) < 0:
            raise invalid("Invalid non-negative integer", param=name, code="parameter_invalid_integer")
        if params.get(name) and not paid:
            raise invalid(
                f"You can only specify {name} for a paid invoice; of an open one, the credit lowers what is due.",
                param=name,
            )


def _discounts(lines: list[StripeDict]) -> list[StripeDict]:
    totals: dict[str, int] = {}
    for off in (off for line in lines for off in line["discount_amounts"]):
        totals[off["discount"]] = totals.get(off["discount"], 0) + off["amount"]
    return [{"amount": amount, "discount": discount_id} for discount_id, amount in totals.items()]


def _give_back(tx: Transaction, note: StripeDict, invoice: StripeDict, params: dict[str, Any]) -> None:
    refund = params.get("refund_amount", 0)
    credit = note["total"] - refund - (note["out_of_band_amount"] or 0)
    if refund:
        intent = invoice_intent(tx, invoice["id"])
        charge = tx.get("charge", intent["latest_charge"]) if intent and intent["latest_charge"] else None
        if charge is None:
            raise invalid("The invoice has no charge to refund.", param="refund_amount")
        made = refund_charge(tx, charge, refund)
        note["refunds"] = [
            {"amount_refunded": refund, "payment_record_refund": None, "refund": made["id"], "type": "refund"}
        ]
    if credit:
        balance = change_balance(
            tx,
            invoice["customer"],
            -credit,
            "credit_note",
            currency=invoice["currency"],
            invoice=invoice["id"],
            credit_note=note["id"],
        )
        note["customer_balance_transaction"] = balance["id"]
    tx.put(note)
