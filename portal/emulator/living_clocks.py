"""Living clocks: test clocks that follow real time until somebody advances them.

At Stripe a test clock has to be given when a customer is made. In a demo nobody knows then that time will be
advanced later, so the emulator can give every new customer a clock that is not noticed until it is needed.
"""

from portal.emulator.billing.time import advance_clock
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.living_setting import clocks_live, set_living
from portal.emulator.store import Store
from portal.emulator.transaction import StripeDict, Transaction

_LIFETIME_SECONDS = 30 * 24 * 3600
# How far the `frozen_time` that clients see may lag behind; what is due happens without lag.
_SHOWN_LAG_SECONDS = 60


def let_clocks_live(store: Store, *, on: bool) -> None:
    """Choose whether new customers get a living clock."""
    with store.transaction() as tx:
        set_living(tx, on=on)


def clock_for_new_customer(tx: Transaction) -> str | None:
    """Make a living clock and return its id; None where customers live in real time."""
    if not clocks_live(tx):
        return None
    now = tx.wall_now()
    clock: StripeDict = {
        "id": tx.new_id("clock"),
        "object": TEST_CLOCK,
        "created": now,
        "deletes_after": now + _LIFETIME_SECONDS,
        "frozen_time": now,
        "livemode": False,
        "name": "Real time, until advanced",
        "status": "ready",
        "status_details": {"advancing": None},
    }
    tx.put(clock, private={"living": True})
    return str(clock["id"])


def stand_still(tx: Transaction, clock_id: str) -> None:
    """Stop a living clock where real time is now, with everything due so far done; other clocks stay as they are."""
    if tx.private(TEST_CLOCK, clock_id).get("living"):
        _catch_up(tx, clock_id, living=False)


def live_on_from_now(tx: Transaction, clock_id: str) -> None:
    """Let a clock that has just reached real time follow it, where clocks live; other clocks stay as they are."""
    clock = tx.get(TEST_CLOCK, clock_id)
    assert clock is not None, clock_id
    if clocks_live(tx) and abs(tx.wall_now() - int(clock["frozen_time"])) <= _SHOWN_LAG_SECONDS:
        tx.put(clock, private={"living": True})


def follow_real_time(store: Store) -> int:
    """Let living clocks catch up with real time where something is due or they lag visibly; return how many did."""
    with store.transaction(write=False) as tx:
        late = _late_clocks(tx)
    for clock_id in late:
        with store.transaction() as tx:
            if tx.private(TEST_CLOCK, clock_id).get("living"):
                _catch_up(tx, clock_id, living=True)
    return len(late)


def _catch_up(tx: Transaction, clock_id: str, *, living: bool) -> None:
    clock = tx.get(TEST_CLOCK, clock_id)
    assert clock is not None, clock_id
    # While it catches up the clock shows each moment it passes through, not real time.
    tx.put(clock, private={"living": False})
    advance_clock(tx, clock_id, tx.wall_now())
    clock = tx.get(TEST_CLOCK, clock_id)
    assert clock is not None, clock_id
    tx.put(clock, private={"living": living})


def _late_clocks(tx: Transaction) -> list[str]:
    now = tx.wall_now()
    rows = tx.connection.execute(
        "SELECT id FROM objects AS clock WHERE object = ?1 AND json_extract(private, '$.living')"
        " AND (json_extract(body, '$.frozen_time') < ?2 - ?3 OR EXISTS ("
        "   SELECT 1 FROM objects WHERE test_clock = clock.id AND due_at <= ?2))",
        (TEST_CLOCK, now, _SHOWN_LAG_SECONDS),
    ).fetchall()
    return [str(clock_id) for (clock_id,) in rows]
