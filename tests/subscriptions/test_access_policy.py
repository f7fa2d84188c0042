"""The access policy, cell by cell: subscription status and age of the problem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.subscriptions.access_policy import AccessLevel, access_level, next_step_at
from portal.subscriptions.banners import banners_for
from portal.subscriptions.models import Status, Subscription

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL, WARN, READ_ONLY, BLOCKED = AccessLevel
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
CELLS = [
    (Status.TRIALING, None, FULL),
    (Status.ACTIVE, None, FULL),
    (Status.ACTIVE, 400 * DAY, FULL),
    (Status.PAST_DUE, None, WARN),
    (Status.PAST_DUE, timedelta(0), WARN),
    (Status.PAST_DUE, 14 * DAY - SECOND, WARN),
    (Status.PAST_DUE, 14 * DAY, READ_ONLY),
    (Status.PAST_DUE, 28 * DAY - SECOND, READ_ONLY),
    (Status.PAST_DUE, 28 * DAY, BLOCKED),
    (Status.UNPAID, None, READ_ONLY),
    (Status.UNPAID, 14 * DAY - SECOND, READ_ONLY),
    (Status.UNPAID, 14 * DAY, BLOCKED),
    (Status.PAUSED, None, READ_ONLY),
    (Status.INCOMPLETE, None, FULL),
    (Status.INCOMPLETE_EXPIRED, None, FULL),
    (Status.CANCELED, 90 * DAY, FULL),
]


def subscription(status: str, age: timedelta | None) -> Subscription:
    return Subscription(status=status, problem_since_at=None if age is None else NOW - age)


@pytest.mark.parametrize(("status", "age", "level"), CELLS, ids=str)
def test_status_and_age_give_one_level(status: Status, age: timedelta | None, level: AccessLevel) -> None:
    assert access_level(subscription(status, age), NOW) == level


def test_every_status_of_stripes_has_a_cell() -> None:
    assert {status for status, _age, _level in CELLS} == set(Status)


def test_without_a_subscription_the_free_plan_is_fully_open() -> None:
    assert access_level(None, NOW) == FULL


@pytest.mark.parametrize(
    ("status", "age", "in_days"),
    [
        (Status.PAST_DUE, timedelta(0), 14),
        (Status.PAST_DUE, 20 * DAY, 8),
        (Status.PAST_DUE, 30 * DAY, None),
        (Status.UNPAID, 4 * DAY, 10),
        (Status.ACTIVE, None, None),
        (Status.PAUSED, None, None),
    ],
)
def test_the_next_step_is_announced_with_its_date(
    status: Status, age: timedelta | None, in_days: int | None
) -> None:
    expected = None if in_days is None else NOW + in_days * DAY
    assert next_step_at(subscription(status, age), NOW) == expected


@pytest.mark.parametrize(
    ("status", "age", "title", "text"),
    [
        (Status.PAST_DUE, timedelta(0), "Your last payment failed.", "read-only on 6 December 2026"),
        (
            Status.PAST_DUE,
            14 * DAY,
            "Your plan is read-only.",
            "access to your plan stops on 6 December 2026",
        ),
        (Status.PAST_DUE, 28 * DAY, "Your plan is blocked.", "Pay it to use your plan again."),
        (Status.UNPAID, timedelta(0), "Your plan is read-only.", "access to your plan stops"),
        (Status.PAUSED, None, "Your plan is paused.", "change nothing"),
        (Status.INCOMPLETE, None, "Your plan has not started.", "first payment"),
    ],
)
def test_a_problem_is_said_on_the_pages(
    app: object, status: Status, age: timedelta | None, title: str, text: str
) -> None:
    banner = banners_for(subscription(status, age), NOW)[0]
    assert banner.title == title
    assert text in banner.text


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.CANCELED])
def test_without_a_problem_nothing_is_said(app: object, status: Status) -> None:
    assert banners_for(subscription(status, None), NOW) == []


def test_without_a_subscription_nothing_is_said() -> None:
    assert banners_for(None, NOW) == []
