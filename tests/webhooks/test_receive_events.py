"""What a well signed event leads to."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.models import Job
from portal.webhooks.routes import ROUTES, event_types
from tests.fixtures.cast import Cast
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.webhooks import Inbox, Stripe


def test_an_event_is_stored_and_marks_its_customer(cast: Cast, stripe_account: Stripe, inbox: Inbox) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    status = stripe_account.send_event(customer=customer)

    assert status == 200
    (stored,) = inbox()
    assert (stored.type, stored.tenant_id) == ("customer.updated", cast.tenant.id)
    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 1}


def test_the_raw_bytes_are_kept(cast: Cast, stripe_account: Stripe, inbox: Inbox) -> None:
    stripe_account.send_event(extra="caf\u00e9")

    assert b'"extra": "caf' in inbox()[0].body


def test_the_same_event_again_changes_nothing(cast: Cast, stripe_account: Stripe, inbox: Inbox) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    answers = [stripe_account.send_event(customer=customer) for _ in range(3)]

    assert answers == [200, 200, 200]
    assert len(inbox()) == 1
    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 1}


def test_twelve_events_of_one_happening_cost_one_sync(
    cast: Cast, stripe_account: Stripe, drain_jobs: DrainJobs
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    for number in range(12):
        stripe_account.send_event(number=number, customer=customer)

    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 12}
    drain_jobs(["stripe"])
    assert stripe_account.calls("GET", "/v1/subscriptions") == 1


def test_an_event_of_a_customer_that_is_not_ours_is_kept_without_a_tenant(
    cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    status = stripe_account.send_event()

    assert status == 200
    assert inbox()[0].tenant_id is None
    assert stripe_account.marks() == {}


def test_a_tenant_named_in_the_metadata_is_not_believed(
    cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    subject = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "customer": "cus_somebody_else",
        "client_reference_id": cast.tenant.public_id,
        "metadata": {"tenant": cast.tenant.public_id},
    }

    stripe_account.send_event(type="checkout.session.completed", data={"object": subject})

    assert inbox()[0].tenant_id is None
    assert stripe_account.marks() == {}


def test_an_event_of_live_mode_is_kept_but_not_acted_on(
    cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    status = stripe_account.send_event(customer=customer, livemode=True)

    assert status == 200
    assert (inbox()[0].livemode, inbox()[0].tenant_id) == (True, None)
    assert stripe_account.marks() == {}


def test_a_type_without_a_route_is_answered_and_counted(
    cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    status = stripe_account.send_event(customer=customer, type="payment_intent.created")

    assert status == 200
    assert inbox()[0].type == "payment_intent.created"
    assert stripe_account.marks() == {}


def test_a_card_event_marks_the_details_only(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    stripe_account.send_event(customer=customer, type="payment_method.attached")

    assert stripe_account.marks() == {f"customers.details:{customer.id}": 1}


def test_every_route_gives_its_reason() -> None:
    assert all(len(reason.split()) > 3 for _, reason in ROUTES.values())
    assert event_types() == sorted(set(ROUTES))


def test_the_endpoint_takes_no_other_method(cast: Cast, stripe_account: Stripe) -> None:
    assert stripe_account.portal.get("/webhooks/stripe").status_code == 405
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
