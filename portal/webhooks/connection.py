"""A PostgreSQL connection per thread that stays open and commits each statement: borrowing one from the pool, asking
whether it still lives, and a BEGIN and COMMIT of their own would cost four round trips for one statement's work."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa


class OpenConnections:
    """The connections of one engine. They end with the engine's pool."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[Any] = []
        assert engine.dialect.dbapi is not None
        self._gone: type[Exception] = engine.dialect.dbapi.OperationalError
        sa.event.listen(engine, "engine_disposed", self._close_all)

    def execute(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run one statement and return its first row. The statement must do no harm when it runs twice: if the
        connection turns out to be gone, it is tried once more on a new one. Raises the driver's OperationalError
        when the database is away."""
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            try:
                return self._first(connection, statement, values)
            except self._gone:
                self._forget(connection)
        return self._first(self._open(), statement, values)

    @staticmethod
    def _first(connection: Any, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
        return row

    def _open(self) -> Any:
        borrowed = self._engine.raw_connection()
        connection: Any = borrowed.driver_connection
        borrowed.detach()
        connection.rollback()
        connection.autocommit = True
        self._mine.connection = connection
        with self._lock:
            self._all.append(connection)
        return connection

    def _forget(self, connection: Any) -> None:
        self._mine.connection = None
        with self._lock:
            self._all.remove(connection)
        connection.close()

    def _close_all(self, _engine: sa.Engine) -> None:
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._mine = threading.local()
