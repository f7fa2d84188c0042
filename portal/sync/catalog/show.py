"""A list of changes as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from portal.sync.catalog.change import Change

NOTHING = "No changes. Stripe has all that the catalogue says."
_DONE = {"+": "created", "~": "changed", "-": "archived"}
_TO_DO = {"+": "to create", "~": "to change", "-": "to archive"}


def shown(changes: Sequence[Change], *, done: bool) -> str:
    """Return the changes, one to a line with its details below, and their count; `done`: they were carried out."""
    if not changes:
        return NOTHING
    lines = [line for change in changes for line in _lines(change)]
    words = _DONE if done else _TO_DO
    counts = [f"{sum(change.sign == sign for change in changes)} {word}" for sign, word in words.items()]
    return "\n".join([*lines, "", f"{', '.join(counts)}."])


def _lines(change: Change) -> list[str]:
    return [f"{change.sign} {change.what}", *(f"    {detail}" for detail in change.details)]
