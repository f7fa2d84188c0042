"""Test clocks: time that stands still until it is advanced, for the customers who live under it."""

from __future__ import annotations

from portal.emulator.billing.periods import Cadence, after
from portal.emulator.billing.records import GONE
from portal.emulator.billing.time import advance_clock
from portal.emulator.events import emit
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.living_clocks import live_on_from_now, stand_still
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import check_lengths, text
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_LIFETIME = 30 * 24 * 3600
_UNDERWAY = "Test clock advancement underway - cannot perform modifications."
_LONGEST_NAME = 300
# Ten digits: an instant in milliseconds, the usual slip, has thirteen.
_LATEST = 9_999_999_999


@route("POST", "/v1/test_helpers/test_clocks", params="test_helpers.TestClockCreateParams")
def create_clock(tx: Transaction, call: Call) -> StripeDict:
    """Create a test clock, at any instant of the past or future."""
    check_lengths(call.params, {"name": _LONGEST_NAME})
    now = tx.wall_now()
    clock: StripeDict = {
        "id": tx.new_id("clock"),
        "object": TEST_CLOCK,
        "created": now,
        "deletes_after": now + _LIFETIME,
        "frozen_time": _instant(call.params["frozen_time"]),
        "livemode": False,
        "name": text(call.params.get("name")),
        "status": "ready",
        "status_details": {"advancing": None},
    }
    tx.put(clock)
    emit(tx, "test_helpers.test_clock.created", clock)
    return clock


@route("GET", "/v1/test_helpers/test_clocks/{id}", params="test_helpers.TestClockRetrieveParams")
def retrieve_clock(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a test clock."""
    return in_path(tx, TEST_CLOCK, call.args["id"], param="test_clock")


@route(
    "POST",
    "/v1/test_helpers/test_clocks/{id}/advance",
    params="test_helpers.TestClockAdvanceParams",
    alone=_UNDERWAY,
)
def advance_test_clock(tx: Transaction, call: Call) -> StripeDict:
    """Advance a test clock: everything due on the way happens."""
    clock = in_path(tx, TEST_CLOCK, call.args["id"], param="test_clock")
    return advance(tx, clock["id"], _instant(call.params["frozen_time"]))


def advance(tx: Transaction, clock_id: str, until: int) -> StripeDict:
    """Advance a clock and return it as `advancing`; once the transaction is over, it is ready.

    Raises a 400 for an instant that is not in its future, or further than two periods of its shortest
    subscription (two years without one).
    """
    stand_still(tx, clock_id)
    clock = in_path(tx, TEST_CLOCK, clock_id)
    if until <= clock["frozen_time"]:
        raise invalid(
            "The frozen_time must be after the test clock's current frozen_time.", param="frozen_time"
        )
    furthest = _furthest(tx, clock, until)
    if until > furthest:
        raise invalid(
            "Cannot advance a test clock by more than two intervals of its shortest subscription "
            f"(two years without one). The latest frozen_time for now is {furthest}.",
            param="frozen_time",
        )
    advancing = {
        **clock,
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": until}},
    }
    emit(tx, "test_helpers.test_clock.advancing", advancing)
    advance_clock(tx, clock_id, until)
    live_on_from_now(tx, clock_id)
    with tx.on_its_own():
        emit(tx, "test_helpers.test_clock.ready", in_path(tx, TEST_CLOCK, clock_id))
    return advancing


@route(
    "DELETE",
    "/v1/test_helpers/test_clocks/{id}",
    params="test_helpers.TestClockDeleteParams",
    alone=_UNDERWAY,
)
def delete_clock(tx: Transaction, call: Call) -> StripeDict:
    """Delete a test clock and everything that lives under it."""
    clock = in_path(tx, TEST_CLOCK, call.args["id"], param="test_clock")
    tx.delete_under_clock(clock["id"])
    tx.delete(TEST_CLOCK, clock["id"])
    emit(tx, "test_helpers.test_clock.deleted", clock)
    return {"id": clock["id"], "object": TEST_CLOCK, "deleted": True}


@route("GET", "/v1/test_helpers/test_clocks", params="test_helpers.TestClockListParams")
def list_clocks(tx: Transaction, call: Call) -> StripeDict:
    """List test clocks, newest first."""
    return list_answer(tx, call, TEST_CLOCK)


def _instant(seconds: int) -> int:
    if not 0 <= seconds <= _LATEST:
        raise invalid(
            f"Invalid timestamp: {seconds}. It must be in seconds since 1970.",
            param="frozen_time",
            code="parameter_invalid_integer",
        )
    return seconds


def _furthest(tx: Transaction, clock: StripeDict, until: int) -> int:
    """Give the latest instant a clock may be advanced to; anything from `until` on will do if that is allowed.

    A clock may have very many subscriptions, of which little is due: they are only looked at where some price
    recurs so often that it could matter.
    """
    now = int(clock["frozen_time"])
    two_years = after(now, Cadence("year", 2))
    nearest = min([two_years, *(_two_intervals(now, cadence) for cadence in _cadences_of_prices(tx))])
    if until <= nearest:
        return nearest
    return min((_two_intervals(now, cadence) for cadence in _cadences(tx, clock["id"])), default=two_years)


def _two_intervals(now: int, cadence: Cadence) -> int:
    return after(now, Cadence(cadence.interval, cadence.number * 2))


def _cadences_of_prices(tx: Transaction) -> list[Cadence]:
    rows = tx.connection.execute(
        "SELECT DISTINCT json_extract(body, '$.recurring.interval'), json_extract(body, '$.recurring.interval_count')"
        " FROM objects WHERE object = 'price' AND json_extract(body, '$.recurring') IS NOT NULL"
    )
    return [Cadence(interval, number) for interval, number in rows]


def _cadences(tx: Transaction, clock_id: str) -> list[Cadence]:
    """List how often the running subscriptions under a clock recur.

    Left to the database, because there may be very many. The plus keeps it from walking through everything else
    that lives under the clock.
    """
    rows = tx.connection.execute(
        "SELECT DISTINCT json_extract(item.value, '$.price.recurring.interval'),"
        " json_extract(item.value, '$.price.recurring.interval_count')"
        " FROM objects, json_each(objects.body, '$.items.data') AS item"
        " WHERE object = 'subscription' AND +test_clock = ? AND status NOT IN (?, ?)",
        (clock_id, *GONE),
    )
    return [Cadence(interval, number) for interval, number in rows]
