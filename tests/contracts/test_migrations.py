"""The migrations and the models say the same, in both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from portal import migrate
from portal.kit.db import configure_engine
from portal.models import Model
from tests.fixtures.postgres import database_on


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database without tables, on each of the two kinds."""
    with contextlib.ExitStack() as until_the_end:
        url = f"sqlite:///{tmp_path / 'nothing.db'}"
        if request.param == "postgresql":
            server = str(request.getfixturevalue("postgres_server"))
            url = until_the_end.enter_context(database_on(server, "portal_migrations"))
        engine = sa.create_engine(url)
        configure_engine(engine)
        yield engine
        engine.dispose()


def test_migrating_from_nothing_makes_exactly_the_models_tables(nothing: sa.Engine) -> None:
    migrate.upgrade(nothing)
    with nothing.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Model.metadata) == []
    assert migrate.is_current(nothing)


def test_migrating_down_leaves_nothing_and_up_again_works(nothing: sa.Engine) -> None:
    migrate.upgrade(nothing)
    migrate.downgrade(nothing, "base")
    assert set(sa.inspect(nothing).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(nothing)
    assert "tenant" in sa.inspect(nothing).get_table_names()


def test_a_schema_that_is_behind_is_noticed(nothing: sa.Engine) -> None:
    assert not migrate.is_current(nothing)
