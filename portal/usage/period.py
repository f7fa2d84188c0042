"""The stretch of time a tenant's usage is shown and billed for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from portal.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) as instants in UTC. `is_billing`: it is billed as one, and not just the calendar month."""

    start: datetime
    end: datetime
    is_billing: bool

    @property
    def days(self) -> list[date]:
        """The days (UTC) the period touches, the first and last perhaps only in part."""
        first = self.start.date()
        last = (self.end - timedelta(microseconds=1)).date()
        return [first + timedelta(days=index) for index in range((last - first).days + 1)]

    @property
    def last_day(self) -> date:
        return self.days[-1]


def period_of(subscription: Subscription | None, now: datetime) -> Period:
    """Return the period for which a live subscription bills usage, its own if it bills none; without one the calendar
    month (UTC) of `now`."""
    if subscription is not None and subscription.is_live:
        if subscription.usage_item is not None:
            item = subscription.usage_item
            return Period(item.current_period_start_at, item.current_period_end_at, True)
        return Period(subscription.current_period_start_at, subscription.current_period_end_at, True)
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    end = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return Period(start, end, False)
