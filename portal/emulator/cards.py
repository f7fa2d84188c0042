"""The published test cards: their numbers, tokens and ready-made payment methods, and how each behaves.

No other card number is accepted anywhere, so no real card can end up in the store.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

ThreeDSecure = Literal["never", "on_setup", "always"]


@dataclass(frozen=True)
class Decline:
    """A bank's refusal."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Card:
    """A test card. `on_attach` and `on_charge` are its declines; `three_d_secure` says when the payer is asked:
    `on_setup` cards need it once and are silent afterwards, `always` cards also off session.
    """

    name: str
    number: str
    brand: str
    label: str
    funding: str = "credit"
    on_attach: Decline | None = None
    on_charge: Decline | None = None
    three_d_secure: ThreeDSecure = "never"

    @property
    def last4(self) -> str:
        """Return the digits that may be shown."""
        return self.number[-4:]


_DECLINED: Final = Decline("card_declined", "generic_decline", "Your card was declined.")
_NO_FUNDS: Final = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST: Final = Decline("card_declined", "lost_card", "Your card was declined.")
_STOLEN: Final = Decline("card_declined", "stolen_card", "Your card was declined.")
_EXPIRED: Final = Decline("expired_card", None, "Your card has expired.")
_CVC: Final = Decline("incorrect_cvc", None, "Your card's security code is incorrect.")
_TOO_OFTEN: Final = Decline("card_declined", "card_velocity_exceeded", "Your card was declined.")
_FRAUD: Final = Decline("card_declined", "fraudulent", "Your card was declined.")
_PROCESSING: Final = Decline(
    "processing_error", None, "An error occurred while processing your card. Try again in a little bit."
)

TEST_CARDS: Final = (
    Card("visa", "4242424242424242", "visa", "Succeeds"),
    Card("visa_debit", "4000056655665556", "visa", "Succeeds (debit)", funding="debit"),
    Card("mastercard", "5555555555554444", "mastercard", "Succeeds"),
    Card("mastercard_debit", "5200828282828210", "mastercard", "Succeeds (debit)", funding="debit"),
    Card("mastercard_prepaid", "5105105105105100", "mastercard", "Succeeds (prepaid)", funding="prepaid"),
    Card("amex", "378282246310005", "amex", "Succeeds"),
    Card("discover", "6011111111111117", "discover", "Succeeds"),
    Card("diners", "3056930009020004", "diners", "Succeeds"),
    Card("jcb", "3566002020360505", "jcb", "Succeeds"),
    Card("unionpay", "6200000000000005", "unionpay", "Succeeds"),
    Card("chargeDeclined", "4000000000000002", "visa", "Declined", on_attach=_DECLINED, on_charge=_DECLINED),
    Card(
        "chargeDeclinedInsufficientFunds", "4000000000009995", "visa", "Insufficient funds",
        on_attach=_NO_FUNDS, on_charge=_NO_FUNDS,
    ),
    Card("chargeDeclinedLostCard", "4000000000009987", "visa", "Lost", on_attach=_LOST, on_charge=_LOST),
    Card("chargeDeclinedStolenCard", "4000000000009979", "visa", "Stolen", on_attach=_STOLEN, on_charge=_STOLEN),
    Card("chargeDeclinedFraudulent", "4100000000000019", "visa", "Blocked", on_attach=_FRAUD, on_charge=_FRAUD),
    Card(
        "chargeDeclinedVelocityLimitExceeded", "4000000000006975", "visa", "Used too often",
        on_attach=_TOO_OFTEN, on_charge=_TOO_OFTEN,
    ),
    Card(
        "chargeDeclinedExpiredCard", "4000000000000069", "visa", "Expired", on_attach=_EXPIRED, on_charge=_EXPIRED
    ),
    Card("chargeDeclinedIncorrectCvc", "4000000000000127", "visa", "Wrong CVC", on_attach=_CVC, on_charge=_CVC),
    Card(
        "chargeDeclinedProcessingError", "4000000000000119", "visa", "Processing error",
        on_attach=_PROCESSING, on_charge=_PROCESSING,
    ),
    Card("chargeCustomerFail", "4000000000000341", "visa", "Saves, later charges fail", on_charge=_DECLINED),
    Card("threeDSecureOptional", "4000000000003055", "visa", "3-D Secure not asked for"),
    Card("threeDSecureOnSetup", "4000002500003155", "visa", "3-D Secure once", three_d_secure="on_setup"),
    Card("threeDSecureRequired", "4000000000003220", "visa", "3-D Secure always", three_d_secure="always"),
    Card("authenticationRequired", "4000002760003184", "visa", "3-D Secure always", three_d_secure="always"),
    Card(
        "threeDSecureRequiredChargeDeclined", "4000008400001629", "visa", "3-D Secure, then declined",
        on_charge=_DECLINED, three_d_secure="always",
    ),
    Card(
        "authenticationRequiredChargeDeclinedInsufficientFunds", "4000008260003178", "visa",
        "3-D Secure, then insufficient funds", on_charge=_NO_FUNDS, three_d_secure="always",
    ),
)  # fmt: skip

_BY_NUMBER: Final = {card.number: card for card in TEST_CARDS}
_BY_NAME: Final = {card.name: card for card in TEST_CARDS}
# Names Stripe publishes besides the one each card is kept under.
_OTHER_NAMES: Final = {
    "threeDSecure2Required": "threeDSecureRequired",
    "authenticationRequiredOnSetup": "threeDSecureOnSetup",
    "authenticationRequiredSetupForOffSession": "threeDSecureOnSetup",
}


def by_number(number: str) -> Card | None:
    """Return the test card with this number (blanks and dashes are ignored), or None for any other number."""
    return _BY_NUMBER.get(re.sub(r"[ \-]", "", number))


def by_token(token: str) -> Card | None:
    """Return the card of `tok_…` or `pm_card_…`, or None."""
    for prefix in ("tok_", "pm_card_"):
        if token.startswith(prefix):
            name = token.removeprefix(prefix)
            # Stripe puts the brand before some of the names.
            name = name.removeprefix("visa_") if name.startswith("visa_charge") else name
            return _BY_NAME.get(_OTHER_NAMES.get(name, name))
    return None


def named(name: str) -> Card:
    """Return a card by the name payment methods keep it under."""
    return _BY_NAME[name]
