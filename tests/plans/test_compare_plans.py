"""The plans page: every plan with its prices by the month and by the year, for those who may buy and who may not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.emulator.app import Emulator
from portal.extensions import db
from portal.plans.models import Price
from portal.web.filters import day
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.usage import used_on_days
from tests.plans.changing import text_of

PLANS = "/t/northwind-labs/plans"


def test_all_public_plans_are_shown_with_their_price_by_the_month(owner: FlaskClient) -> None:
    page = owner.get(PLANS).text
    for text in (
        "Free",
        "$0 <small>per month",
        "Starter",
        "$29 <small>per month",
        "14 days free, once per company",
        "Pro",
        "$15 <small>per seat and month",
        "Enterprise",
        "$199 <small>per month",
        "plus seats and usage",
    ):
        assert text in page


def test_prices_by_the_year_show_what_is_saved(owner: FlaskClient) -> None:
    page = owner.get(f"{PLANS}?interval=year").text
    for text in (
        "$290 <small>",
        "You save $58.00 a year",
        "You save $90.00 a year",  # for three seats: as many as the tenant has members
        "$1,990 <small>",
        "You save $398.00 a year",
    ):
        assert text in page


def test_every_tier_is_told_in_detail(owner: FlaskClient) -> None:
    page = owner.get(PLANS).text
    for text in (
        "The first 5 seats: included",
        "6 to 50: $12.00 each",
        "From 51 seats: $9.00 each",
        "The first 10,000 calls: included",
        "10,001 to 50,000: $0.0004 each",
        "$0.50 for every 100 GB-days begun",
    ):
        assert text in page


@pytest.mark.parametrize("interval", ["week", "", "year' --", "x" * 2_000])
def test_an_unknown_interval_shows_months(owner: FlaskClient, interval: str) -> None:
    page = owner.get(PLANS, query_string={"interval": interval})
    assert page.status_code == 200
    assert "$29.00" in page.text


def test_the_current_plan_is_marked_and_cannot_be_bought_again(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", "year")
    page = owner.get(PLANS).text
    assert page.count("Your plan</span>") == 1
    assert "$150.00" in page, "the plan's own interval is shown first"
    assert "Choose Enterprise" not in page
    assert 'action="/t/northwind-labs/checkout"' not in page


def test_a_member_sees_the_plans_without_buttons(member: FlaskClient) -> None:
    page = member.get(PLANS).text
    assert "Enterprise" in page
    assert "Choose " not in page.replace("Choose a plan", "")
    assert "An owner or admin of Northwind Labs can choose a plan." in page


def test_the_form_offers_a_seat_for_every_member(owner: FlaskClient) -> None:
    page = owner.get(PLANS).text
    assert (
        'id="seats-pro" name="seats" type="number" inputmode="numeric" min="1" max="500" step="1" value="3"'
        in page
    )
    assert 'min="5" max="5000" step="1" value="5"' in page


def test_a_stranger_is_not_told_that_the_tenant_exists(stranger: FlaskClient) -> None:
    assert stranger.get(PLANS).status_code == 404


def test_plans_are_priced_for_the_seats_the_tenant_has(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=12)
    page = text_of(owner, PLANS)
    assert (
        "<strong>$283.00</strong> per month for 12 seats, plus usage" in page
    )  # $199.00 and seven at $12.00
    yearly = text_of(owner, f"{PLANS}?interval=year")
    assert "<strong>$2,830.00</strong> per year for 12 seats, plus usage" in yearly


def test_plans_are_priced_for_what_was_used_and_say_which_limits_that_was_above(
    owner: FlaskClient, cast: Cast
) -> None:
    used_on_days(cast.tenant.id, {3: 60_000, 40: 1_000_000})
    page = text_of(owner, PLANS)
    # $199.00 with the five seats it is sold with, 40,000 calls at $0.0004 and 10,000 at $0.0003
    assert "<strong>About $218.00</strong> per month for 5 seats and your usage of the last 30 days" in page
    assert "10,000 calls included, 40,000 calls at $0.0004, 10,000 calls at $0.0003" in page
    assert "Your usage was above this plan’s 1,000 calls a month." in page
    assert "Your usage was above this plan’s 50,000 calls a month." in page


def test_a_tenant_without_seats_or_use_beyond_the_large_price_sees_no_estimate(
    stranger: FlaskClient,
) -> None:
    assert "plan-for-you" not in stranger.get("/t/contoso/plans").text


def test_other_plans_say_what_they_change_against_today(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    period_end = subscribe(cast.tenant, "pro", seats=12).current_period_end_at
    page = text_of(owner, PLANS)
    assert "At once: $103.00 more per month than today." in page  # Enterprise: $283.00 after $180.00
    assert "You gain: Single sign-on, Audit export." in page
    assert f"On {day(period_end)}: $151.00 less per month than today." in page  # Starter
    assert "You lose: Priority support." in page
    assert f"On {day(period_end)}: nothing to pay any more." in page
    assert page.count('class="plan-move"') == 3, "nothing about the plan it has"


@pytest.mark.parametrize(
    ("status", "words"), [("past_due", "Pay what is due first"), ("paused", "Go on with it first")]
)
def test_a_plan_that_cannot_be_changed_now_says_what_comes_first(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, status: str, words: str
) -> None:
    subscribe(cast.tenant, "pro").status = status
    db.session.commit()
    page = text_of(owner, PLANS)
    assert words in page
    assert "Review change" not in page
    assert 'class="plan-move"' not in page


def test_the_plan_that_is_planned_says_when_it_comes(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscription = subscribe(cast.tenant, "pro", seats=3)
    subscription.planned_at = subscription.current_period_end_at
    subscription.planned_plan_key, subscription.planned_interval = "starter", "month"
    db.session.commit()
    assert f"<p>Planned for {day(subscription.current_period_end_at)}.</p>" in text_of(owner, PLANS)
    assert "Planned for" not in text_of(owner, f"{PLANS}?interval=year")


def test_whoever_keeps_an_older_price_reads_what_it_is(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=10)
    assert "earlier price" not in text_of(owner, PLANS)
    price = db.session.scalars(sa.select(Price).where(Price.lookup_key == "pro.seat.month.usd")).one()
    price.definition = {**price.definition, "rate": "1200"}
    db.session.commit()
    page = text_of(owner, PLANS)
    assert "You keep your earlier price: $120.00 per month." in page
    assert "At once: $139.00 more per month than today." in page  # Enterprise: $259.00


def test_the_trial_is_offered_once(owner: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    assert "free, once per company" not in text_of(owner, PLANS)


@pytest.mark.parametrize("plan", ["free", "enterprise"])
def test_it_takes_at_most_nine_statements_and_does_not_ask_stripe(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    plan: str,
) -> None:
    if plan != "free":
        subscribe(cast.tenant, plan, seats=8)
    used_on_days(cast.tenant.id, {3: 60_000})

    def unplugged(*_args: object) -> object:
        raise AssertionError("the page asked Stripe")

    monkeypatch.setattr(emulator, "handle", unplugged)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    assert owner.get(PLANS).status_code == 200
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 9, "\n".join(statements)
