"""What saving a card does for a subscription that asked for it: one that started without a payment."""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.transaction import StripeDict, Transaction


def after_setup(tx: Transaction, intent: StripeDict) -> None:
    """Take a setup intent that succeeded off its subscription, which keeps the card if it keeps those that paid."""
    if intent["customer"] is None:
        return
    for sub in tx.all("subscription", {"customer": intent["customer"], "pending_setup_intent": intent["id"]}):
        sub["pending_setup_intent"] = None
        if sub["payment_settings"]["save_default_payment_method"] == "on_subscription":
            sub["default_payment_method"] = intent["payment_method"]
        records.update(tx, sub)
