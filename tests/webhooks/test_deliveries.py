"""Deliveries by the emulator, with the mishaps of life."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe

from portal.emulator.deliveries import DeliveryMode
from portal.extensions import db
from portal.jobs.models import Job
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.subscriptions.models import Status
from portal.subscriptions.queries import current_subscription
from portal.web.unit_of_work import Portal, unit_of_work
from portal.webhooks.inbox import counts_by_type, prune, replay_event
from portal.webhooks.models import StripeEvent
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.webhooks import ADDRESS, Inbox, Stripe, event_body, signed

MODES = {
    "in order": DeliveryMode(),
    "reversed": DeliveryMode(order="reversed"),
    "shuffled": DeliveryMode(order="shuffled", shuffle_seed=5),
    "three times each": DeliveryMode(copies=3),
    "lost once, then tried again": DeliveryMode(drop_first_attempts=1),
    "signed by an unknown secret as well": DeliveryMode(signature="two"),
}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
def test_a_cancellation_at_stripe_arrives_by_webhook_alone(
    cast: Cast,
    subscribe: Subscribe,
    stripe_account: Stripe,
    stripe_client: stripe.StripeClient,
    drain_jobs: DrainJobs,
    mode: DeliveryMode,
) -> None:
    row = subscribe(cast.tenant, "pro")
    stripe_account.listen(mode)
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    stripe_account.deliver()
    stripe_account.deliver()
    drain_jobs(["stripe"])

    assert set(stripe_account.answers) == {200}
    assert current_subscription(cast.tenant.id) is None
    assert row.status == Status.CANCELED


@pytest.mark.parametrize("signature", ["stale", "wrong", "missing"])
def test_a_delivery_with_a_bad_signature_is_refused(
    cast: Cast, stripe_account: Stripe, inbox: Inbox, signature: str
) -> None:
    stripe_account.listen(DeliveryMode(signature=signature))  # type: ignore[arg-type]
    stripe_account.rename(stripe_account.customer_of(cast.tenant), "Renamed")
    stripe_account.deliver()

    assert set(stripe_account.answers) == {400}
    assert inbox() == []


def test_the_same_event_twenty_times_at_once_is_one(
    app: Portal, cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    body = event_body(customer=customer)
    start = threading.Barrier(10)

    def deliver(_number: int) -> int:
        start.wait()
        return app.test_client().post(ADDRESS, data=body, headers=signed(body)).status_code

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(deliver, range(20)))

    assert set(answers) == {200}
    assert len(inbox()) == 1
    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 1}


def test_twenty_events_of_one_customer_at_once_are_all_kept_and_marked(
    app: Portal, cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    bodies = [event_body(number, customer=customer) for number in range(20)]
    start = threading.Barrier(10)

    def deliver(body: bytes) -> int:
        start.wait()
        return app.test_client().post(ADDRESS, data=body, headers=signed(body)).status_code

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(deliver, bodies))

    assert set(answers) == {200}
    assert len(inbox()) == 20
    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 20}


def test_a_webhook_survives_that_its_connections_were_cut(
    cast: Cast, stripe_account: Stripe, inbox: Inbox
) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connections that could be cut")
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.send_event(number=1, customer=customer)
    db.session.execute(
        sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )
    db.session.commit()

    assert stripe_account.send_event(number=2, customer=customer) == 200
    assert len(inbox()) == 2


def test_a_stored_event_can_be_acted_on_again(
    cast: Cast, stripe_account: Stripe, inbox: Inbox, drain_jobs: DrainJobs
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.send_event(customer=customer)
    drain_jobs()
    stripe_account.rename(customer, "Renamed")
    with unit_of_work():
        replay_event(inbox()[0].stripe_id)
    drain_jobs()

    assert stripe_account.customer_of(cast.tenant).name == "Renamed"


def test_an_event_of_nobody_of_ours_cannot_be_replayed(stripe_account: Stripe, inbox: Inbox) -> None:
    stripe_account.send_event()

    with pytest.raises(NotFound), unit_of_work():
        replay_event(inbox()[0].stripe_id)


def test_events_are_counted_by_type(cast: Cast, stripe_account: Stripe) -> None:
    for number, type_ in enumerate(["payment_intent.created", "customer.updated", "payment_intent.created"]):
        stripe_account.send_event(number=number, type=type_)

    assert counts_by_type() == [("payment_intent.created", False, 2), ("customer.updated", True, 1)]


def test_old_events_go_after_90_days(cast: Cast, stripe_account: Stripe, inbox: Inbox) -> None:
    for number in (1, 2):
        stripe_account.send_event(number=number)
    with unit_of_work():
        db.session.execute(
            sa.update(StripeEvent)
            .where(StripeEvent.id == inbox()[0].id)
            .values(received_at=utcnow() - timedelta(days=91))
        )
    with unit_of_work():
        prune()

    assert len(inbox()) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
