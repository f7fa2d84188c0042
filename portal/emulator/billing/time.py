"""The passing of time: everything due up to an instant happens, one thing after the other, each at its own moment."""

from __future__ import annotations

from portal.emulator.billing import dunning, life, phases  # noqa: F401  (they enter their steps on the agenda)
from portal.emulator.billing.agenda import STEPS
from portal.emulator.instants import TEST_CLOCK, Due
from portal.emulator.store import Store
from portal.emulator.transaction import Transaction

_PER_TRANSACTION = 200
_STUCK = 20


def advance_clock(tx: Transaction, clock_id: str, until: int) -> int:
    """Let everything due under a test clock happen up to an instant, leaving the clock there; return how much did."""
    done = _run(tx, clock_id, until, limit=None)
    _set_clock(tx, clock_id, until)
    return done


def run_due(store: Store) -> int:
    """Let everything due in real time happen, for customers without a test clock; return how much did.

    What was missed while the emulator was not running happens at the instant at which it was due.
    """
    with store.transaction(write=False) as tx:
        if tx.next_due(tx.wall_now(), None) is None:
            return 0
    done = 0
    while True:
        with store.transaction() as tx:
            ran = _run(tx, None, tx.wall_now(), limit=_PER_TRANSACTION)
        done += ran
        if ran < _PER_TRANSACTION:
            return done


def _run(tx: Transaction, clock_id: str | None, until: int, *, limit: int | None) -> int:
    done, last, repeated = 0, None, 0
    while (limit is None or done < limit) and (due := tx.next_due(until, clock_id)) is not None:
        repeated = repeated + 1 if due == last else 0
        if repeated >= _STUCK:
            raise RuntimeError(f"{due.object} {due.id} stays due at {due.at}")
        last = due
        if clock_id is not None:
            _set_clock(tx, clock_id, due.at)
            _step(tx, due)
        else:
            with tx.at(due.at):
                _step(tx, due)
        done += 1
    return done


def _step(tx: Transaction, due: Due) -> None:
    obj = tx.get(due.object, due.id)
    step = STEPS.get(due.object)
    if obj is None or step is None:
        tx.set_due(due.object, due.id, None)
        return
    with tx.on_its_own():
        step(tx, obj, due.at)


def _set_clock(tx: Transaction, clock_id: str, at: int) -> None:
    clock = tx.get(TEST_CLOCK, clock_id)
    assert clock is not None, clock_id
    if at > clock["frozen_time"]:
        tx.put({**clock, "frozen_time": at})
