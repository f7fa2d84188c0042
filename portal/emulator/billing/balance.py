"""The customer's balance: credit (negative) or debt (positive) that the next invoice takes into account."""

from __future__ import annotations

from portal.emulator.events import emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.lookup import in_param


def change_balance(
    tx: Transaction,
    customer_id: str,
    amount: int,
    kind: str,
    *,
    currency: str,
    invoice: str | None = None,
    credit_note: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeDict:
    """Add an amount to a customer's balance and leave the transaction that explains it.

    Raises a 400 if the customer was deleted.
    """
    before = in_param(tx, "customer", customer_id, param="customer")
    customer = dict(before)
    transaction = _moved(tx, customer, amount, kind, currency)
    transaction.update(
        credit_note=credit_note, description=description, invoice=invoice, metadata=metadata or {}
    )
    tx.put(transaction)
    tx.put(customer)
    emit_updated(tx, "customer.updated", before, customer)
    return transaction


def open_balance(tx: Transaction, customer: StripeDict, amount: int, currency: str) -> None:
    """Give a customer who is being made a balance to begin with; the caller announces the customer."""
    if amount:
        tx.put(_moved(tx, customer, amount, "adjustment", currency))
    tx.put(customer)


def _moved(tx: Transaction, customer: StripeDict, amount: int, kind: str, currency: str) -> StripeDict:
    customer["balance"] += amount
    customer["currency"] = customer["currency"] or currency
    return {
        "id": tx.new_id("cbtxn"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": tx.now(customer),
        "credit_note": None,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "description": None,
        "ending_balance": customer["balance"],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def set_delinquent(tx: Transaction, customer_id: str, delinquent: bool) -> None:
    """Say on the customer whether their latest charge failed; silent if that is no news."""
    before = tx.get("customer", customer_id)
    if before is None or before.get("deleted") or before["delinquent"] == delinquent:
        return
    customer = {**before, "delinquent": delinquent}
    tx.put(customer)
    emit_updated(tx, "customer.updated", before, customer)
