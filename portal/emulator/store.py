"""The emulator's store: one SQLite database, in a file or in memory, and the scope of a transaction on it.

A request is one transaction. Writers take the write lock at once (BEGIN IMMEDIATE), so nothing is ever lost between
a read and a write. In memory, one connection is shared by all threads behind a lock; on a file each thread has its
own connection and several processes may work at the same time.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from portal.emulator.schema import SCHEMA, TABLES
from portal.emulator.transaction import RequestInfo, Transaction
from portal.emulator.wire.errors import locked

_BUSY_SECONDS = 15.0
_SWITCH_PAUSE = 0.01


class Store:
    """Objects by type and id, with indexed columns for what lists and the time engine ask for."""

    def __init__(
        self,
        path: str | None = None,
        *,
        seed: int | None = None,
        base_url: str = "http://127.0.0.1:12111",
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or create the store; `seed` None means ids that no other store repeats."""
        self.path = path
        self.base_url = base_url
        self.wall_clock = wall_clock
        self._seed = seed
        self._lock = threading.RLock()
        self._local = threading.local()
        self._shared = self._connect(":memory:") if path is None else None
        with self._exclusive() as connection:
            connection.executescript(SCHEMA)
            self._plant_seed(connection, replace=False)
            self.opened = self._count_opening(connection)

    def _connect(self, path: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        if path != ":memory:":
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @contextmanager
    def _exclusive(self) -> Iterator[sqlite3.Connection]:
        """Yield this thread's connection; in memory, with all other threads held off."""
        if self._shared is not None:
            with self._lock:
                yield self._shared
            return
        connection = getattr(self._local, "connection", None)
        if connection is None:
            assert self.path is not None
            connection = self._local.connection = self._connect(self.path)
        yield connection

    @contextmanager
    def transaction(self, *, write: bool = True, request: RequestInfo | None = None) -> Iterator[Transaction]:
        """Run a block as one transaction: committed when it ends, rolled back when it raises.

        Refuses to nest: a second transaction in the same thread would commit half of the first. Raises a 429 where
        another process holds the store for too long.
        """
        with self._exclusive() as connection:
            if connection.in_transaction:
                raise RuntimeError("a transaction of the emulator's store is already open in this thread")
            self._begin(connection, write=write)
            try:
                yield Transaction(
                    connection, self.seed_of(connection), self.wall_clock, self.base_url, request
                )
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @staticmethod
    def _begin(connection: sqlite3.Connection, *, write: bool) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise locked() from error
            raise

    def snapshot(self) -> str:
        """Return everything in the store as one JSON text."""
        with self._exclusive() as connection:
            rows: dict[str, list[list[Any]]] = {}
            connection.execute("BEGIN")
            try:
                for table in TABLES:
                    rows[table] = [list(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
            finally:
                connection.execute("COMMIT")
            return json.dumps(rows, separators=(",", ":"))

    def restore(self, snapshot: str) -> None:
        """Replace everything by what `snapshot` returned earlier. Raises ValueError for any other text."""
        tables = json.loads(snapshot)
        if not isinstance(tables, dict) or set(tables) != set(TABLES):
            raise ValueError("this is not a snapshot of the emulator's store")
        with self._exclusive() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for table in TABLES:
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608
                    for row in tables[table]:
                        marks = ",".join("?" * len(row))
                        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608
                if not self._can_make_ids(connection):
                    raise ValueError("this is not a snapshot of the emulator's store")
            except BaseException as error:
                connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error | TypeError):
                    raise ValueError("this is not a snapshot of the emulator's store") from error
                raise
            connection.execute("COMMIT")

    def reset(self) -> None:
        """Forget everything but how the account is set up; with a fixed seed the same calls give the same ids again."""
        with self._exclusive() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                if table != "settings":
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608
            self._plant_seed(connection, replace=True)
            connection.execute("COMMIT")

    def copy(self) -> "Store":
        """Return an in-memory store with the same content as now: what stale reads are served from."""
        twin = Store(None, seed=self._seed, base_url=self.base_url, wall_clock=self.wall_clock)
        twin.restore(self.snapshot())
        return twin

    def close(self) -> None:
        """Close the connection of the calling thread (or the shared one)."""
        connection = self._shared or getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()

    def _plant_seed(self, connection: sqlite3.Connection, *, replace: bool) -> None:
        seed = str(self._seed) if self._seed is not None else secrets.token_hex(16)
        verb = "REPLACE" if replace else "IGNORE"
        connection.execute(f"INSERT OR {verb} INTO settings VALUES ('seed', ?)", (seed,))  # noqa: S608
        connection.execute(f"INSERT OR {verb} INTO settings VALUES ('counter', '0')")  # noqa: S608

    @staticmethod
    def _can_make_ids(connection: sqlite3.Connection) -> bool:
        query = "SELECT count(*) FROM settings WHERE name IN ('seed', 'counter')"
        return bool(connection.execute(query).fetchone() == (2,))

    @staticmethod
    def _count_opening(connection: sqlite3.Connection) -> int:
        (opened,) = connection.execute(
            "INSERT INTO settings VALUES ('opened', '1')"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        ).fetchone()
        return int(opened)

    @staticmethod
    def seed_of(connection: sqlite3.Connection) -> str:
        """Return the seed all ids of this store derive from."""
        (seed,) = connection.execute("SELECT value FROM settings WHERE name = 'seed'").fetchone()
        return str(seed)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, in which readers and a writer do not wait for each other.

    SQLite does not wait for another process that switches the same new file at this moment, so this does. Raises
    OperationalError where the file stays locked.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_SWITCH_PAUSE)
