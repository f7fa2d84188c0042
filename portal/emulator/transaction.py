"""What can be done within one transaction: ids, objects by id, lists and settings; time comes from `instants`.

Objects are plain dicts exactly as on the wire. `get` always returns a fresh copy: after calling anything that may
write an object, get it again before changing it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from portal.emulator.conditions import Created, Where, columns_of, conditions
from portal.emulator.instants import Instants

StripeDict = dict[str, Any]
Objects = list[StripeDict]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


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


class Transaction(Instants):
    """Reads and writes of one request; made by `Store.transaction`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        seed: str,
        wall_clock: Callable[[], float],
        base_url: str,
        request: RequestInfo | None,
    ) -> None:
        super().__init__(connection, wall_clock)
        self.base_url = base_url
        self.request = request
        self._seed = seed

    @contextmanager
    def on_its_own(self) -> Iterator[None]:
        """Let what happens within the block be nobody's request: time brings it, and its events say so."""
        request, self.request = self.request, None
        try:
            yield
        finally:
            self.request = request

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
        changed = [("body", body), *columns_of(obj)]
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
        """Remove every object that lives under a test clock, or belongs to a customer, an invoice or a subscription
        that does.
        """
        under = "(SELECT id FROM objects WHERE test_clock = ?1 AND object = '{}')".format
        self.connection.execute(
            f"DELETE FROM objects WHERE test_clock = ?1 OR customer IN {under('customer')}"  # noqa: S608
            f" OR invoice IN {under('invoice')} OR subscription IN {under('subscription')}",
            (clock_id,),
        )

    def list(
        self,
        object_type: str,
        where: Where | None = None,
        *,
        created: Created | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page:
        """Return one page, newest first. Deleted objects are left out.

        `where` and `created` are conditions (see `conditions`). A cursor that does not exist gives an empty page:
        the wire layer refuses it before.
        """
        clauses, values = conditions(object_type, where, created)
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

    def all(self, object_type: str, where: Where | None = None, *, created: Created | None = None) -> Objects:
        """Return every match, in the order they were made (oldest first)."""
        clauses, values = conditions(object_type, where, created)
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq",  # noqa: S608
            values,
        ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def count(self, object_type: str, where: Where | None = None) -> int:
        """Return how many objects match; deleted ones are not counted."""
        clauses, values = conditions(object_type, where, None)
        (number,) = self.connection.execute(
            f"SELECT count(*) FROM objects WHERE {' AND '.join(clauses)}",  # noqa: S608
            values,
        ).fetchone()
        return int(number)

    def setting(self, name: str) -> str | None:
        """Return a setting of the whole account, or None."""
        row = self.connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting of the whole account."""
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
