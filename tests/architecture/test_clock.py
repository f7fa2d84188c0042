"""Time comes from the clock of the kit, so that it can be moved, and is always aware."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import Sources, calls, last_word, parsed, planted

ASKS = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.utcfromtimestamp",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
)
LAST = {asked.rpartition(".")[2] for asked in ASKS}
# The emulator has its own clock, which its console moves; the demo waits for processes in real time.
MAY_ASK = ("portal/kit/clock.py", "portal/emulator/")


def questions_to_the_system(sources: Sources) -> list[str]:
    """Return where somebody asks the operating system for the time, by call or by handing the function on."""
    found = []
    for name, tree in sources.items():
        if name.startswith(MAY_ASK):
            continue
        for node in ast.walk(tree):
            # Writing a node out takes its time, so the last word is looked at first; so in the functions below.
            if isinstance(node, ast.Attribute) and node.attr in LAST and ast.unparse(node).endswith(ASKS):
                found.append(f"{name}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                found += [
                    f"{name}:{node.lineno} from time import {n.name}" for n in node.names if n.name == "time"
                ]
    return found


def thirty_days(sources: Sources) -> list[str]:
    """Return where a billing month is taken for thirty days (limits of idle time are not billing)."""
    rooms = ("portal/subscriptions/", "portal/invoices/", "portal/pricing/", "portal/plans/", "portal/seats/")
    return [
        f"{name}:{node.lineno}"
        for name, tree in sources.items()
        if name.startswith(rooms)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and last_word(node.func) == "timedelta"
        and any(
            word.arg == "days" and ast.unparse(word.value) in ("30", "31", "365") for word in node.keywords
        )
    ]


def naive_instants(sources: Sources) -> list[str]:
    """Return where an instant is made of Unix seconds without a zone."""
    return [
        f"{name}:{line}"
        for name, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and last_word(node.func) == "fromtimestamp"
        for called, line in [(ast.unparse(node.func), node.lineno)]
        if called.endswith("datetime.fromtimestamp") and len(node.args) + len(node.keywords) < 2
    ]


def test_only_the_kit_asks_the_operating_system_for_the_time() -> None:
    assert questions_to_the_system(parsed()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nnow = datetime.now(UTC)",
        "import datetime\nnow = datetime.datetime.now()",
        "import datetime as dt\nnow = dt.datetime.utcnow()",
        "from datetime import date\ntoday = date.today()",
        "import time\nnow = time.time()",
        "from time import time\nnow = time()",
        "created = mapped_column(default=datetime.now)",
    ],
)
def test_a_question_to_the_system_is_found(source: str) -> None:
    assert questions_to_the_system(planted(source)) != []


def test_measuring_how_long_something_takes_is_allowed() -> None:
    assert questions_to_the_system(planted("import time\nstarted = time.monotonic()")) == []


def test_no_billing_month_is_thirty_days() -> None:
    assert thirty_days(parsed()) == []
    assert thirty_days(planted("end = start + timedelta(days=30)")) != []


def test_no_instant_is_made_without_a_zone() -> None:
    assert naive_instants(parsed()) == []
    assert naive_instants(planted("at = datetime.fromtimestamp(seconds)")) != []
    assert naive_instants(planted("at = datetime.fromtimestamp(seconds, UTC)")) == []


def test_nothing_sleeps_but_what_waits_for_another_process() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in parsed().items()
        if not name.startswith(("portal/demo/", "portal/emulator/", "portal/sync/fence.py"))
        for called, line in calls(tree)
        if called in ("time.sleep", "sleep")
    ]
    assert found == []
