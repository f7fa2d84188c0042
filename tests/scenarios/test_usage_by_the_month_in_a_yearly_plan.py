"""Enterprise paid by the year, its use billed by the month: what pages show, what is charged when, and what becomes of
the meters when the plan changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.emulator.billing.periods import Cadence, after
from portal.extensions import db
from portal.invoices.models import UpcomingInvoice
from portal.kit.clock import from_unix, to_unix
from portal.plans.catalog import current_catalog
from portal.plans.rates import recurring_cost
from portal.subscriptions.models import Quote, Subscription
from portal.subscriptions.planned import planned_change
from portal.sync.details import sync_details
from portal.usage.models import UsageReport
from portal.web.filters import day
from tests.fixtures.catalog import PayCheckout, Subscribe
from tests.fixtures.time import Timed
from tests.scenarios.story import AFTER_THE_DRAFT, SITE, Story

CALLS = 60_000
COST = 40_000 * 4 // 100 + 10_000 * 3 // 100


@pytest.fixture
def story(payer: FlaskClient, timed: Timed, pay_checkout: PayCheckout, subscribe: Subscribe) -> Story:
    """A tenant on Enterprise by the year with seven seats."""
    subscribe(timed.tenant, "enterprise", "year", seats=7)
    return Story(payer, timed, pay_checkout, "year")


def yearly(seats: int) -> int:
    return recurring_cost(current_catalog().plans["enterprise"], "year", "usd", seats=seats).minor


def item_ids(subscription: Subscription) -> dict[str, str]:
    return {str(item.component): item.stripe_id for item in subscription.items}


def foreseen(story: Story) -> UpcomingInvoice:
    sync_details(story.timed.customer_id)
    db.session.expire_all()
    return db.session.scalars(sa.select(UpcomingInvoice)).one()


def newest_quote() -> Quote:
    return db.session.scalars(sa.select(Quote).order_by(Quote.id.desc()).limit(1)).one()


def test_use_is_charged_every_month_and_the_plan_once_a_year(story: Story) -> None:
    for _ in range(2):
        story.use(CALLS)
        story.pass_to(story.now_on().next_invoice_at + AFTER_THE_DRAFT)
    assert [invoice.total for invoice in story.invoices()] == [yearly(7), COST, COST]
    assert [invoice.status for invoice in story.invoices()] == ["paid"] * 3


def test_the_overview_says_when_the_plan_renews_and_when_use_is_billed(story: Story) -> None:
    shown = story.now_on()
    page = story.payer.get(f"{SITE}/overview").text
    assert f"Renews on</dt><dd>{day(shown.current_period_end_at)}" in page.replace("\n", "")
    assert f"Every month, next on {day(shown.next_invoice_at)}" in page
    assert shown.next_invoice_at < shown.current_period_end_at


def test_the_usage_page_is_about_the_month(story: Story) -> None:
    story.use(CALLS)
    ends = story.now_on().next_invoice_at
    assert day(ends - timedelta(seconds=1)) in story.payer.get(f"{SITE}/usage").text
    story.pass_to(ends + AFTER_THE_DRAFT)
    page = story.payer.get(f"{SITE}/usage").text
    assert "60,000" not in page


def test_the_next_invoice_is_the_months(story: Story) -> None:
    story.use(CALLS)
    found = foreseen(story)
    assert (found.invoice_at, found.due_amount) == (story.now_on().next_invoice_at, COST)


def test_use_around_the_end_of_a_month_is_charged_in_the_month_it_belongs_to(story: Story) -> None:
    ends = story.now_on().next_invoice_at
    story.pass_to(ends - timedelta(minutes=1))
    story.use(20_000)
    story.pass_to(ends + timedelta(minutes=1))
    story.use(30_000)
    story.pass_to(ends + AFTER_THE_DRAFT)
    assert story.invoices()[-1].total == 10_000 * 4 // 100
    hours = db.session.scalars(sa.select(UsageReport.hour_at).order_by(UsageReport.hour_at)).all()
    assert hours[0] < ends <= hours[-1]
    story.pass_to(story.now_on().next_invoice_at + AFTER_THE_DRAFT)
    assert story.invoices()[-1].total == 20_000 * 4 // 100


def test_seats_are_quoted_for_the_rest_of_the_year_and_without_use(story: Story) -> None:
    story.use(CALLS)
    story.wait(40)
    quote = story.change_seats(9)
    exact = story.prorated(yearly(7), yearly(9))
    assert abs(quote.total_amount - exact) <= 2
    assert (quote.recurring_amount, quote.recurring_is_estimate) == (yearly(9), False)
    assert quote.next_invoice_at == story.now_on().current_period_end_at


def test_from_month_to_year_the_meters_stay_as_they_are(
    payer: FlaskClient, timed: Timed, pay_checkout: PayCheckout, subscribe: Subscribe
) -> None:
    before = subscribe(timed.tenant, "enterprise", "month", seats=7)
    ids, begun, ends = item_ids(before), before.current_period_start_at, before.next_invoice_at
    story = Story(payer, timed, pay_checkout, "year")
    story.wait(10)
    story.use(CALLS)
    quote = story.change_plan("enterprise", 7)
    shown = story.now_on()
    story.is_on("enterprise", 7)
    assert item_ids(shown) == ids
    year_later = from_unix(after(to_unix(begun), Cadence("year", 1)))
    assert (shown.current_period_end_at, shown.next_invoice_at) == (year_later, ends)
    assert (quote.next_invoice_at, quote.recurring_amount) == (year_later, yearly(7))
    story.pass_to(ends + AFTER_THE_DRAFT)
    assert story.invoices()[-1].total == COST


def test_the_price_of_a_year_says_how_use_is_billed(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "enterprise", "month", seats=7)
    asked = payer.post(f"{SITE}/plans", data={"plan": "enterprise", "interval": "year", "seats": 7})
    page = payer.get(asked.location).text
    assert "Your billing date stays" in page
    assert "What you use is billed every month, on an invoice of its own." in page
    assert "Renews on" in page


def test_back_to_the_month_waits_until_the_year_is_over(story: Story) -> None:
    ends, ids = story.now_on().current_period_end_at, item_ids(story.now_on())
    story.interval = "month"
    quote = story.change_plan("enterprise", 7)
    planned = planned_change(story.now_on())
    assert planned is not None
    assert (quote.due_now_amount, planned.at, planned.interval) == (0, ends, "month")
    story.use(CALLS)
    found = foreseen(story)
    assert (found.invoice_at, found.due_amount) == (story.now_on().next_invoice_at, COST)
    story.pass_to(ends + AFTER_THE_DRAFT)
    story.is_on("enterprise", 7)
    assert item_ids(story.now_on()) == ids
    assert story.invoices()[-1].total == story.recurring("enterprise", 7)


def test_a_year_that_was_planned_begins_when_the_month_is_over(
    payer: FlaskClient, timed: Timed, pay_checkout: PayCheckout, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", "month", seats=12).current_period_end_at
    story = Story(payer, timed, pay_checkout, "year")
    story.use(CALLS)
    story.wait(1)
    story.change_plan("enterprise", 7)
    found = foreseen(story)
    assert (found.invoice_at, found.due_amount) == (ends, yearly(7) + COST)
    story.pass_to(ends + AFTER_THE_DRAFT)
    story.is_on("enterprise", 7)
    shown = story.now_on()
    assert (shown.current_period_start_at, story.invoices()[-1].total) == (ends, yearly(7) + COST)
    assert shown.current_period_end_at == from_unix(after(to_unix(ends), Cadence("year", 1)))


def test_cancelled_it_runs_until_the_year_is_over_and_use_goes_on_being_charged(story: Story) -> None:
    ends = story.now_on().current_period_end_at
    assert "every month as before" in story.payer.get(f"{SITE}/cancel").text
    story.payer.post(f"{SITE}/cancel", data={"reason": ""})
    assert story.now_on().ends_at == ends
    story.use(CALLS)
    story.pass_to(story.now_on().next_invoice_at + AFTER_THE_DRAFT)
    assert story.invoices()[-1].total == COST
    story.payer.post(f"{SITE}/resume")
    assert story.now_on().ends_at is None
    story.payer.post(f"{SITE}/cancel", data={"reason": ""})
    story.pass_to(ends + AFTER_THE_DRAFT)
    assert (story.ended().ended_at, story.live()) == (ends, [])
    assert sum(invoice.total for invoice in story.invoices()) == yearly(7) + COST
