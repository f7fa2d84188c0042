"""PostgreSQL connections that stay open and commit each statement: borrowing one from the pool, asking whether it
still lives, and a BEGIN and a COMMIT would cost four round trips for one statement's work."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

MOST_KEPT = 8


class OpenConnections:
    """The idle connections of one engine, the last used first. They end with the engine's pool."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._idle: deque[Any] = deque()
        assert engine.dialect.dbapi is not None
        self._gone: type[Exception] = engine.dialect.dbapi.OperationalError
        sa.event.listen(engine, "engine_disposed", self._close_all)

    def execute(self, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run one statement and return its first row. The statement must do no harm when it runs twice: if a kept
        connection turns out to be gone, it is tried once more on a new one. Raises the driver's OperationalError
        when the database is away."""
        try:
            kept = self._idle.pop()
        except IndexError:
            return self._run(self._open(), statement, values)
        try:
            return self._run(kept, statement, values)
        except self._gone:
            # The others were made before the same restart.
            self._close_all(self._engine)
            return self._run(self._open(), statement, values)

    def _run(self, connection: Any, statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MOST_KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        return row

    def _open(self) -> Any:
        borrowed = self._engine.raw_connection()
        connection: Any = borrowed.driver_connection
        borrowed.detach()
        connection.rollback()
        connection.autocommit = True
        return connection

    def _close_all(self, _engine: sa.Engine) -> None:
        while self._idle:
            self._idle.pop().close()
