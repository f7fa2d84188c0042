"""What people and the audit trail are told about a subscription: every step once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import stripe
from flask.testing import FlaskClient

from portal.kit.clock import utcnow
from portal.plans.catalog import current_catalog
from portal.plans.prices import prices_on_sale
from portal.subscriptions.queries import current_subscription
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.time import Timed
from tests.fixtures.told import Told

HOURS = timedelta(hours=2)


def test_a_start_is_told_once(timed: Timed, subscribe: Subscribe, told: Told) -> None:
    subscribe(timed.tenant, "pro")
    timed.sync()
    timed.sync()

    assert told.mails() == ["subscription_started", "invoice_paid"]
    assert told.audit() == ["subscription.started", "invoice.paid"]


def test_a_trial_says_when_it_ends(timed: Timed, subscribe: Subscribe, told: Told) -> None:
    subscription = subscribe(timed.tenant, "pro", trial_days=14)

    assert subscription.trial_end_at is not None
    assert "free to try until" in told.texts()[0]
    assert told.mails() == ["subscription_started"]


def test_an_end_planned_at_stripe_and_taken_back_is_told(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    told.forget()
    for cancel in (True, False):
        stripe_client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": cancel})
        timed.sync()

    assert told.mails() == ["cancellation_planned", "cancellation_undone"]
    assert told.audit() == ["subscription.cancellation_planned", "subscription.cancellation_undone"]


def test_an_end_planned_twice_is_told_twice(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    told.forget()
    for cancel in (True, False, True):
        stripe_client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": cancel})
        timed.sync()

    assert told.mails() == ["cancellation_planned", "cancellation_undone", "cancellation_planned"]


def test_an_admin_who_cancels_here_stands_in_the_audit_trail_alone(
    subscribe: Subscribe, cast: Cast, owner: FlaskClient, told: Told, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro")
    told.forget()
    owner.post("/t/northwind-labs/cancel", data={"confirm": "y"})
    drain_jobs()

    assert told.mails() == ["cancellation_planned"]
    assert told.audit() == ["subscription.cancelled"]


def test_the_end_is_told_when_it_comes(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    stripe_client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
    timed.sync()
    told.forget()
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.sync()

    assert told.mails() == ["subscription_ended"]
    assert told.audit() == ["subscription.ended"]
    assert current_subscription(timed.tenant.id) is None


def test_another_plan_is_told(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "starter")
    told.forget()
    catalog = current_catalog()
    price = prices_on_sale(catalog.plans["pro"], "month", "usd")["seat"].stripe_id
    stripe_client.v1.subscriptions.update(
        row.stripe_id, {"items": [{"id": row.items[0].stripe_id, "price": price, "quantity": 3}]}
    )
    timed.sync()

    assert told.mails()[0] == "plan_changed"
    assert "from the Starter plan to the Pro plan" in told.texts()[0]
    assert told.audit()[0] == "subscription.plan_changed"


def test_a_second_live_subscription_is_found(timed: Timed, subscribe: Subscribe, told: Told) -> None:
    subscribe(timed.tenant, "pro")
    told.forget()
    subscribe(timed.tenant, "starter")
    timed.sync()

    assert told.audit().count("subscription.second_live_found") == 1


def test_the_death_of_an_old_subscription_leaves_the_new_one_alone(
    timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    old = subscribe(timed.tenant, "starter")
    new = subscribe(timed.tenant, "pro", seats=5)
    stripe_client.v1.subscriptions.cancel(old.stripe_id)
    timed.sync()

    current = current_subscription(timed.tenant.id)
    assert current is not None
    assert (current.stripe_id, current.plan_key) == (new.stripe_id, "pro")


def test_old_news_is_written_down_but_not_mailed(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    told.forget()
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.advance_to(timed.now() + timedelta(days=20))
    timed.sync()

    assert told.mails() == []
    assert told.audit() == ["invoice.paid"]


def test_a_deleted_customer_has_no_plan_any_more(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    subscribe(timed.tenant, "pro")
    told.forget()
    stripe_client.v1.customers.delete(timed.stripe_id)
    timed.sync()
    timed.sync()

    assert told.audit() == ["subscription.ended"]
    assert current_subscription(timed.tenant.id) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Honolulu"])
def test_days_in_mails_are_those_of_the_tenants_calendar(
    timed: Timed, subscribe: Subscribe, told: Told, zone: str
) -> None:
    timed.tenant.time_zone = zone
    row = subscribe(timed.tenant, "pro")

    shown = told.day_in(row.current_period_end_at, zone)
    assert f"renews by itself on {shown}" in told.texts()[0]
    assert row.current_period_end_at > utcnow()


def test_a_planned_change_and_taking_it_back_are_mailed_once(
    subscribe: Subscribe, cast: Cast, owner: FlaskClient, told: Told, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    told.forget()
    asked = owner.post("/t/northwind-labs/plans", data={"plan": "starter", "interval": "month", "seats": 1})
    owner.post(asked.location)
    drain_jobs()
    owner.post("/t/northwind-labs/plans/keep")
    drain_jobs()

    assert told.mails() == ["change_planned", "change_undone"]
    assert told.audit() == ["change.planned", "change.taken_back"]
    assert "will move from the Pro plan to the Starter plan" in told.texts()[0]
