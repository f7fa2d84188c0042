"""The sweep that needs no webhook."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
import stripe

from portal.customers.models import Customer
from portal.extensions import db
from portal.jobs.queue import enqueue
from portal.kit.clock import utcnow
from portal.sync.customer import sync_customer
from portal.sync.models import SyncRun
from portal.sync.reconcile import due_customers, mark_due, prune_runs, reconcile
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage
from tests.fixtures.webhooks import Stripe


def test_it_brings_back_what_webhooks_lost(
    cast: Cast, subscribe: Subscribe, stripe_account: Stripe, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(cast.tenant, "pro")
    stripe_client.v1.subscriptions.cancel(row.stripe_id)

    done = reconcile()

    assert done.customers == 2
    assert stripe_account.customer_of(cast.tenant).stripe_id in done.drifted
    assert db.session.get_one(type(row), row.id, populate_existing=True).status == "canceled"


def test_a_second_sweep_finds_nothing(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    reconcile()

    assert reconcile().drifted == ()


def test_one_tenant_can_be_reconciled_alone(cast: Cast) -> None:
    assert reconcile(tenant_id=cast.tenant.id).customers == 1


def test_an_outage_is_listed_for_each_customer(cast: Cast, stripe_outage: Outage) -> None:
    with stripe_outage():
        done = reconcile()

    assert len(done.failed) == done.customers == 2


def test_the_nightly_sweep_marks_who_was_not_synced_for_a_day(cast: Cast, stripe_account: Stripe) -> None:
    fresh = stripe_account.customer_of(cast.tenant)
    stale = stripe_account.customer_of(cast.other_tenant)
    for customer in (fresh, stale):
        sync_customer(customer.id, trigger="operator")
    with unit_of_work():
        db.session.execute(
            sa.update(Customer)
            .where(Customer.id == stale.id)
            .values(synced_at=utcnow() - timedelta(hours=25))
        )

    assert [row.id for row in due_customers()] == [stale.id]


def test_the_nightly_sweep_marks_everyone_who_pays(
    cast: Cast, subscribe: Subscribe, stripe_account: Stripe
) -> None:
    subscribe(cast.tenant, "pro")
    sync_customer(stripe_account.customer_of(cast.other_tenant).id, trigger="operator")

    assert [row.tenant_id for row in due_customers()] == [cast.tenant.id]


def test_deleted_customers_are_left_in_peace(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.call(lambda v1: v1.customers.delete(customer.stripe_id))
    sync_customer(customer.id, trigger="operator")
    with unit_of_work():
        db.session.execute(sa.update(Customer).values(synced_at=None))

    assert [row.tenant_id for row in due_customers()] == [cast.other_tenant.id]


def test_the_sweep_is_spread_over_time(cast: Cast, stripe_account: Stripe) -> None:
    with unit_of_work():
        assert mark_due() == 2

    assert len(stripe_account.marks()) == 2


def test_the_nightly_job_sweeps_and_forgets_old_runs(
    cast: Cast, stripe_account: Stripe, drain_jobs: DrainJobs
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    sync_customer(customer.id, trigger="operator")
    with unit_of_work():
        old = utcnow() - timedelta(days=91)
        db.session.execute(sa.update(SyncRun).values(finished_at=old))
        db.session.execute(sa.update(Customer).values(synced_at=old))
    stripe_account.rename(customer, "Renamed")
    enqueue("sync.reconcile", {})
    drain_jobs()

    assert stripe_account.customer_of(cast.tenant).name == "Renamed"
    assert {run.trigger for run in db.session.scalars(sa.select(SyncRun))} == {"reconcile"}
    with unit_of_work():
        prune_runs()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SyncRun)) == 2
