"""What a write changed: rows are brought to wanted values field by field, and the difference is kept as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

Changes = dict[str, list[Any]]
"""Field name to [before, after], in JSON values (instants as ISO 8601)."""


def assign(
    row: object, values: Mapping[str, Any], *, silent: Collection[str] = ("stripe_object",)
) -> Changes:
    """Set the attributes of a row that differ and return what changed. `silent` ones are set but not reported."""
    changes: Changes = {}
    for name, value in values.items():
        before = getattr(row, name)
        if before == value:
            continue
        setattr(row, name, value)
        if name not in silent:
            changes[name] = [_plain(before), _plain(value)]
    return changes


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
