"""Card details as a client sends them: a number or a token, the date of expiry, and whom the bills go to."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.emulator.cards import Card, by_number, by_token
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid, missing_parameter
from portal.emulator.wire.fields import address, check_email, set_texts

_CVC = re.compile(r"[0-9]{3,4}")
_LAST_YEAR = 9999


def card_sent(sent: dict[str, Any]) -> Card:
    """Return the test card that a token or a number means.

    Raises a 400 for an unknown token and for missing details, and a 402 for a number that is no test card's or a
    malformed security code.
    """
    if "token" in sent:
        card = by_token(sent["token"])
        if card is None:
            raise invalid(f"No such token: '{sent['token']}'", param="card[token]", code="resource_missing")
        return card
    if "number" not in sent:
        raise missing_parameter("card[number]")
    card = by_number(sent["number"])
    if card is None:
        raise _wrong("Your card number is incorrect.", "incorrect_number", "card[number]")
    for name in ("exp_month", "exp_year"):
        if name not in sent:
            raise missing_parameter(f"card[{name}]")
    if not _CVC.fullmatch(sent.get("cvc", "000")):
        raise _wrong("Your card's security code is invalid.", "invalid_cvc", "card[cvc]")
    return card


def check_expiry(tx: Transaction, method: StripeDict) -> None:
    """Raise a 402 for a card whose date of expiry is none, is past, or has more than four digits."""
    month, year = method["card"]["exp_month"], method["card"]["exp_year"]
    now = datetime.fromtimestamp(tx.wall_now(), UTC)
    if not 1 <= month <= 12:
        raise _wrong("Your card's expiration month is invalid.", "invalid_expiry_month", "card[exp_month]")
    if (year, month) < (now.year, now.month) or year > _LAST_YEAR:
        raise _wrong("Your card's expiration year is invalid.", "invalid_expiry_year", "card[exp_year]")


def apply_billing_details(method: StripeDict, sent: Mapping[str, Any] | None) -> None:
    """Set on a payment method what was sent of its billing details. Raises a 400 for what is no e-mail address."""
    if sent is None:
        return
    details = method["billing_details"]
    if "address" in sent:
        details["address"] = address(sent["address"]) or address({})
    check_email(sent.get("email"), "billing_details[email]")
    set_texts(details, sent, ("email", "name", "phone", "tax_id"))


def _wrong(message: str, code: str, param: str) -> StripeError:
    return StripeError(402, "card_error", message, code=code, param=param)
