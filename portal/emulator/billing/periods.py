"""Billing periods: where the boundaries of a recurring price fall, from the anchor, in UTC.

Month boundaries keep the anchor's day and are clamped to the length of the month, so 31 January is followed by
28 February and then 31 March. Everything is Unix seconds.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
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

    def is_multiple_of(self, other: Cadence) -> bool:
        """Say whether every boundary of this is one of the other's: a year is 12 months, a week 7 days.

        Months and years hold no fixed number of weeks or days, but all of them end with a day.
        """
        if other in (Cadence("day", 1), self):
            return True
        mine, others = self._parts, other._parts
        return mine[0] == others[0] and mine[1] % others[1] == 0

    @property
    def days(self) -> int:
        """About how long it is, to find the shortest and the longest of several."""
        unit, number = self._parts
        return number * (30 if unit == "month" else 1)

    @property
    def _parts(self) -> tuple[str, int]:
        if self.interval in SECONDS:
            return "day", self.number * SECONDS[self.interval] // SECONDS["day"]
        return "month", self.number * MONTHS[self.interval]


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
    """Find the first instant after now that matches a billing_cycle_anchor_config (day, maybe month and time)."""
    return next(
        at for months in range(26) if (at := _anchor_in(now, months, config)) is not None and at > now
    )


def _anchor_in(now: int, months: int, config: dict[str, int | None]) -> int | None:
    """Give the configured instant in the month so many months from now; None if that month is not meant."""
    at = datetime.fromtimestamp(now, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if config.get("month") not in (None, month + 1):
        return None
    last = calendar.monthrange(year, month + 1)[1]
    hour, minute, second = (config.get(part) for part in ("hour", "minute", "second"))
    found = at.replace(
        year=year,
        month=month + 1,
        day=min(config["day_of_month"] or 1, last),
        hour=at.hour if hour is None else hour,
        minute=at.minute if minute is None else minute,
        second=at.second if second is None else second,
    )
    return int(found.timestamp())


def spell_date(at: int) -> str:
    """Spell an instant as the date on Stripe's proration lines: "22 Nov 2026"."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"
