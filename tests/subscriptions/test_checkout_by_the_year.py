"""A plan paid by the year whose use is billed by the month: Checkout sells the yearly part, and the meters are added
once it is paid, whoever notices first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.customers.queries import customer_of
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.subscriptions.models import Subscription
from portal.sync.customer import sync_customer
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import PayCheckout
from tests.fixtures.jobs import DrainJobs

CHECKOUT = "/t/northwind-labs/checkout"
OVERVIEW = "/t/northwind-labs/overview"
YEARLY = {"plan": "enterprise", "interval": "year", "seats": "7"}
WHOLE = ["base", "meter:api_calls", "meter:emails", "meter:storage_gb", "seat"]


@pytest.fixture
def session(owner: FlaskClient, pay_checkout: PayCheckout) -> str:
    """A paid checkout that nobody has come back from."""
    pay_checkout(owner.post(CHECKOUT, data=YEARLY).location)
    stripe_id = of_kind("checkout").stripe_id
    assert stripe_id is not None
    db.session.commit()
    return stripe_id


def of_kind(kind: str) -> Intent:
    return db.session.scalars(sa.select(Intent).where(Intent.kind == kind)).one()


def bought() -> Subscription:
    db.session.expire_all()
    return db.session.scalars(sa.select(Subscription)).one()


def components() -> list[str]:
    return sorted(str(item.component) for item in bought().items)


def come_back(owner: FlaskClient, session: str) -> str:
    return owner.get(f"{CHECKOUT}/return?session_id={session}", follow_redirects=True).text


def test_checkout_sells_what_is_paid_by_the_year_only(
    owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    owner.post(CHECKOUT, data=YEARLY)
    opened = stripe_client.v1.checkout.sessions.list({"limit": 1, "expand": ["data.line_items"]}).data[0]
    lines = opened.line_items
    assert lines is not None
    assert [(line.price and line.price.lookup_key, line.quantity) for line in lines.data] == [
        ("enterprise.base.year.usd", 1),
        ("enterprise.seat.year.usd", 7),
    ]


def test_who_comes_back_sees_the_whole_plan(owner: FlaskClient, session: str) -> None:
    page = come_back(owner, session)
    assert components() == WHOLE
    item = bought().usage_item
    assert item is not None
    assert (bought().interval, bought().usage_interval) == ("year", "month")
    assert item.current_period_end_at < bought().current_period_end_at
    assert "Renews on" in page
    assert "Every month, next on" in page
    assert of_kind("complete").state == IntentState.DONE


def test_coming_back_twice_adds_them_once(owner: FlaskClient, session: str) -> None:
    for _ in range(2):
        come_back(owner, session)
    assert components() == WHOLE
    assert of_kind("complete").state == IntentState.DONE


def test_they_are_added_if_nobody_comes_back(cast: Cast, session: str, drain_jobs: DrainJobs) -> None:
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    sync_customer(customer.id, trigger="webhook")
    assert components() == ["base", "seat"]
    drain_jobs()
    assert components() == WHOLE
    assert of_kind("checkout").state == IntentState.DONE


def test_what_stripe_did_not_answer_is_added_later(
    owner: FlaskClient, session: str, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    emulator.faults.add(Fault("error_after", "POST", "/v1/subscriptions/*", times=2))
    come_back(owner, session)
    assert of_kind("complete").state == IntentState.OPEN
    drain_jobs()
    assert of_kind("complete").state == IntentState.DONE
    assert components() == WHOLE


def test_a_plan_of_one_interval_is_sold_whole(owner: FlaskClient, pay_checkout: PayCheckout) -> None:
    pay_checkout(owner.post(CHECKOUT, data={**YEARLY, "interval": "month"}).location)
    come_back(owner, str(of_kind("checkout").stripe_id))
    assert components() == WHOLE
    assert db.session.scalars(sa.select(Intent).where(Intent.kind == "complete")).all() == []
