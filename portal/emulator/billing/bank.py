"""What the bank answers to an attempt at charging a test card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portal.emulator.cards import Decline
from portal.emulator.resources.payment_methods import card_of, needs_authentication
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError

_HARD = frozenset({"lost_card", "stolen_card"})


@dataclass(frozen=True)
class Verdict:
    """The bank's answer to one attempt; code and message only where it is not yes."""

    status: Literal["succeeded", "requires_action", "declined"]
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None

    @property
    def hard(self) -> bool:
        """Whether trying the same card again is pointless."""
        return self.decline_code in _HARD


REQUIRES_ACTION = Verdict(
    "requires_action",
    "authentication_required",
    None,
    "This payment requires additional user action before it can be completed successfully.",
)
SUBSCRIPTION_REQUIRES_ACTION = Verdict(
    "requires_action",
    "subscription_payment_intent_requires_action",
    None,
    "Payment for this subscription requires additional user action before it can be completed successfully. Payment "
    "can be completed using the PaymentIntent associated with `subscription.latest_invoice`.",
)
NOT_AUTHENTICATED = Verdict(
    "declined",
    "payment_intent_authentication_failure",
    None,
    "The provided payment method has failed authentication. Please use a different payment method or try again.",
)
AUTHENTICATION_REQUIRED = Verdict(
    "declined",
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
ACTION_REQUIRED = Verdict(
    "declined",
    "payment_intent_action_required",
    None,
    "The provided payment method requires customer actions to complete, but `error_on_requires_action` was set.",
)
NO_METHOD = Verdict(
    "declined",
    "missing_payment_method",
    None,
    "This customer has no attached payment source or default payment method.",
)


def declined(decline: Decline) -> Verdict:
    """Turn a card's decline into the bank's answer."""
    return Verdict("declined", decline.code, decline.decline_code, decline.message)


def judge(tx: Transaction, method: StripeDict, *, authenticated: bool = False) -> Verdict:
    """Give the answer to charging a payment method; `authenticated` after 3-D Secure was passed just now."""
    if needs_authentication(tx, method["id"]) and not authenticated:
        return REQUIRES_ACTION
    decline = card_of(tx, method["id"]).on_charge
    return Verdict("succeeded") if decline is None else declined(decline)


def refusal(verdict: Verdict, *, keeps_effect: bool = False, extra: StripeDict | None = None) -> StripeError:
    """Turn an answer that is not yes into the error a client gets."""
    return StripeError(
        402,
        "card_error",
        verdict.message or "Your card was declined.",
        code=verdict.code or "card_declined",
        decline_code=verdict.decline_code,
        keeps_effect=keeps_effect,
        extra=extra,
    )


def subscription_refusal(verdict: Verdict) -> StripeError:
    """Turn an answer that is not yes into the error of a subscription that is not to be left incomplete."""
    return refusal(SUBSCRIPTION_REQUIRES_ACTION if verdict.status == "requires_action" else verdict)
