"""A plan as its owner sees it while time passes: a new period, a failed card and its recovery, and the end."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from portal.customers.queries import billing_now
from portal.subscriptions.access_policy import access_level
from portal.subscriptions.models import Status
from portal.subscriptions.queries import current_subscription, plan_of
from portal.web.filters import day
from tests.fixtures.catalog import Subscribe
from tests.fixtures.time import Timed

OVERVIEW = "/t/adventure/overview"
DAY = timedelta(days=1)


def test_after_a_renewal_the_next_period_is_shown(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    first_end = subscribe(timed.tenant, "pro").current_period_end_at
    timed.advance_to(first_end + DAY)
    timed.sync()
    subscription = current_subscription(timed.tenant.id)
    assert subscription is not None
    assert subscription.current_period_start_at == first_end
    assert f"{day(first_end)} to {day(subscription.current_period_end_at)}" in payer.get(OVERVIEW).text


def test_a_failed_renewal_warns_then_limits_and_paying_makes_all_well(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscription = subscribe(timed.tenant, "pro")
    bad = timed.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": timed.stripe_id})
    timed.client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": bad.id})
    timed.advance_to(subscription.current_period_end_at + timedelta(hours=2))
    timed.sync()
    page = payer.get(OVERVIEW).text
    assert "Your last payment failed." in page
    assert "Payment overdue" in page
    assert 'href="/t/adventure/invoices">See what is due' in page
    good = timed.client.v1.payment_methods.attach("pm_card_visa", {"customer": timed.stripe_id})
    timed.client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": good.id})
    timed.advance_to(timed.now() + 10 * DAY)
    timed.sync()
    recovered = current_subscription(timed.tenant.id)
    assert recovered is not None
    assert (recovered.status, recovered.problem_since_at) == (Status.ACTIVE, None)
    assert "Your last payment failed." not in payer.get(OVERVIEW).text


def test_the_age_of_a_problem_is_counted_in_the_tenants_time(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscription = subscribe(timed.tenant, "pro")
    bad = timed.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": timed.stripe_id})
    timed.client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": bad.id})
    timed.advance_to(subscription.current_period_end_at + timedelta(hours=2))
    timed.sync()
    troubled = current_subscription(timed.tenant.id)
    assert troubled is not None
    assert troubled.past_due
    assert access_level(troubled, billing_now(timed.tenant.id)) == "warn"


def test_a_cancelled_plan_ends_on_its_day_and_can_be_bought_again(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "pro").current_period_end_at
    payer.post("/t/adventure/cancel")
    timed.advance_to(ends + DAY)
    timed.sync()
    assert plan_of(timed.tenant.id).key == "free"
    assert "You are on the free plan" in payer.get(OVERVIEW).text
    again = payer.post("/t/adventure/checkout", data={"plan": "pro", "interval": "month", "seats": "1"})
    assert again.location.startswith("http://127.0.0.1:12111/c/pay/")


def test_a_trial_becomes_a_paid_plan_by_itself(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    trial = subscribe(timed.tenant, "starter", trial_days=14)
    assert trial.trial_end_at is not None
    timed.advance_to(trial.trial_end_at + DAY)
    timed.sync()
    page = payer.get(OVERVIEW).text
    assert "Active" in page
    assert "Your free trial ends" not in page
