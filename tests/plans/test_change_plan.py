"""Moving to another plan: quoted, confirmed as quoted, planned for later, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.invoices.models import Invoice
from portal.kit.clock import utcnow
from portal.plans.catalog import Interval
from portal.web.filters import day
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.plans.changing import MADE_OF, OVERVIEW, PLANS, address, components, now_on, quoted, text_of

DEARER = [("starter", "pro"), ("starter", "enterprise"), ("pro", "enterprise")]


@pytest.mark.parametrize("interval", ["month", "year"])
@pytest.mark.parametrize(("before", "after"), DEARER)
def test_a_dearer_plan_comes_at_once_and_costs_what_was_quoted(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, before: str, after: str, interval: Interval
) -> None:
    subscribe(cast.tenant, before, interval, seats=5)
    quote = quoted(owner, after, interval)
    assert f"Pay {'$'}" in text_of(owner, address(quote))
    answer = owner.post(address(quote))
    assert (answer.status_code, answer.location) == (303, OVERVIEW)
    subscription = now_on(cast)
    assert (subscription.plan_key, subscription.interval) == (after, interval)
    assert components(subscription) == MADE_OF[after]
    assert len(subscription.items) == len(MADE_OF[after])
    db.session.refresh(quote)
    invoice = db.session.scalars(sa.select(Invoice).where(Invoice.stripe_id == quote.invoice_stripe_id)).one()
    assert quote.due_now_amount == quote.charged_amount == invoice.total_amount > 0
    assert invoice.status == "paid"


@pytest.mark.parametrize("interval", ["month", "year"])
@pytest.mark.parametrize(("after", "before"), DEARER)
def test_a_cheaper_plan_waits_for_the_end_of_the_period(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, before: str, after: str, interval: Interval
) -> None:
    ends = subscribe(cast.tenant, before, interval, seats=5).current_period_end_at
    quote = quoted(owner, after, interval)
    assert (quote.due_now_amount, quote.effective_at) == (0, ends)
    owner.post(address(quote))
    subscription = now_on(cast)
    assert components(subscription) == MADE_OF[before]
    assert (subscription.plan_key, subscription.planned_plan_key) == (before, after)
    assert (subscription.planned_at, subscription.planned_interval) == (ends, interval)
    assert subscription.planned_seats == MADE_OF[after].get("seat")
    assert len(db.session.scalars(sa.select(Invoice)).all()) == 1


@pytest.mark.parametrize("plan", ["starter", "pro", "enterprise"])
def test_paying_by_the_year_comes_at_once_and_begins_a_year(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, plan: str
) -> None:
    subscribe(cast.tenant, plan, "month", seats=5)
    quote = quoted(owner, plan, "year")
    owner.post(address(quote))
    subscription = now_on(cast)
    assert subscription.interval == "year"
    assert components(subscription) == MADE_OF[plan]
    assert subscription.current_period_end_at - utcnow() > timedelta(days=364)
    assert quote.next_invoice_at is not None
    assert quote.next_invoice_at - utcnow() > timedelta(days=364)


@pytest.mark.parametrize("plan", ["starter", "pro", "enterprise"])
def test_paying_by_the_month_waits_until_the_year_is_over(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, plan: str
) -> None:
    ends = subscribe(cast.tenant, plan, "year", seats=5).current_period_end_at
    owner.post(address(quoted(owner, plan, "month")))
    subscription = now_on(cast)
    assert (subscription.interval, subscription.planned_interval) == ("year", "month")
    assert subscription.planned_at == ends


def test_a_planned_change_is_shown_with_its_date_wherever_it_matters(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    ends = subscribe(cast.tenant, "enterprise", seats=5).current_period_end_at
    owner.post(address(quoted(owner, "pro", seats=6)))
    for path in (OVERVIEW, PLANS, "/t/northwind-labs/seats"):
        page = text_of(owner, path)
        assert "Your plan changes to <strong>Pro with 6 seats</strong>" in page
        assert f"on {day(ends)}." in page


def test_a_planned_change_can_be_taken_back(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "enterprise", seats=5)
    owner.post(address(quoted(owner, "starter")))
    answer = owner.post(f"{PLANS}/keep")
    assert (answer.status_code, answer.location) == (303, OVERVIEW)
    assert "Your plan stays as it is." in text_of(owner)
    assert now_on(cast).planned_at is None
    assert stripe_client.v1.subscriptions.retrieve(subscription.stripe_id).schedule is None


def test_taking_back_what_is_not_planned_is_refused(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "pro")
    assert owner.post(f"{PLANS}/keep").status_code == 409


def test_a_later_plan_replaces_the_planned_one(cast: Cast, subscribe: Subscribe, owner: FlaskClient) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    owner.post(address(quoted(owner, "pro", seats=7)))
    quote = quoted(owner, "starter")
    assert "is replaced by this one" in text_of(owner, address(quote))
    owner.post(address(quote))
    subscription = now_on(cast)
    assert (subscription.planned_plan_key, subscription.planned_seats) == ("starter", None)


def test_a_dearer_plan_clears_the_planned_one(cast: Cast, subscribe: Subscribe, owner: FlaskClient) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    owner.post(address(quoted(owner, "starter")))
    owner.post(address(quoted(owner, "enterprise")))
    subscription = now_on(cast)
    assert (subscription.plan_key, subscription.planned_at, subscription.schedule_stripe_id) == (
        "enterprise",
        None,
        None,
    )


def test_a_planned_change_survives_more_seats(cast: Cast, subscribe: Subscribe, owner: FlaskClient) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    owner.post(address(quoted(owner, "pro", seats=5)))
    seats = owner.post("/t/northwind-labs/seats", data={"seats": "8"}).location
    owner.post(seats)
    subscription = now_on(cast)
    assert components(subscription)["seat"] == 8
    assert (subscription.planned_plan_key, subscription.planned_seats) == ("pro", 8)


def test_cancelling_drops_the_planned_change(cast: Cast, subscribe: Subscribe, owner: FlaskClient) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    owner.post(address(quoted(owner, "starter")))
    assert "The change of your plan that is planned for" in text_of(owner, "/t/northwind-labs/cancel")
    owner.post("/t/northwind-labs/cancel")
    subscription = now_on(cast)
    assert subscription.planned_at is None
    assert subscription.ends_at is not None


@pytest.mark.parametrize("plan", ["enterprise", "starter"])
def test_another_plan_takes_a_cancellation_back_and_says_so(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, plan: str
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    owner.post("/t/northwind-labs/cancel")
    quote = quoted(owner, plan)
    assert "Your cancellation is taken back" in text_of(owner, address(quote))
    owner.post(address(quote))
    assert now_on(cast).ends_at is None


def test_within_a_trial_another_plan_comes_at_once_and_costs_nothing_yet(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "enterprise", seats=5, trial_days=14)
    quote = quoted(owner, "pro")
    owner.post(address(quote))
    subscription = now_on(cast)
    db.session.refresh(quote)
    assert (subscription.plan_key, subscription.status) == ("pro", "trialing")
    assert quote.due_now_amount == quote.charged_amount == 0


def test_the_change_is_in_the_audit_trail_with_quote_and_charge(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "starter")
    owner.post(address(quoted(owner, "pro")))
    entries = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action.in_(("change.made", "subscription.plan_changed")))
    ).all()
    assert [entry.action for entry in entries] == ["change.made"]
    details = entries[0].details
    assert (details["before"], details["plan"], details["seats"]) == ("Starter", "Pro", 5)
    assert details["quoted"] == details["charged"]
    assert "changed the plan from Starter to Pro, billed by the month" in text_of(
        owner, "/t/northwind-labs/audit"
    )


def test_what_a_cheaper_plan_takes_away_is_said_before(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    page = text_of(owner, address(quoted(owner, "starter")))
    assert "You will no longer have: Priority support, Single sign-on, Audit export." in page
    assert "API calls: at most 50,000 calls a month." in page
    assert "Nothing is deleted." in page
