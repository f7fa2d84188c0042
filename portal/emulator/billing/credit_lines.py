"""The lines of a credit note: parts of an invoice's lines, or lines of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from portal.emulator.billing.amounts import allocate, exact, round_half_away
from portal.emulator.billing.tax import exclusive_tax
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import (
    StripeError,
    exclusive_parameters,
    invalid,
    missing_parameter,
)

_OF_CUSTOM_LINES = ("description", "unit_amount", "unit_amount_decimal")
_OF_INVOICE_LINES = ("amount", "invoice_line_item")


def credited_lines(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> list[StripeDict]:
    """Work out the lines a credit note consists of.

    An amount is spread over the invoice's lines in proportion, tax included. Raises a 400 for a line the invoice does
    not have, for more than it holds, and where neither lines nor an amount were sent.
    """
    if "lines" in params:
        return [_line(tx, invoice, entry, f"lines[{index}]") for index, entry in enumerate(params["lines"])]
    amount = params.get("amount")
    if amount is None:
        amount = sum(params.get(f"{name}_amount", 0) for name in ("refund", "credit", "out_of_band"))
        if amount == 0:
            raise missing_parameter("amount")
    known = invoice["lines"]["data"]
    weights = [Fraction(max(0, _gross(line))) for line in known]
    if not any(weights):
        raise invalid("There is nothing on the invoice to credit.", param="amount")
    return [
        _part(tx, line, Fraction(share, _gross(line)), share)
        for line, share in zip(known, allocate(amount, weights), strict=True)
        if share > 0
    ]


def _line(tx: Transaction, invoice: StripeDict, entry: dict[str, Any], path: str) -> StripeDict:
    custom = entry["type"] == "custom_line_item"
    for name in _OF_INVOICE_LINES if custom else _OF_CUSTOM_LINES:
        if name in entry:
            other = "invoice_line_item" if custom else "custom_line_item"
            raise invalid(f"You can only use {name} with lines of type {other}.", param=f"{path}[{name}]")
    for name in ("amount", "quantity", "unit_amount"):
        if entry.get(name, 1) < 1:
            raise _not_positive(f"{path}[{name}]")
    return _custom_line(tx, entry, path) if custom else _invoice_line(tx, invoice, entry, path)


def _custom_line(tx: Transaction, entry: dict[str, Any], path: str) -> StripeDict:
    whole, decimal, quantity = (
        entry.get("unit_amount"),
        entry.get("unit_amount_decimal"),
        entry.get("quantity", 1),
    )
    if whole is not None and decimal is not None:
        raise exclusive_parameters(f"{path}[unit_amount]", f"{path}[unit_amount_decimal]")
    if whole is None and decimal is None:
        raise missing_parameter(f"{path}[unit_amount]")
    unit = exact(decimal if whole is None else whole)
    if unit <= 0:
        raise _not_positive(f"{path}[unit_amount_decimal]")
    line = _new_line(tx, None, round_half_away(unit * quantity), entry.get("description") or "", quantity)
    line.update(unit_amount=whole, unit_amount_decimal=str(whole) if decimal is None else decimal)
    return line


def _invoice_line(tx: Transaction, invoice: StripeDict, entry: dict[str, Any], path: str) -> StripeDict:
    line_id = entry.get("invoice_line_item")
    if line_id is None:
        raise missing_parameter(f"{path}[invoice_line_item]")
    found = next((line for line in invoice["lines"]["data"] if line["id"] == line_id), None)
    if found is None:
        raise invalid(
            "The invoice has no such line.", param=f"{path}[invoice_line_item]", code="resource_missing"
        )
    if "amount" in entry and "quantity" in entry:
        raise exclusive_parameters(f"{path}[amount]", f"{path}[quantity]")
    part = Fraction(1)
    for name in ("amount", "quantity"):
        if name in entry:
            if entry[name] > (found[name] or 0):
                raise invalid(f"The credit is more than the {name} of the line.", param=f"{path}[{name}]")
            part = Fraction(entry[name], found[name])
    return _part(tx, found, part, None)


def _part(tx: Transaction, line: StripeDict, part: Fraction, gross: int | None) -> StripeDict:
    """Credit a part of a line, with the same part of its discounts and tax; `gross` fixes what it comes to."""
    discounts = [{**off, "amount": round_half_away(part * off["amount"])} for off in line["discount_amounts"]]
    discount = sum(off["amount"] for off in discounts)
    taxes = [
        {
            **tax,
            "amount": round_half_away(part * tax["amount"]),
            "taxable_amount": round_half_away(part * (tax["taxable_amount"] or 0)),
        }
        for tax in line["taxes"]
    ]
    amount = round_half_away(part * line["amount"])
    if gross is not None:
        amount = gross + discount - exclusive_tax(taxes)
    note_line = _new_line(
        tx, line["id"], amount, line["description"], line["quantity"] if part == 1 else None
    )
    note_line.update(discount_amount=discount, discount_amounts=discounts, taxes=taxes)
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


def _gross(line: StripeDict) -> int:
    off = sum(part["amount"] for part in line["discount_amounts"])
    return int(line["amount"] - off + exclusive_tax(line["taxes"]))


def _not_positive(param: str) -> StripeError:
    return invalid("Invalid positive integer", param=param, code="parameter_invalid_integer")
