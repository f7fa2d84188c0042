"""The stretch of time a tenant's usage is shown and billed for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from portal.kit.clock import months_later
from portal.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) as instants in UTC. `is_billing`: it is billed as one, not just the month that limits are for."""

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
    """Return the period for which a live subscription bills usage; if it bills none its own, and of a year the month
    that holds `now`, because limits are by the month. Without a subscription that is the calendar month (UTC)."""
    if subscription is not None and subscription.is_live:
        item = subscription.usage_item
        if item is not None:
            return Period(item.current_period_start_at, item.current_period_end_at, True)
        if subscription.interval == "year":
            return _month_of(subscription, now)
        return Period(subscription.current_period_start_at, subscription.current_period_end_at, True)
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    end = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return Period(start, end, False)


def _month_of(subscription: Subscription, now: datetime) -> Period:
    """Each month is counted from the beginning of the year, so that none is lost to a short one before it."""
    begun, ends = subscription.current_period_start_at, subscription.current_period_end_at
    months = [min(months_later(begun, number), ends) for number in range(13)]
    passed = max(sum(start <= now and start < ends for start in months), 1)
    return Period(months[passed - 1], months[passed], False)
