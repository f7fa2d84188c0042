"""Billing periods fall where Stripe's documentation puts them."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.emulator.billing.periods import Cadence, boundary, first_anchor, index_at, period_at

INSTANTS = st.integers(min_value=1_500_000_000, max_value=2_500_000_000)
CADENCES = st.builds(Cadence, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 12))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_subscription_anchored_on_31_january_renews_on_the_last_day_of_shorter_months() -> None:
    """The example of Stripe's billing cycle documentation."""
    anchor = at("2026-01-31T09:30:00")
    found = [boundary(anchor, Cadence("month", 1), index) for index in range(1, 5)]
    assert found == [
        at("2026-02-28T09:30:00"),
        at("2026-03-31T09:30:00"),
        at("2026-04-30T09:30:00"),
        at("2026-05-31T09:30:00"),
    ]


def test_a_year_from_29_february_ends_on_28_february_and_comes_back_in_the_leap_year() -> None:
    anchor = at("2024-02-29T00:00:00")
    assert boundary(anchor, Cadence("year", 1), 1) == at("2025-02-28T00:00:00")
    assert boundary(anchor, Cadence("year", 1), 4) == at("2028-02-29T00:00:00")


@given(INSTANTS, CADENCES, INSTANTS)
def test_every_instant_lies_in_exactly_one_period(anchor: int, cadence: Cadence, instant: int) -> None:
    period = period_at(anchor, cadence, instant)
    assert period.start <= instant < period.end
    index = index_at(anchor, cadence, instant)
    assert boundary(anchor, cadence, index) == period.start


def test_an_anchor_configured_for_the_first_of_the_month_is_the_next_first() -> None:
    now = at("2026-11-22T10:00:00")
    config = {"day_of_month": 1, "month": None, "hour": 0, "minute": 0, "second": 0}
    assert first_anchor(now, config) == at("2026-12-01T00:00:00")
