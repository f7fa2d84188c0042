"""The promotion code a person types on a page."""

from __future__ import annotations

from portal.emulator.billing.redemption import usable_code
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid


def typed_code(tx: Transaction, word: str, customer: StripeDict | None, now: int) -> StripeDict:
    """Return the promotion code with this word, in whatever case: of several, the one this customer can use.

    Raises a 400 if there is none.
    """
    refusal = invalid("This promotion code is not valid.", param="code")
    for code in tx.all("promotion_code", {"active": True}):
        if code["code"].lower() == word.lower():
            try:
                return usable_code(tx, code["id"], customer, now, param="code")
            except StripeError as error:
                refusal = error
    raise refusal
