"""The list of fixture modules; each fixture stands in the module named after what it gives."""

pytest_plugins = [
    "tests.fixtures.app",
    "tests.fixtures.cast",
    "tests.fixtures.jobs",
]
