"""Refunding charges."""

from __future__ import annotations

from copy import deepcopy

from portal.emulator.billing.amounts import spell
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


def refund_charge(
    tx: Transaction,
    charge: StripeDict,
    amount: int,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeDict:
    """Refund part of a charge. Raises a 400 for one that failed or has less than this left."""
    if not charge["paid"]:
        raise invalid("You cannot refund a charge that did not succeed.", param="charge")
    if not charge["captured"]:
        raise invalid(
            "You cannot refund a charge that was not captured; cancel its PaymentIntent.", param="charge"
        )
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(
            f"Refund amount ({spell(amount, charge['currency'])}) is greater than unrefunded amount on charge "
            f"({spell(left, charge['currency'])})",
            param="amount",
        )
    before = deepcopy(charge)
    refund: StripeDict = {
        "id": tx.new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": tx.now(charge),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {"reference_status": "pending", "type": "refund"},
            "type": "card",
        },
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    tx.put(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    tx.put(charge)
    emit(tx, "refund.created", refund)
    previous = {"amount_refunded": before["amount_refunded"], "refunded": before["refunded"]}
    emit(tx, "charge.refunded", charge, {name: old for name, old in previous.items() if charge[name] != old})
    return refund
