"""The one source of the current time. Every instant in the portal is an aware datetime in UTC; nothing else
may ask the operating system for the time, so that tests can move it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def utcnow() -> datetime:
    """Return the current instant, aware and in UTC."""
    return _source()


def from_unix(seconds: int) -> datetime:
    """Turn Unix seconds (Stripe's unit) into an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def to_unix(at: datetime) -> int:
    """Turn an aware datetime into whole Unix seconds. Refuses naive values with ValueError."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return int(at.timestamp())


def months_later(at: datetime, months: int) -> datetime:
    """Return the same day and time so many months later; the month's last day where it is shorter."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


@contextmanager
def running_on(source: Callable[[], datetime]) -> Iterator[None]:
    """Let `utcnow` read another source for the length of the block. For tests and demo data."""
    global _source
    before = _source
    _source = source
    try:
        yield
    finally:
        _source = before
