"""The declarative base, column types and engine hooks shared by both databases.

SQLite: the driver's own transactions silently lose updates, so it runs in autocommit and we send BEGIN
ourselves: IMMEDIATE for writers (a read that turns into a write after another commit fails at once otherwise),
DEFERRED for connections with the `readonly` execution option.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""64-bit primary key; SQLite only auto-increments a column declared INTEGER."""

Json: sa.types.TypeEngine[Any] = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant: refuses naive values with ValueError, always gives back aware UTC (SQLite drops the zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """Base of every table: a 64-bit `id` of our own; Stripe's id is always a separate `stripe_id`."""

    # On the registry, not on the class: Flask-SQLAlchemy derives its own base from this one.
    registry = sa.orm.registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime(), dict[str, Any]: Json, list[Any]: Json},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)


def insert_for(connection: sa.Connection | Any, table: Any) -> postgresql.Insert | sqlite.Insert:
    """Return the dialect's INSERT that knows ON CONFLICT, for a connection or session bind."""
    name = connection.dialect.name
    return postgresql.insert(table) if name == "postgresql" else sqlite.insert(table)


def configure_engine(engine: sa.Engine) -> None:
    """Install the connection hooks an engine needs; does nothing on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        readonly = connection.get_execution_options().get("readonly", False)
        connection.exec_driver_sql("BEGIN DEFERRED" if readonly else "BEGIN IMMEDIATE")


def engine_options(url: str, *, pooler: str | None) -> dict[str, Any]:
    """Return create_engine options for a database URL. `pooler='transaction'` turns off prepared statements."""
    if url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False}}
    connect_args: dict[str, Any] = {"connect_timeout": 5}
    if pooler == "transaction":
        connect_args["prepare_threshold"] = None
    return {
        "pool_size": 8,
        "max_overflow": 2,
        "pool_timeout": 5,
        "pool_recycle": 1800,
        "pool_pre_ping": True,
        "connect_args": connect_args,
    }
