"""Moves a database's schema: up at start on the embedded database, by command everywhere."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.kit.shipped import SHIPPED

ADVISORY_LOCK = 7_201_126  # any number; the same for every process that migrates


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision, one process at a time; the folder of a new SQLite file is made."""
    if engine.dialect.name == "sqlite" and engine.url.database not in (None, "", ":memory:"):
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with engine.begin() as connection:
        _lock(connection)
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the schema down to a revision (`base` empties the database)."""
    with engine.begin() as connection:
        _lock(connection)
        command.downgrade(_config(connection), revision)


def revise(engine: sa.Engine, message: str) -> None:
    """Write a new revision from what differs between the models and this database."""
    with engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def is_current(engine: sa.Engine) -> bool:
    """Tell whether the schema is at the newest revision."""
    with engine.connect() as connection:
        at = MigrationContext.configure(connection).get_current_heads()
        newest = ScriptDirectory.from_config(_config(connection)).get_heads()
    return set(at) == set(newest)


def _lock(connection: sa.Connection) -> None:
    # SQLite's BEGIN IMMEDIATE already keeps every other writer out.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})


def _config(connection: sa.Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(SHIPPED / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
