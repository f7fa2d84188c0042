"""The figures of an invoice from its lines: discounts, tax, totals, customer balance and what is due."""

from __future__ import annotations

from portal.emulator.billing import tax
from portal.emulator.billing.amounts import minimum_charge
from portal.emulator.billing.discounts import Discountable, apply_discounts
from portal.emulator.billing.redemption import reductions
from portal.emulator.billing.tax_rates import rates_for
from portal.emulator.transaction import StripeDict, Transaction


def compute(tx: Transaction, invoice: StripeDict) -> None:
    """Fill in discounts and taxes of every line, then every total of a draft, from its lines."""
    lines = invoice["lines"]["data"]
    _discount(tx, invoice, lines)
    total_taxes: list[list[StripeDict]] = []
    for line in lines:
        net = line["amount"] - sum(part["amount"] for part in line["discount_amounts"])
        rates = rates_for(tx, invoice, line)
        line["taxes"] = tax.line_taxes(net, rates, invoice["customer_tax_exempt"] or "none")
        total_taxes.append(line["taxes"])
    merged = tax.total_taxes(total_taxes)
    subtotal = sum(line["amount"] for line in lines)
    discounted = subtotal - sum(part["amount"] for part in invoice["total_discount_amounts"])
    inside = tax.inclusive_tax(merged)
    invoice["total_taxes"] = merged
    invoice["subtotal"] = subtotal
    invoice["subtotal_excluding_tax"] = subtotal - inside
    invoice["total"] = discounted + tax.exclusive_tax(merged)
    invoice["total_excluding_tax"] = discounted - inside
    settle_balance(tx, invoice)


def settle_balance(tx: Transaction, invoice: StripeDict) -> None:
    """Work out what is due after the customer's balance, and put it on the draft.

    A negative balance is credit and pays first; a positive one is owed and added. What is left below the
    smallest chargeable amount is not asked for but carried on the balance.
    """
    customer = tx.get("customer", invoice["customer"])
    balance = int(customer["balance"]) if customer and not customer.get("deleted") else 0
    due, _ = due_and_balance(invoice["total"], balance, invoice["currency"])
    invoice["starting_balance"] = balance
    invoice["amount_due"] = due
    invoice["amount_remaining"] = due


def due_and_balance(total: int, balance: int, currency: str) -> tuple[int, int]:
    """Give the amount due of an invoice over `total`, and the customer's balance after it."""
    if total < 0:
        return 0, balance + total
    due = max(0, total + balance)
    if 0 < due < minimum_charge(currency):
        return 0, total + balance
    return due, min(0, total + balance)


def _discount(tx: Transaction, invoice: StripeDict, lines: list[StripeDict]) -> None:
    at = invoice["created"]
    views = [
        Discountable(
            amount=line["amount"],
            product=_product(line),
            discountable=line["discountable"],
            own=reductions(tx, line["discounts"], at),
        )
        for line in lines
    ]
    apply_discounts(views, reductions(tx, invoice["discounts"], at), invoice["currency"])
    totals: dict[str, int] = {}
    for line, view in zip(lines, views, strict=True):
        line["discount_amounts"] = [{"amount": amount, "discount": name} for name, amount in view.taken]
        line["pretax_credit_amounts"] = [_pretax(name, amount) for name, amount in view.taken]
        for name, amount in view.taken:
            totals[name] = totals.get(name, 0) + amount
    invoice["total_discount_amounts"] = [
        {"amount": amount, "discount": name} for name, amount in totals.items()
    ]
    invoice["total_pretax_credit_amounts"] = [_pretax(name, amount) for name, amount in totals.items()]


def _pretax(discount_id: str, amount: int) -> StripeDict:
    return {
        "amount": amount,
        "credit_balance_transaction": None,
        "discount": discount_id,
        "type": "discount",
    }


def _product(line: StripeDict) -> str | None:
    details = (line["pricing"] or {}).get("price_details")
    return details["product"] if details else None
