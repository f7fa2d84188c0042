"""Parts of a transaction that can be taken back on their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.emulator.transaction import Transaction


@contextmanager
def tentative(tx: Transaction) -> Iterator[None]:
    """Take back everything written within the block."""
    tx.connection.execute("SAVEPOINT tentative")
    try:
        yield
    finally:
        tx.connection.execute("ROLLBACK TO tentative")
        tx.connection.execute("RELEASE tentative")


@contextmanager
def whole_or_not(tx: Transaction) -> Iterator[None]:
    """Take back everything written within the block if it raises."""
    tx.connection.execute("SAVEPOINT whole")
    try:
        yield
    except BaseException:
        tx.connection.execute("ROLLBACK TO whole")
        raise
    finally:
        tx.connection.execute("RELEASE whole")
