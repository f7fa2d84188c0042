"""The plans page: every plan with its prices by the month and by the year, for those who may buy and who may not."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

PLANS = "/t/northwind-labs/plans"


def test_all_public_plans_are_shown_with_their_price_by_the_month(owner: FlaskClient) -> None:
    page = owner.get(PLANS).text
    for text in (
        "Free",
        "$0 <small>per month",
        "Starter",
        "$29 <small>per month",
        "14 days free to try",
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
        "You save $58.00",
        "You save $30.00 a seat",
        "$1,990 <small>",
        "You save $398.00",
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


def test_plans_with_seats_are_priced_for_the_seats_the_tenant_has(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=12)
    page = " ".join(owner.get("/t/northwind-labs/plans").text.split())
    assert "12 seats: $283.00 per month plus usage" in page  # $199.00, five included, seven at $12.00
    yearly = " ".join(owner.get("/t/northwind-labs/plans?interval=year").text.split())
    assert "12 seats: $2,830.00 per year plus usage" in yearly
