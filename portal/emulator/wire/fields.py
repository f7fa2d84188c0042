"""Field shapes many resources share: text that "" unsets, addresses, and updates that touch only what was sent."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.emulator.transaction import StripeDict

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def text(value: str | None) -> str | None:
    """Return the text, or None where "" unset it."""
    return value or None


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
