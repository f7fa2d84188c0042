"""The console's time machine: every test clock, who lives under it, and moving it forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.periods import Cadence, after
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.test_clocks import advance as advance_clock
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid

_HOUR: Final = 3600
# A renewal invoice is a draft for an hour: after a month and an hour the renewal is also paid.
_STEPS: Final = {
    "hour": None,
    "day": Cadence("day", 1),
    "week": Cadence("week", 1),
    "month": Cadence("month", 1),
}


@dataclass(frozen=True)
class Clock:
    """A clock with the time it shows and the customers under it. A `living` one follows real time for now."""

    clock: StripeDict
    now: int
    living: bool
    customers: Objects


def index(emulator: Emulator, _request: Request) -> Response:
    """List the clocks, newest first."""
    with emulator.store.transaction(write=False) as tx:
        clocks = [clock_of(tx, clock["id"]) for clock in tx.list(TEST_CLOCK, limit=100).items]
        return page("console_clocks.html", section="time", clocks=clocks, wall_now=tx.wall_now())


def advance(emulator: Emulator, request: Request, clock_id: str) -> Response:
    """Move a clock by a step or to a date, and go back to where the form was."""
    back = request.form.get("back", "")
    back = back if back.startswith("/console/") else "/console/clocks"
    try:
        with emulator.store.transaction() as tx:
            if tx.get(TEST_CLOCK, clock_id) is None:
                raise NotHere("Clock not found", "This test clock was deleted.", link=(back, "Back"))
            now = tx.now({"test_clock": clock_id})
            until = _target(now, request.form)
            if until <= now:
                raise invalid("The clock shows a later time already. It moves forward only.", param="to")
            advance_clock(tx, clock_id, until)
    except StripeError as refused:
        raise NotHere("Time was not moved", refused.message, status=422, link=(back, "Back")) from refused
    return see(back)


def clock_of(tx: Transaction, clock_id: str) -> Clock:
    """Describe a clock."""
    clock = tx.get(TEST_CLOCK, clock_id)
    assert clock is not None, clock_id
    return Clock(
        clock,
        tx.now({"test_clock": clock_id}),
        bool(tx.private(TEST_CLOCK, clock_id).get("living")),
        tx.all("customer", {"test_clock": clock_id}),
    )


def _target(now: int, posted: Mapping[str, str]) -> int:
    by = posted.get("by", "")
    if by not in _STEPS:
        return _noon(posted.get("to", ""))
    cadence = _STEPS[by]
    if cadence is None:
        return now + _HOUR
    return after(now, cadence) + (_HOUR if by == "month" else 0)


def _noon(text: str) -> int:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise invalid("Choose a step, or a date like 2026-12-24.", param="to") from None
    return int((day + timedelta(hours=12)).timestamp())
