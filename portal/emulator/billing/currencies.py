"""One currency at a time: what a customer's currency is, and when it may become another."""

from __future__ import annotations

from portal.emulator.billing.records import GONE
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


def refuse_second_currency(tx: Transaction, customer: StripeDict, currency: str) -> None:
    """Raise a 400 for a currency that is not the customer's while something in its own is still open."""
    present = customer["currency"]
    if present in (None, currency):
        return
    where = {"customer": customer["id"]}
    is_live = any(sub["status"] not in GONE for sub in tx.all("subscription", where))
    if is_live or tx.count("invoiceitem", {**where, "invoice": None}):
        raise invalid(
            "You cannot combine currencies on a single customer. This customer has an active subscription, "
            f"subscription schedule, discount, quote, or invoice item with currency {present}.",
            param="currency",
        )
    if customer["balance"]:
        raise invalid(
            f"The emulator keeps one balance per customer, and this one's is in {present}; bring it to zero first.",
            param="currency",
        )


def move_to_currency(tx: Transaction, customer: StripeDict, currency: str) -> None:
    """Make another currency the customer's as a subscription in it starts. Raises a 400 like the above."""
    refuse_second_currency(tx, customer, currency)
    if customer["currency"] not in (None, currency):
        customer["currency"] = currency
        tx.put(customer)
