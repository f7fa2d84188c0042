"""The promotion code a person types on a page."""

from __future__ import annotations

from portal.emulator.billing.redemption import usable_code
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


def typed_code(tx: Transaction, word: str, customer: StripeDict | None, now: int) -> StripeDict:
    """Return the promotion code with this word, in whatever case. Raises a 400 if the customer cannot use it."""
    for code in tx.all("promotion_code", {"active": True}):
        if code["code"].lower() == word.lower():
            return usable_code(tx, code["id"], customer, now, param="code")
    raise invalid("This promotion code is not valid.", param="code")
