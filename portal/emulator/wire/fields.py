"""Field shapes many resources share: text that "" unsets, addresses, and updates that touch only what was sent."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from portal.emulator.transaction import StripeDict
from portal.emulator.wire.errors import invalid

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def text(value: str | None) -> str | None:
    """Return the text, or None where "" unset it."""
    return value or None


def check_email(value: str | None, param: str) -> None:
    """Raise a 400 for what is no e-mail address; "" and nothing are fine."""
    if value and not _EMAIL.fullmatch(value):
        raise invalid(f"Invalid email address: {value}", param=param, code="email_invalid")


def check_lengths(params: Mapping[str, Any], longest: Mapping[str, int], path: str = "") -> None:
    """Raise a 400 for the first text that is longer than its own limit."""
    for name, limit in longest.items():
        value = params.get(name)
        if isinstance(value, str) and len(value) > limit:
            raise invalid(
                f"Invalid string: {value[:10]}...{value[-10:]}; must be at most {limit} characters",
                param=f"{path}[{name}]" if path else name,
            )


def address(sent: Mapping[str, Any] | str | None) -> StripeDict | None:
    """Return an address with every key present, or None where nothing or "" was sent."""
    if sent is None or isinstance(sent, str):
        return None
    return {name: text(sent.get(name)) for name in _ADDRESS}


def set_texts(obj: StripeDict, params: Mapping[str, Any], names: Iterable[str]) -> None:
    """Set on the object each named text that was sent; "" becomes null."""
    for name in names:
        if name in params:
            obj[name] = text(params[name])


def set_values(obj: StripeDict, params: Mapping[str, Any], names: Iterable[str]) -> None:
    """Set on the object each named value that was sent, as it is."""
    for name in names:
        if name in params:
            obj[name] = params[name]
