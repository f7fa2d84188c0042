"""What a payer types about themselves: e-mail, name, phone, billing address, tax id; read and checked for shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from portal.emulator.pages.words import COUNTRIES, TAX_ID_KINDS
from portal.emulator.transaction import StripeDict
from portal.emulator.wire.fields import address

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+")
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]{5,20}")
_LONGEST: Final = 500
ADDRESS_FIELDS: Final = ("line1", "line2", "postal_code", "city", "state", "country")


@dataclass(frozen=True)
class Typed:
    """What was typed, blanks as None, and what is wrong with it by field."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: StripeDict | None = None
    tax_id: tuple[str, str] | None = None
    errors: dict[str, str] = field(default_factory=dict)


class _Filled(dict[str, str]):
    """Values of a form's fields. Asking for one that is missing leaves no trace, so that no values stay no values."""

    def __missing__(self, name: str) -> str:
        return ""


def filled(values: Mapping[str, str | None] | None) -> Mapping[str, str]:
    """Return values to fill a form with: what is missing or None is blank."""
    return _Filled({name: value for name, value in (values or {}).items() if value is not None})


def read_payer(
    posted: Mapping[str, str],
    *,
    email: bool = False,
    address_required: bool = False,
    phone: bool = False,
    tax_id: bool = False,
) -> Typed:
    """Read a payer's fields; `email`, `phone`, `address_required` and `tax_id` say what may not be left blank."""
    text = {key: value.strip()[:_LONGEST] for key, value in posted.items()}
    errors = {}
    if email and not _EMAIL.fullmatch(text.get("email", "")):
        errors["email"] = "Enter an e-mail address, like name@example.com."
    if (phone or text.get("phone")) and not _PHONE.fullmatch(text.get("phone", "")):
        errors["phone"] = "Enter a phone number, like +1 555 010 0100."
    if address_required:
        needed = {"line1": "Enter a street and number.", "country": "Choose a country."}
        errors |= {key: words for key, words in needed.items() if not text.get(key)}
    if text.get("country") and text["country"] not in COUNTRIES:
        errors["country"] = "Choose a country from the list."
    typed_address = {key: text[key] for key in ADDRESS_FIELDS if text.get(key)}
    return Typed(
        email=text.get("email") or None,
        name=text.get("name") or None,
        phone=text.get("phone") or None,
        address=address(typed_address) if typed_address else None,
        tax_id=_tax_id(text, errors, required=tax_id),
        errors=errors,
    )


def _tax_id(text: Mapping[str, str], errors: dict[str, str], *, required: bool) -> tuple[str, str] | None:
    kind, value = text.get("tax_id_type", ""), text.get("tax_id", "")
    if not value:
        if required or kind:
            errors["tax_id"] = "Enter the number."
        return None
    if kind not in TAX_ID_KINDS:
        errors["tax_id"] = "Choose what kind of number this is."
        return None
    return kind, value
