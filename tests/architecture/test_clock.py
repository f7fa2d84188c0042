"""Time comes from the clock of the kit, so that it can be moved."""

from __future__ import annotations

from tests.architecture.sources import calls, parsed

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "dt.datetime.now"}
MAY_ASK = ("portal/kit/clock.py", "portal/emulator/")


def test_only_the_kit_asks_the_operating_system_for_the_time() -> None:
    found = [
        f"{name}:{line} {called}"
        for name, tree in parsed().items()
        if not name.startswith(MAY_ASK)
        for called, line in calls(tree)
        if called in CLOCKS
    ]
    assert found == []
