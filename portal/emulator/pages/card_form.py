"""The choice of a card on a page: one of the well-known test cards, any published test number, or a saved card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.emulator.cards import TEST_CARDS, Card, by_number, named
from portal.emulator.resources.payment_methods import make_card_method
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import StripeError

_OFFERED: Final = {
    "visa": "Payment succeeds",
    "chargeDeclined": "Declined",
    "chargeDeclinedInsufficientFunds": "Insufficient funds",
    "threeDSecureOnSetup": "3-D Secure first",
    "chargeCustomerFail": "Saves, then fails",
}
TYPED: Final = "number"


@dataclass(frozen=True)
class Choice:
    """One card to choose: the value it posts and what happens with it; a test card or a saved one."""

    value: str
    title: str
    card: Card | None = None
    saved: StripeDict | None = None


@dataclass(frozen=True)
class CardForm:
    """The cards on offer, with what was chosen and typed before and what was wrong with it."""

    choices: list[Choice]
    chosen: str
    number: str = ""
    error: str | None = None


def card_form(
    posted: Mapping[str, str] | None = None, *, saved: Objects | None = None, error: str | None = None
) -> CardForm:
    """Offer cards, the saved ones first, as they were chosen in `posted`."""
    choices = [Choice(method["id"], "Saved card", saved=method) for method in saved or []]
    choices += [Choice(name, title, card=named(name)) for name, title in _OFFERED.items()]
    sent = posted or {}
    return CardForm(choices, sent.get("card", choices[0].value), sent.get("number", ""), error)


def chosen_method(
    tx: Transaction,
    posted: Mapping[str, str],
    *,
    customer_id: str | None = None,
    billing_details: Mapping[str, Any] | None = None,
) -> StripeDict:
    """Return the payment method a person chose: a saved one of the customer, or a new one of a test card.

    Raises a 402 for a number that is no published test number, and where nothing was chosen.
    """
    chosen = posted.get("card", "")
    if chosen.startswith("pm_"):
        method = tx.get("payment_method", chosen)
        if method is None or customer_id is None or method["customer"] != customer_id:
            raise _unusable("This saved card is no longer there. Choose another one.")
        return method
    card = _card(chosen, posted.get("number", ""))
    return make_card_method(tx, card, billing_details)


def _card(chosen: str, number: str) -> Card:
    if chosen == TYPED:
        found = by_number(number)
        if found is None:
            raise _unusable(
                "This is not one of Stripe's test card numbers. Real cards are never accepted here."
                if number.strip()
                else "Enter a test card number, or choose a card from the list."
            )
        return found
    for card in TEST_CARDS:
        if card.name == chosen:
            return card
    raise _unusable("Choose a card.")


def _unusable(text: str) -> StripeError:
    return StripeError(402, "card_error", text, code="incorrect_number", param="number")
