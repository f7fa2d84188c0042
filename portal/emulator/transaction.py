"""What can be done within one transaction: objects by id, lists, due instants, ids, and the time that applies.

Objects are plain dicts exactly as on the wire. `get` always returns a fresh copy: after calling anything that may
write an object, get it again before changing it.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

StripeDict = dict[str, Any]
Objects = list[StripeDict]
Where = Mapping[str, object]

_COLUMNS: Final = frozenset({"id", "customer", "subscription", "invoice", "status", "test_clock"})
_FIELD: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TEST_CLOCK: Final = "test_helpers.test_clock"


class _Keep:
    """Marks a due instant that a write leaves as it is."""


KEEP: Final = _Keep()


@dataclass(frozen=True)
class RequestInfo:
    """Which API request a transaction serves: events carry it."""

    id: str
    idempotency_key: str | None


@dataclass(frozen=True)
class Page:
    """One page of a list, in the order the client sees it."""

    items: Objects
    has_more: bool


@dataclass(frozen=True)
class Due:
    """An object for which something has to happen at `at` (seconds, in the time that applies to it)."""

    at: int
    object: str
    id: str


class Transaction:
    """Reads and writes of one request; made by `Store.transaction`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        seed: str,
        wall_clock: Callable[[], float],
        base_url: str,
        request: RequestInfo | None,
    ) -> None:
        self.connection = connection
        self.base_url = base_url
        self.request = request
        self._seed = seed
        self._wall_clock = wall_clock
        self._moment: int | None = None

    def new_id(self, prefix: str, length: int = 24) -> str:
        """Return the next id, `sub_…`: the same seed and the same sequence of calls give the same ids."""
        (number,) = self.connection.execute(
            "UPDATE settings SET value = value + 1 WHERE name = 'counter' RETURNING value"
        ).fetchone()
        digest = hashlib.blake2b(f"{self._seed}/{prefix}/{number}".encode(), digest_size=64).digest()
        return f"{prefix}_" + "".join(_ALPHABET[byte % 62] for byte in digest[:length])

    def get(self, object_type: str, object_id: str) -> StripeDict | None:
        """Return a copy of the object (of a deleted customer: its `deleted` stub), or None."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE object = ? AND id = ?", (object_type, object_id)
        ).fetchone()
        if row is None:
            return None
        found: StripeDict = json.loads(row[0])
        return found

    def private(self, object_type: str, object_id: str) -> StripeDict:
        """Return what is kept beside the object and never sent; empty if there is nothing."""
        row = self.connection.execute(
            "SELECT private FROM objects WHERE object = ? AND id = ?", (object_type, object_id)
        ).fetchone()
        found: StripeDict = json.loads(row[0]) if row is not None and row[0] else {}
        return found

    def put(
        self,
        obj: StripeDict,
        *,
        due_at: int | _Keep | None = KEEP,
        private: Mapping[str, object] | None = None,
        in_wall_time: bool = False,
    ) -> bool:
        """Insert or update an object by its `object` and `id`; say whether it was inserted.

        `due_at` is the next instant at which something must happen to it (None: nothing); left out, an update
        keeps it. `private` replaces what is kept beside it; left out, an update keeps it. `in_wall_time` inserts
        an object whose due instant is real time even if its customer lives under a test clock.
        """
        kind, object_id = obj["object"], obj["id"]
        body = json.dumps(obj, separators=(",", ":"), ensure_ascii=False)
        changed: list[tuple[str, object]] = [
            ("body", body),
            ("customer", _text(obj.get("customer"))),
            ("subscription", _subscription_of(obj)),
            ("invoice", _text(obj.get("invoice"))),
            ("status", _text(obj.get("status"))),
            ("deleted", int(obj.get("deleted") is True)),
        ]
        if not isinstance(due_at, _Keep):
            changed.append(("due_at", due_at))
        if private is not None:
            changed.append(("private", json.dumps(private, separators=(",", ":"))))
        sets = ", ".join(f"{name} = ?" for name, _ in changed)
        updated = self.connection.execute(
            f"UPDATE objects SET {sets} WHERE object = ? AND id = ?",  # noqa: S608
            (*(value for _, value in changed), kind, object_id),
        )
        if updated.rowcount:
            return False
        changed += [
            ("object", kind),
            ("id", object_id),
            ("created", obj["created"] if isinstance(obj.get("created"), int) else self.now(obj)),
            ("test_clock", None if in_wall_time else self.clock_of(obj)),
        ]
        names, marks = ", ".join(name for name, _ in changed), ", ".join("?" * len(changed))
        self.connection.execute(
            f"INSERT INTO objects ({names}) VALUES ({marks})",  # noqa: S608
            tuple(value for _, value in changed),
        )
        return True

    def delete(self, object_type: str, object_id: str) -> None:
        """Remove the object altogether; it will be as if it had never been."""
        self.connection.execute("DELETE FROM objects WHERE object = ? AND id = ?", (object_type, object_id))

    def delete_under_clock(self, clock_id: str) -> None:
        """Remove every object that lives under a test clock."""
        self.connection.execute("DELETE FROM objects WHERE test_clock = ?", (clock_id,))

    def list(
        self,
        object_type: str,
        where: Where | None = None,
        *,
        created: Mapping[str, int] | int | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page:
        """Return one page, newest first. Deleted objects are left out.

        `where` compares fields (dotted for nested ones) with a value, None, or any of a list. `created` is an
        instant or {gt, gte, lt, lte}. A cursor that does not exist gives an empty page: the wire layer refuses
        it before.
        """
        clauses, values = _conditions(object_type, where, created)
        cursor, newest_first = starting_after or ending_before, ending_before is None
        if cursor is not None:
            sign = "<" if newest_first else ">"
            clauses.append(
                f"(created, seq) {sign} (SELECT created, seq FROM objects WHERE object = ? AND id = ?)"  # noqa: S608
            )
            values += [object_type, cursor]
        order = "DESC" if newest_first else "ASC"
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)}"  # noqa: S608
            f" ORDER BY created {order}, seq {order} LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        items = [json.loads(body) for (body,) in rows[:limit]]
        return Page(items if newest_first else items[::-1], len(rows) > limit)

    def all(
        self, object_type: str, where: Where | None = None, *, created: Mapping[str, int] | int | None = None
    ) -> Objects:
        """Return every match, in the order they were made (oldest first)."""
        clauses, values = _conditions(object_type, where, created)
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq",  # noqa: S608
            values,
        ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def count(self, object_type: str, where: Where | None = None) -> int:
        """Return how many objects match; deleted ones are not counted."""
        clauses, values = _conditions(object_type, where, None)
        (number,) = self.connection.execute(
            f"SELECT count(*) FROM objects WHERE {' AND '.join(clauses)}",  # noqa: S608
            values,
        ).fetchone()
        return int(number)

    def next_due(self, until: int, test_clock: str | None) -> Due | None:
        """Return what is due first at or before `until`, under the clock or (None) in wall time."""
        row = self.connection.execute(
            "SELECT due_at, object, id FROM objects WHERE test_clock IS ? AND due_at <= ? ORDER BY due_at, seq LIMIT 1",
            (test_clock, until),
        ).fetchone()
        return None if row is None else Due(*row)

    def set_due(self, object_type: str, object_id: str, due_at: int | None) -> None:
        """Set the next instant at which something must happen to an object; None for never."""
        self.connection.execute(
            "UPDATE objects SET due_at = ? WHERE object = ? AND id = ?", (due_at, object_type, object_id)
        )

    def wall_now(self) -> int:
        """Return the real time in whole seconds."""
        return int(self._wall_clock())

    def now(self, obj: Mapping[str, Any]) -> int:
        """Return the time that applies to an object: its customer's test clock, else the wall clock."""
        if obj.get("object") == TEST_CLOCK:
            return int(obj["frozen_time"])
        clock_id = self.clock_of(obj)
        if clock_id:
            return self._frozen_time(clock_id)
        return self.wall_now() if self._moment is None else self._moment

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Let it be another moment, within the block, for everything that lives in real time."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def now_for(self, customer_id: str | None) -> int:
        """Return the time that applies to a customer."""
        return self.now({"customer": customer_id})

    def clock_of(self, obj: Mapping[str, Any]) -> str | None:
        """Return the id of the test clock an object lives under, if any."""
        clock_id, customer_id = obj.get("test_clock"), obj.get("customer")
        if clock_id is None and isinstance(customer_id, str):
            row = self.connection.execute(
                "SELECT test_clock FROM objects WHERE object = 'customer' AND id = ?", (customer_id,)
            ).fetchone()
            return row[0] if row is not None else None
        return _text(clock_id)

    def setting(self, name: str) -> str | None:
        """Return a setting of the whole account, or None."""
        row = self.connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting of the whole account."""
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def _frozen_time(self, clock_id: str) -> int:
        row = self.connection.execute(
            "SELECT json_extract(body, '$.frozen_time'), json_extract(private, '$.living') FROM objects"
            " WHERE object = ? AND id = ?",
            (TEST_CLOCK, clock_id),
        ).fetchone()
        if row is None:
            return self.wall_now()
        frozen_time, living = row
        return max(int(frozen_time), self.wall_now()) if living else int(frozen_time)


def _conditions(
    object_type: str, where: Where | None, created: Mapping[str, int] | int | None
) -> tuple[list[str], list[Any]]:
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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _subscription_of(obj: StripeDict) -> str | None:
    direct = _text(obj.get("subscription"))
    if direct is not None:
        return direct
    parent = obj.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else None
    return _text(details.get("subscription")) if isinstance(details, dict) else None
