"""The migrations and the models say the same, in both directions."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from portal import migrate
from portal.kit.db import configure_engine
from portal.models import Model


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}")
    configure_engine(engine)
    return engine


def test_migrating_from_nothing_makes_exactly_the_models_tables(tmp_path: Path) -> None:
    engine = _engine(tmp_path / "fresh.db")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Model.metadata) == []
    assert migrate.is_current(engine)
    engine.dispose()


def test_migrating_down_leaves_nothing_and_up_again_works(tmp_path: Path) -> None:
    engine = _engine(tmp_path / "roundtrip.db")
    migrate.upgrade(engine)
    migrate.downgrade(engine, "base")
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(engine)
    assert "tenant" in sa.inspect(engine).get_table_names()
    engine.dispose()


def test_a_schema_that_is_behind_is_noticed(tmp_path: Path) -> None:
    engine = _engine(tmp_path / "behind.db")
    assert not migrate.is_current(engine)
    engine.dispose()
