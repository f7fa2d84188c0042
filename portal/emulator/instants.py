"""Time within a transaction: which clock applies to an object, what time it is there, and what is due next."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from portal.emulator.conditions import text_or_none

TEST_CLOCK: Final = "test_helpers.test_clock"


@dataclass(frozen=True)
class Due:
    """An object for which something has to happen at `at` (seconds, in the time that applies to it)."""

    at: int
    object: str
    id: str


class Instants:
    """The time of every object, real or a test clock's; the part of `Transaction` that knows about time."""

    def __init__(self, connection: sqlite3.Connection, wall_clock: Callable[[], float]) -> None:
        self.connection = connection
        self._wall_clock = wall_clock
        self._moment: int | None = None

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

    def now_for(self, customer_id: str | None) -> int:
        """Return the time that applies to a customer."""
        return self.now({"customer": customer_id})

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Let it be another moment, within the block, for everything that lives in real time."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def clock_of(self, obj: Mapping[str, Any]) -> str | None:
        """Return the id of the test clock an object lives under, if any."""
        clock_id, customer_id = obj.get("test_clock"), obj.get("customer")
        if clock_id is None and isinstance(customer_id, str):
            row = self.connection.execute(
                "SELECT test_clock FROM objects WHERE object = 'customer' AND id = ?", (customer_id,)
            ).fetchone()
            return row[0] if row is not None else None
        if clock_id is None and isinstance(obj.get("invoice"), str):
            # A payment of an invoice names its customer through the invoice only.
            row = self.connection.execute(
                "SELECT test_clock FROM objects WHERE object = 'invoice' AND id = ?", (obj["invoice"],)
            ).fetchone()
            return row[0] if row is not None else None
        return text_or_none(clock_id)

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
