"""The running product for the tests of this folder. It goes when the last of them is over: its threads would take time
and randomness from the tests after them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.fixtures.postgres import database_on
from tests.fixtures.server import Site, running_site


@pytest.fixture(scope="package")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product with its demo tenant, on the kind of database that --database names."""
    with contextlib.ExitStack() as running:
        if request.config.getoption("--database") == "postgresql":
            server, template = (
                request.getfixturevalue(f"postgres_{name}") for name in ("server", "template")
            )
            database = running.enter_context(database_on(server, "portal_site", template=template))
        else:
            database = f"sqlite:///{tmp_path_factory.mktemp('site') / 'portal.db'}"
        yield running.enter_context(running_site(database, with_demo=_want_the_demo(request.session)))


def _want_the_demo(session: pytest.Session) -> bool:
    """The main path begins with a sign-up; only the other tests look at what the demo tenant has."""
    here = [item for item in session.items if item.get_closest_marker("browser")]
    return any(item.get_closest_marker("main_path") is None for item in here)
