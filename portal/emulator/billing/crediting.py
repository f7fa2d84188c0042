"""Credit notes: what is taken back of a finalized invoice, line by line or as an amount."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from portal.emulator.billing.amounts import allocate, exact, round_half_away
from portal.emulator.billing.balance import change_balance
from portal.emulator.billing.invoice_shape import line_list
from portal.emulator.billing.payments import invoice_intent
from portal.emulator.billing.refunding import refund_charge
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.metadata import merged


def new_credit_note(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Work out a credit note without issuing it.

    Raises a 400 for an invoice that is not open or paid, for more than is left of it, and for parts that do not
    add up to the total of a paid invoice's credit.
    """
    refuse_unsupported(params, ("email_type", "refunds", "shipping_cost"))
    if invoice["status"] not in ("open", "paid"):
        raise invalid("You can only create credit notes for open or paid invoices.", param="invoice")
    if "amount" in params and "lines" in params:
        raise exclusive_parameters("amount", "lines")
    note_id = tx.new_id("cn")
    lines = _lines(tx, invoice, params)
    total = sum(line["amount"] + _exclusive(line) - line["discount_amount"] for line in lines)
    before = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    if total <= 0 or total > invoice["total"] - before:
        raise invalid("The credit is more than what is left of the invoice, or nothing.", param="amount")
    paid = invoice["status"] == "paid"
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
        "discount_amounts": [],
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
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": subtotal - discount,
        "total_taxes": [tax for line in lines for tax in line["taxes"]],
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
        intent = invoice_intent(tx, invoice["id"])
        if intent is not None and invoice["amount_remaining"] > 0:
            tx.put({**intent, "amount": invoice["amount_remaining"]})
    else:
        _give_back(tx, note, invoice, params)
        invoice["post_payment_credit_notes_amount"] += note["total"]
        tx.put(invoice)
    emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, "credit_note.created", note)
    return note


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


def _lines(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> list[StripeDict]:
    if "lines" in params:
        return [_line(tx, invoice, entry, index) for index, entry in enumerate(params["lines"])]
    amount = params.get("amount")
    if amount is None:
        parts = [params.get(f"{name}_amount", 0) for name in ("refund", "credit", "out_of_band")]
        amount = sum(parts)
        if amount == 0:
            raise missing_parameter("amount")
    # An amount is spread over the invoice's lines in proportion, tax included.
    known = invoice["lines"]["data"]
    weights = [Fraction(max(0, _gross(line))) for line in known]
    return [
        _part(tx, line, Fraction(share, _gross(line)), share)
        for line, share in zip(known, allocate(amount, weights), strict=True)
        if share > 0
    ]


def _line(tx: Transaction, invoice: StripeDict, entry: dict[str, Any], index: int) -> StripeDict:
    param = f"lines[{index}]"
    if entry["type"] == "custom_line_item":
        amount = round_half_away(
            exact(entry.get("unit_amount_decimal", entry.get("unit_amount", 0))) * entry.get("quantity", 1)
        )
        line = _new_line(tx, None, amount, entry.get("description") or "", entry.get("quantity", 1))
        line["unit_amount"] = entry.get("unit_amount")
        return line
    found = next(
        (line for line in invoice["lines"]["data"] if line["id"] == entry.get("invoice_line_item")), None
    )
    if found is None:
        raise invalid(
            "The invoice has no such line.", param=f"{param}[invoice_line_item]", code="resource_missing"
        )
    part = Fraction(1)
    if "amount" in entry and found["amount"]:
        part = Fraction(entry["amount"], found["amount"])
    elif "quantity" in entry and found["quantity"]:
        part = Fraction(entry["quantity"], found["quantity"])
    return _part(tx, found, part, None)


def _part(tx: Transaction, line: StripeDict, part: Fraction, gross: int | None) -> StripeDict:
    """Credit a part of a line, with the same part of its discounts and tax; `gross` fixes what it comes to."""
    discount = round_half_away(part * sum(found["amount"] for found in line["discount_amounts"]))
    taxes = [{**tax, "amount": round_half_away(part * tax["amount"])} for tax in line["taxes"]]
    amount = round_half_away(part * line["amount"])
    note_line = _new_line(
        tx, line["id"], amount, line["description"], line["quantity"] if part == 1 else None
    )
    note_line.update(discount_amount=discount, taxes=taxes)
    if gross is not None:
        note_line["amount"] = gross + discount - _exclusive(note_line)
    return note_line


def _new_line(
    tx: Transaction, line_id: str | None, amount: int, description: str | None, quantity: int | None
) -> StripeDict:
    return {
        "id": tx.new_id("cnli"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": line_id,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": [],
        "type": "invoice_line_item" if line_id else "custom_line_item",
        "unit_amount": None,
        "unit_amount_decimal": None,
    }


def _exclusive(line: StripeDict) -> int:
    return sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")


def _gross(line: StripeDict) -> int:
    return int(line["amount"] - sum(part["amount"] for part in line["discount_amounts"]) + _exclusive(line))
