"""The list of fixture modules; each fixture stands in the module named after what it gives."""

import hypothesis
import pytest

# The same examples in every run, and no verdict on how fast they were: a busy machine is not a defect.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")

# Before any of them is imported: they import one another, in whatever order they are listed.
pytest.register_assert_rewrite("tests.fixtures")

pytest_plugins = [
    "tests.fixtures.emulator",
    "tests.fixtures.app",
    "tests.fixtures.browser",
    "tests.fixtures.catalog",
    "tests.fixtures.cast",
    "tests.fixtures.jobs",
    "tests.fixtures.mail",
    "tests.fixtures.outage",
    "tests.fixtures.people",
    "tests.fixtures.smtp",
    "tests.fixtures.team",
    "tests.fixtures.time",
    "tests.fixtures.crash",
    "tests.fixtures.history",
    "tests.fixtures.told",
    "tests.fixtures.webhooks",
    "tests.fixtures.postgres",
    "tests.fixtures.seats",
    "tests.fixtures.usage",
]
