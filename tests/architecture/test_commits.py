"""One commit at the edge: verbs change the session, and the unit of work commits it."""

from __future__ import annotations

from tests.architecture.sources import calls, parsed

MAY_COMMIT = (
    "portal/web/unit_of_work.py",
    "portal/jobs/",
    "portal/cli.py",
    "portal/emulator/",
    "portal/demo/",
)


def test_commit_stands_only_at_the_edge() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in parsed().items()
        if not name.startswith(MAY_COMMIT)
        for called, line in calls(tree)
        if called.endswith(".commit")
    ]
    assert found == []
