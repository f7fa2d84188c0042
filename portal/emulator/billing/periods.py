"""Billing periods: where the boundaries of a recurring price fall, from the anchor, in UTC.

Month boundaries keep the anchor's day and are clamped to the length of the month, so 31 January is followed by
28 February and then 31 March. Everything is Unix seconds.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SECONDS = {"day": 86_400, "week": 7 * 86_400}
MONTHS = {"month": 1, "year": 12}


class Period(NamedTuple):
    """A half-open stretch of time in Unix seconds."""

    start: int
    end: int


class Cadence(NamedTuple):
    """How often a price recurs: "every 3 months" is Cadence("month", 3)."""

    interval: str
    number: int


def add_months(anchor: int, months: int, day: int | None = None) -> int:
    """Move an instant by whole months, keeping its day (or the given one) clamped to the month's length."""
    at = datetime.fromtimestamp(anchor, UTC)
    years, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = calendar.monthrange(years, month + 1)[1]
    moved = at.replace(year=years, month=month + 1, day=min(day or at.day, last))
    return int(moved.timestamp())


def boundary(anchor: int, cadence: Cadence, index: int, day: int | None = None) -> int:
    """Give the index-th boundary counted from the anchor (0 is the anchor; negative ones lie before it)."""
    if cadence.interval in SECONDS:
        return anchor + index * cadence.number * SECONDS[cadence.interval]
    return add_months(anchor, index * cadence.number * MONTHS[cadence.interval], day)


def index_at(anchor: int, cadence: Cadence, at: int, day: int | None = None) -> int:
    """Give the index of the last boundary at or before an instant."""
    if cadence.interval in SECONDS:
        return (at - anchor) // (cadence.number * SECONDS[cadence.interval])
    first = datetime.fromtimestamp(anchor, UTC)
    then = datetime.fromtimestamp(at, UTC)
    months = (then.year - first.year) * 12 + then.month - first.month
    index = months // (cadence.number * MONTHS[cadence.interval])
    while boundary(anchor, cadence, index, day) > at:
        index -= 1
    while boundary(anchor, cadence, index + 1, day) <= at:
        index += 1
    return index


def period_at(anchor: int, cadence: Cadence, at: int, day: int | None = None) -> Period:
    """Give the period between two boundaries that contains an instant."""
    index = index_at(anchor, cadence, at, day)
    return Period(boundary(anchor, cadence, index, day), boundary(anchor, cadence, index + 1, day))


def after(start: int, cadence: Cadence) -> int:
    """Give the instant one interval later, for durations that have no anchor (schedule phases, advances)."""
    return boundary(start, cadence, 1)


def first_anchor(now: int, config: dict[str, int | None]) -> int:
    """Find the first instant after now which matches a billing_cycle_anchor_config (day, optionally month and time)."""
    at = datetime.fromtimestamp(now, UTC)
    day = config["day_of_month"] or 1
    clock = {part: config.get(part) for part in ("hour", "minute", "second")}
    for months in range(25):
        years, month = divmod(at.year * 12 + at.month - 1 + months, 12)
        if config.get("month") and config["month"] != month + 1:
            continue
        last = calendar.monthrange(years, month + 1)[1]
        candidate = at.replace(
            year=years,
            month=month + 1,
            day=min(day, last),
            hour=at.hour if clock["hour"] is None else clock["hour"],
            minute=at.minute if clock["minute"] is None else clock["minute"],
            second=at.second if clock["second"] is None else clock["second"],
        )
        if candidate > at:
            return int(candidate.timestamp())
    return int((at + timedelta(days=31)).timestamp())


def spell_date(at: int) -> str:
    """Spell an instant as the date on Stripe's proration lines: "22 Nov 2026"."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"
