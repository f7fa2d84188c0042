"""Taking what a card was only authorized for, or letting it go (`capture_method=manual`)."""

from __future__ import annotations

from portal.emulator.billing.due import DAY
from portal.emulator.events import changes, emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

# Counted from when the intent was made.
AUTHORIZED_SECONDS = 7 * DAY


def capture(tx: Transaction, intent: StripeDict, amount: int) -> None:
    """Take an amount of an authorized payment; the rest is released. Raises a 400 for more than was authorized."""
    if not 0 < amount <= intent["amount_capturable"]:
        raise invalid(
            "The payment could not be captured because the requested capture amount is greater than the authorized "
            f"amount, or nothing. The authorized amount is {intent['amount_capturable']}.",
            param="amount_to_capture",
            code="amount_too_large" if amount > 0 else "parameter_invalid_integer",
        )
    charge = _charge_of(tx, intent)
    charge.update(captured=True, amount_captured=amount, amount_refunded=charge["amount"] - amount)
    tx.put(charge)
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    tx.put(intent, due_at=None)
    emit(tx, "charge.captured", charge)
    emit(tx, "payment_intent.succeeded", intent)


def release(tx: Transaction, intent: StripeDict, event: str) -> None:
    """Let go of what was authorized and not taken; the card's owner sees it as refunded."""
    before = _charge_of(tx, intent)
    charge = {**before, "amount_refunded": before["amount"], "refunded": True}
    tx.put(charge)
    intent["amount_capturable"] = 0
    emit(tx, event, charge, changes(before, charge) if event == "charge.refunded" else None)


def _charge_of(tx: Transaction, intent: StripeDict) -> StripeDict:
    charge = tx.get("charge", intent["latest_charge"])
    assert charge is not None, intent["id"]
    return charge
