"""The usage page: used, included and cost so far per meter, the days of the period, and who sees what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.subscriptions.current import current_plan
from portal.subscriptions.models import Subscription
from portal.usage.ingest import ingest
from portal.usage.period import Period, period_of
from portal.usage.summary import MeterUse, usage_of
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.outage import Outage
from tests.fixtures.usage import batch, event

PATH = "/t/northwind-labs/usage"


def text_of(browser: FlaskClient) -> str:
    answer = browser.get(PATH)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def use_of(cast: Cast, meter: str, period: Period | None = None) -> MeterUse:
    current = current_plan(cast.tenant.id)
    uses = usage_of(cast.tenant.id, current, period or period_of(current.subscription, utcnow()))
    found = next(use for use in uses if use.meter.key == meter)
    db.session.commit()
    return found


@pytest.fixture
def enterprise(cast: Cast, subscribe: Subscribe) -> Subscription:
    """The cast's tenant pays by use."""
    return subscribe(cast.tenant, "enterprise", seats=5)


def test_use_beyond_what_is_included_is_priced_by_the_subscription(
    cast: Cast, enterprise: Subscription, owner: FlaskClient
) -> None:
    ingest(cast.tenant.id, batch(event("a", 60_000)))
    use = use_of(cast, "api_calls")
    assert (use.used, use.included) == (Decimal(60_000), 10_000)
    assert use.cost is not None
    assert use.cost.amount.minor == 1_900  # 40,000 at 0.04 cents and 10,000 at 0.03 cents
    page = text_of(owner)
    for shown in ("60,000 calls", "of 10,000 calls included", "$19.00 so far", "Extra use is billed"):
        assert shown in page
    assert "From 10,001 to 50,000 calls" in page
    assert "40,000 calls at $0.0004" in page


def test_packages_are_billed_when_they_are_begun(cast: Cast, enterprise: Subscription) -> None:
    ingest(cast.tenant.id, batch(event("a", "100.5", meter="storage_gb")))
    use = use_of(cast, "storage_gb")
    assert use.used == Decimal("100.5")
    assert use.cost is not None
    assert use.cost.amount.minor == 100


def test_a_limit_of_the_plan_is_shown_in_percent(cast: Cast, owner: FlaskClient) -> None:
    ingest(cast.tenant.id, batch(event("a", 850)))
    use = use_of(cast, "api_calls")
    assert (use.percent, use.is_near, use.is_over, use.cost) == (85, True, False, None)
    page = text_of(owner)
    assert "850 calls" in page
    assert "85% used" in page
    assert "Near the limit" in page


def test_use_over_the_plans_limit_is_told_with_a_way_out(cast: Cast, owner: FlaskClient) -> None:
    ingest(cast.tenant.id, batch(event("a", 1_001)))
    page = text_of(owner)
    assert "API calls: more than your plan includes." in page
    assert "Over the limit" in page


def test_without_usage_the_page_says_so_and_shows_how_to_send_some(cast: Cast, owner: FlaskClient) -> None:
    page = text_of(owner)
    assert "No usage in this period yet" in page
    assert "Authorization: Bearer YOUR_API_KEY" in page
    assert "/t/northwind-labs/api-keys" in page


def test_the_chart_has_its_figures_as_a_table(cast: Cast, owner: FlaskClient) -> None:
    ingest(cast.tenant.id, batch(event("a", 1_234)))
    (day,) = use_of(cast, "api_calls").days
    shown = f'<tr><th scope="row">{day.strftime("%-d %B %Y")}</th><td class="number">1,234</td></tr>'
    assert shown in text_of(owner)


def test_the_period_is_the_subscriptions(cast: Cast, enterprise: Subscription, owner: FlaskClient) -> None:
    start, end = enterprise.current_period_start_at, enterprise.current_period_end_at
    shown = f"Billing period {start.strftime('%-d %B %Y')} to {end.strftime('%-d %B %Y')}"
    assert shown in text_of(owner)


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (
            datetime(2026, 11, 22, 9, tzinfo=UTC),
            datetime(2026, 11, 1, tzinfo=UTC),
            datetime(2026, 12, 1, tzinfo=UTC),
        ),
        (
            datetime(2026, 12, 31, 23, tzinfo=UTC),
            datetime(2026, 12, 1, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC),
        ),
        (
            datetime(2028, 2, 29, tzinfo=UTC),
            datetime(2028, 2, 1, tzinfo=UTC),
            datetime(2028, 3, 1, tzinfo=UTC),
        ),
    ],
)
def test_on_the_free_plan_the_period_is_the_calendar_month(
    now: datetime, first: datetime, last: datetime
) -> None:
    period = period_of(None, now)
    assert (period.start, period.end, period.is_billing) == (first, last, False)
    assert period.last_day == (last - timedelta(days=1)).date()


def test_of_the_first_and_last_day_only_the_hours_of_the_period_count(
    cast: Cast, period: Callable[[datetime, datetime], None]
) -> None:
    noon = utcnow().replace(hour=12, minute=0, second=0, microsecond=0)
    start, end = noon - timedelta(days=3, minutes=-30), noon - timedelta(days=1)
    period(start, end)
    for key, quantity, at in (
        ("before", 1, start - timedelta(minutes=5)),
        ("first", 10, start),
        ("between", 100, start + timedelta(days=1)),
        ("last", 1_000, end - timedelta(minutes=1)),
        ("after", 10_000, end),
        ("next hour", 100_000, end + timedelta(hours=1)),
    ):
        ingest(cast.tenant.id, batch(event(key, quantity, at=at)))
    use = use_of(cast, "api_calls", Period(start, end, True))
    assert use.used == 1_110
    assert use.days[start.date()] == 10
    assert use.days[end.date()] == 1_000


def test_with_a_test_clock_the_page_shows_the_clocks_month(cast: Cast, owner: FlaskClient) -> None:
    clock_at = utcnow() + timedelta(days=62)
    db.session.execute(
        sa.update(Customer).where(Customer.tenant_id == cast.tenant.id).values(clock_at=clock_at)
    )
    db.session.commit()
    assert f"1 {clock_at.strftime('%B %Y')}" in text_of(owner)


def test_a_member_sees_usage_but_not_the_keys(cast: Cast, member: FlaskClient) -> None:
    ingest(cast.tenant.id, batch(event("a", 5)))
    page = text_of(member)
    assert "5 calls" in page
    assert "api-keys" not in page


def test_usage_of_another_tenant_is_not_shown(cast: Cast, owner: FlaskClient, stranger: FlaskClient) -> None:
    ingest(cast.other_tenant.id, batch(event("a", 777)))
    assert "777" not in text_of(owner)
    assert stranger.get(PATH).status_code == 404


def test_the_page_answers_without_stripe(
    cast: Cast, enterprise: Subscription, owner: FlaskClient, stripe_outage: Outage
) -> None:
    with stripe_outage():
        assert "API calls" in text_of(owner)
