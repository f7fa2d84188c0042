"""Two who fetch a customer's cards and next invoice at once: the page that a person returns to, and the worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from portal.customers.models import Customer, PaymentMethod
from portal.extensions import db
from portal.sync.details import Details, fetch_details, sync_details, write_details
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.webhooks import Stripe


@pytest.fixture
def customer(cast: Cast, stripe_account: Stripe) -> Customer:
    """The tenant's customer, with one card on file that the portal has not seen."""
    row = stripe_account.customer_of(cast.tenant)
    attach(stripe_account, row, "pm_card_visa")
    return row


def attach(stripe_account: Stripe, customer: Customer, card: str) -> None:
    stripe_account.call(lambda v1: v1.payment_methods.attach(card, {"customer": customer.stripe_id}))


def fetched(customer: Customer) -> Details:
    details = fetch_details(customer.id)
    assert details is not None
    return details


def cards() -> list[str | None]:
    found = list(db.session.scalars(sa.select(PaymentMethod.last4).order_by(PaymentMethod.last4)))
    db.session.commit()
    return found


def test_the_older_picture_is_dropped_and_asked_for_again(customer: Customer, stripe_account: Stripe) -> None:
    older = fetched(customer)
    attach(stripe_account, customer, "pm_card_mastercard")
    newer = fetched(customer)
    with unit_of_work():
        write_details(newer)
    with unit_of_work():
        write_details(older)

    assert cards() == ["4242", "4444"]
    assert stripe_account.marks() == {f"customers.details:{customer.id}": 1}


def test_a_picture_that_may_be_the_older_one_waits_for_the_newer(
    customer: Customer, stripe_account: Stripe, drain_jobs: DrainJobs
) -> None:
    older = fetched(customer)
    fetched(customer)
    with unit_of_work():
        write_details(older)
    assert cards() == []

    drain_jobs(["stripe"])
    assert cards() == ["4242"]


def test_ten_at_once_write_each_card_once(app: Portal, customer: Customer, drain_jobs: DrainJobs) -> None:
    customer_id = customer.id

    def look(_number: int) -> None:
        with app.app_context():
            sync_details(customer_id)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(look, range(10)))
    drain_jobs(["stripe"])
    assert cards() == ["4242"]
