"""What a query of the store compares: the conditions of a list, and the columns objects are found by.

Fields that are asked for often stand in columns beside the JSON; all others are looked up within it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

Where = Mapping[str, object]
Created = Mapping[str, int] | int

_COLUMNS: Final = frozenset({"id", "customer", "subscription", "invoice", "status", "test_clock"})
_FIELD: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def conditions(object_type: str, where: Where | None, created: Created | None) -> tuple[list[str], list[Any]]:
    """Return the clauses of a WHERE and their values, for objects that are not deleted.

    `where` compares fields (dotted for nested ones) with a value, None, or any of a list; `created` is an instant
    or {gt, gte, lt, lte}. Raises ValueError for what is no field name.
    """
    clauses = ["object = ?", "deleted = 0"]
    values: list[Any] = [object_type]
    for field, wanted in (where or {}).items():
        if not _FIELD.fullmatch(field):
            raise ValueError(f"not a field name: {field!r}")
        column = field if field in _COLUMNS else f"json_extract(body, '$.{field}')"
        if isinstance(wanted, list | tuple):
            clauses.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += wanted
        elif wanted is None:
            clauses.append(f"{column} IS NULL")
        else:
            # Not "IS ?": the indexes leave NULLs out, and are only used where NULL cannot match.
            clauses.append(f"{column} = ?")
            values.append(wanted)
    if isinstance(created, int):
        created = {"gte": created, "lte": created}
    for name, instant in (created or {}).items():
        clauses.append(f"created {_COMPARISONS[name]} ?")
        values.append(instant)
    return clauses, values


def columns_of(obj: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the columns that follow from an object itself and change with it."""
    return [
        ("customer", text_or_none(obj.get("customer"))),
        ("subscription", _subscription_of(obj)),
        ("invoice", text_or_none(obj.get("invoice"))),
        ("status", text_or_none(obj.get("status"))),
        ("deleted", int(obj.get("deleted") is True)),
    ]


def text_or_none(value: object) -> str | None:
    """Return an id or another text; None for everything else, expanded objects included."""
    return value if isinstance(value, str) else None


def _subscription_of(obj: Mapping[str, Any]) -> str | None:
    direct = text_or_none(obj.get("subscription"))
    if direct is not None:
        return direct
    parent = obj.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else None
    return text_or_none(details.get("subscription")) if isinstance(details, dict) else None
