"""Which stretch of time usage is shown for: that in which it is billed, else the month that limits are for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.subscriptions.models import Subscription, SubscriptionItem
from portal.usage.period import period_of

BEGUN, ENDS = datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2027, 1, 31, 9, tzinfo=UTC)


def item(
    component: str, quantity: int | None, interval: str, begun: datetime, ends: datetime
) -> SubscriptionItem:
    return SubscriptionItem(
        component=component,
        quantity=quantity,
        interval=interval,
        current_period_start_at=begun,
        current_period_end_at=ends,
    )


def yearly(*items: SubscriptionItem, ends: datetime = ENDS) -> Subscription:
    return Subscription(
        status="active",
        interval="year",
        current_period_start_at=BEGUN,
        current_period_end_at=ends,
        items=[item("base", 1, "year", BEGUN, ends), *items],
    )


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2026, 1, 31, 8, tzinfo=UTC), BEGUN, datetime(2026, 2, 28, 9, tzinfo=UTC)),
        (BEGUN, BEGUN, datetime(2026, 2, 28, 9, tzinfo=UTC)),
        (
            datetime(2026, 2, 28, 9, tzinfo=UTC),
            datetime(2026, 2, 28, 9, tzinfo=UTC),
            datetime(2026, 3, 31, 9, tzinfo=UTC),
        ),
        (
            datetime(2026, 3, 31, 8, tzinfo=UTC),
            datetime(2026, 2, 28, 9, tzinfo=UTC),
            datetime(2026, 3, 31, 9, tzinfo=UTC),
        ),
        (datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 9, tzinfo=UTC), ENDS),
        (datetime(2027, 2, 1, tzinfo=UTC), datetime(2026, 12, 31, 9, tzinfo=UTC), ENDS),
    ],
)
def test_in_a_yearly_plan_that_bills_no_use_it_is_the_month(
    now: datetime, first: datetime, last: datetime
) -> None:
    period = period_of(yearly(), now)
    assert (period.start, period.end, period.is_billing) == (first, last, False)


def test_a_trial_that_is_shorter_than_a_month_is_one_period() -> None:
    ends = datetime(2026, 2, 14, 9, tzinfo=UTC)
    for now in (BEGUN, ends):
        period = period_of(yearly(ends=ends), now)
        assert (period.start, period.end) == (BEGUN, ends)


def test_where_use_is_billed_it_is_the_period_that_is_billed_first() -> None:
    begun, ends = datetime(2026, 3, 31, 9, tzinfo=UTC), datetime(2026, 4, 30, 9, tzinfo=UTC)
    subscription = yearly(
        item("meter:storage", None, "year", BEGUN, ENDS), item("meter:calls", None, "month", begun, ends)
    )
    period = period_of(subscription, begun)
    assert (period.start, period.end, period.is_billing) == (begun, ends, True)
    assert (subscription.next_invoice_at, subscription.usage_interval) == (ends, "month")


def test_a_plan_whose_use_is_billed_with_it_has_no_interval_apart() -> None:
    subscription = yearly(item("meter:storage", None, "year", BEGUN, ENDS))
    assert (subscription.next_invoice_at, subscription.usage_interval) == (ENDS, None)
