"""Noticing which parameters a handler looked at.

Whatever the SDK's types allow and the emulator does not act on must be refused: a parameter that is silently ignored
makes a green test a lie. So parameters remember being read, down to the innermost, and what nobody read is an error.
"""

from collections.abc import Iterator
from typing import Any, Final

from portal.emulator.wire.errors import StripeError, invalid

# These say how something is done. Where a call has nothing of the kind to do, not reading them is right.
_MODIFIERS: Final = frozenset(
    {
        "cvc", "email_type", "expand", "invoice_now", "off_session", "payment_behavior", "prorate",
        "proration_behavior", "proration_date", "transfer_lookup_key", "type",
    }
)  # fmt: skip


class Parameters(dict[str, Any]):
    """Parameters that remember which of them were read; taking all of them at once counts as reading each."""

    def __init__(self, sent: dict[str, Any]) -> None:
        super().__init__({name: watched(value) for name, value in sent.items()})
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._read.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._read.update(super().keys())
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._read.add(name)
        return super().pop(name, *default)

    def keys(self) -> Any:
        self._read.update(super().keys())
        return super().keys()

    def items(self) -> Any:
        self._read.update(super().keys())
        return super().items()

    def values(self) -> Any:
        self._read.update(super().keys())
        return super().values()

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def unread(self, path: str = "") -> Iterator[str]:
        """Yield the names of what was not read, spelled as the client sent them: `subscription_data[on_behalf_of]`."""
        for name, value in dict.items(self):
            here = f"{path}[{name}]" if path else name
            if name not in self._read:
                yield here
            else:
                yield from _unread_within(value, here)


def unsupported(parameters: Parameters) -> StripeError | None:
    """Return the 400 for the first parameter that nobody read, or None."""
    for name in parameters.unread():
        if name.rpartition("[")[2].rstrip("]") not in _MODIFIERS:
            return invalid(f"The emulator does not act on {name}, so it refuses it.", param=name)
    return None


def watched(value: Any) -> Any:
    """Return the value with every dict in it watched."""
    if isinstance(value, dict):
        return Parameters(value)
    return [watched(item) for item in value] if isinstance(value, list) else value


def _unread_within(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Parameters):
        yield from value.unread(path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unread_within(item, f"{path}[{index}]")
