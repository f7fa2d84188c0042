"""What an invoice says, for its page and its PDF alike: rows and sums, as words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.emulator.pages import words
from portal.emulator.transaction import StripeDict, Transaction


@dataclass(frozen=True)
class Row:
    """One line: what for, which period, how many, at how much, and what it comes to."""

    description: str
    period: str | None
    quantity: str
    unit: str
    amount: str


@dataclass(frozen=True)
class Sum:
    """One figure below the lines; `strong` ones are what the reader looks for."""

    label: str
    amount: str
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """A whole invoice in words."""

    number: str
    state: str
    headline: str
    facts: list[tuple[str, str]]
    bill_to: list[str]
    memo: str | None
    rows: list[Row]
    sums: list[Sum]
    footer: str | None


def describe(tx: Transaction, invoice: StripeDict) -> Sheet:
    """Put a finalized invoice into words."""
    return Sheet(
        number=invoice["number"],
        state=invoice["status"],
        headline=_headline(invoice),
        facts=_facts(invoice),
        bill_to=_bill_to(tx, invoice),
        memo=invoice["description"],
        rows=[_row(line) for line in invoice["lines"]["data"]],
        sums=_sums(tx, invoice),
        footer=invoice["footer"],
    )


def _facts(invoice: StripeDict) -> list[tuple[str, str]]:
    """List the dates of an invoice and what the merchant adds about it, each under its name."""
    facts = [("Date of issue", words.date(invoice["effective_at"] or invoice["created"]))]
    if invoice["due_date"]:
        facts.append(("Date due", words.date(invoice["due_date"])))
    if invoice["status_transitions"]["paid_at"]:
        facts.append(("Date paid", words.date(invoice["status_transitions"]["paid_at"])))
    return facts + [(field["name"], field["value"]) for field in invoice["custom_fields"] or []]


def _headline(invoice: StripeDict) -> str:
    remaining = words.money(invoice["amount_remaining"], invoice["currency"])
    if invoice["status"] == "paid":
        return f"{words.money(invoice['amount_paid'], invoice['currency'])} paid"
    if invoice["status"] == "void":
        return f"{words.money(invoice['total'], invoice['currency'])} void"
    return f"{remaining} due"


def _bill_to(tx: Transaction, invoice: StripeDict) -> list[str]:
    known = [
        invoice["customer_name"], invoice["customer_email"], words.postal(invoice["customer_address"]),
        *(f"{words.tax_id_kind(entry['type'])} {entry['value']}" for entry in invoice["customer_tax_ids"] or []),
    ]  # fmt: skip
    said = [line for line in known if line]
    customer = tx.get("customer", invoice["customer"]) or {}
    return said or [customer.get("email") or invoice["customer"]]


def _row(line: StripeDict) -> Row:
    currency, period = line["currency"], line["period"]
    unit = (line["pricing"] or {}).get("unit_amount_decimal")
    same_day = period["end"] - period["start"] < 1
    return Row(
        description=line["description"] or "Item",
        period=None if same_day else f"{words.date(period['start'])} – {words.date(period['end'])}",
        quantity="" if line["quantity_decimal"] is None else f"{line['quantity']:,}",
        unit="" if unit is None else words.unit_money(unit, currency),
        amount=words.money(line["amount"], currency),
    )


def _sums(tx: Transaction, invoice: StripeDict) -> list[Sum]:
    currency = invoice["currency"]

    def amount(minor: int) -> str:
        return words.money(minor, currency)

    sums = [Sum("Subtotal", amount(invoice["subtotal"]))]
    sums += [
        Sum(_discount(tx, part["discount"]), amount(-part["amount"]))
        for part in invoice["total_discount_amounts"]
    ]
    sums += [Sum(_tax(tx, tax), amount(tax["amount"])) for tax in invoice["total_taxes"]]
    sums.append(Sum("Total", amount(invoice["total"]), strong=True))
    credited = invoice["pre_payment_credit_notes_amount"]
    if credited:
        sums.append(Sum("Credit note", amount(-credited)))
    applied = invoice["amount_due"] - invoice["total"] + credited
    if applied:
        sums.append(Sum("Account balance", amount(applied)))
    if invoice["amount_paid"]:
        sums.append(Sum("Paid", amount(-invoice["amount_paid"])))
    sums.append(Sum("Amount due", amount(invoice["amount_remaining"]), strong=True))
    return sums


def _discount(tx: Transaction, discount_id: str) -> str:
    discount = tx.get("discount", discount_id)
    coupon = tx.private("discount", discount_id).get("coupon", {})
    code = tx.get("promotion_code", (discount or {}).get("promotion_code") or "")
    name = code["code"] if code else coupon.get("name") or coupon.get("id")
    return f"Discount ({name})" if name else "Discount"


def _tax(tx: Transaction, tax: StripeDict) -> str:
    rate = tx.get("tax_rate", tax["tax_rate_details"]["tax_rate"])
    name = f"{rate['display_name']} {rate['percentage']:g}%" if rate else "Tax"
    inside = " (included)" if tax["tax_behavior"] == "inclusive" else ""
    reason = {"reverse_charge": ", reverse charge", "customer_exempt": ", exempt"}.get(
        tax["taxability_reason"], ""
    )
    return f"{name}{inside}{reason}"
