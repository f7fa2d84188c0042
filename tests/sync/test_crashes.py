"""A sync that dies at any step: whoever runs the job again brings the same state, and nothing is told twice."""

from __future__ import annotations

import pytest
import stripe

from portal.jobs.worker import run_until_empty
from portal.subscriptions.queries import current_subscription
from portal.sync.mark import mark_customer
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.crash import Crash, Killed
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.told import Told
from tests.fixtures.webhooks import Stripe

STATEMENTS = (
    "UPDATE customer SET sync_ticket",
    "UPDATE customer SET synced_ticket",
    "INSERT INTO audit_entry",
    "INSERT INTO outgoing_mail",
    "INSERT INTO sync_run",
)


@pytest.mark.parametrize("path", ["/v1/customers/", "/v1/subscriptions", "/v1/invoices"])
def test_a_worker_killed_while_it_waits_for_stripe(
    cast: Cast,
    subscribe: Subscribe,
    stripe_account: Stripe,
    stripe_client: stripe.StripeClient,
    drain_jobs: DrainJobs,
    told: Told,
    crash: Crash,
    path: str,
) -> None:
    row = subscribe(cast.tenant, "pro")
    told.forget()
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    customer = stripe_account.customer_of(cast.tenant)
    with unit_of_work():
        mark_customer(customer.id, customer.tenant_id)
    where = f"{path}{customer.stripe_id}" if path.endswith("/") else path
    stripe_account.during(where, crash.now)

    with pytest.raises(Killed):
        run_until_empty(["stripe"])
    crash.let_leases_run_out()
    drain_jobs(["stripe"])

    assert current_subscription(cast.tenant.id) is None
    assert told.audit() == ["subscription.ended"]
    assert told.mails() == ["subscription_ended"]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_worker_killed_while_it_writes(
    cast: Cast,
    subscribe: Subscribe,
    stripe_account: Stripe,
    stripe_client: stripe.StripeClient,
    drain_jobs: DrainJobs,
    told: Told,
    crash: Crash,
    statement: str,
) -> None:
    row = subscribe(cast.tenant, "pro")
    drain_jobs()
    told.forget()
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    customer = stripe_account.customer_of(cast.tenant)
    with unit_of_work():
        mark_customer(customer.id, customer.tenant_id)

    with crash.at(statement), pytest.raises(Killed):
        run_until_empty(["stripe"])
    crash.let_leases_run_out()
    drain_jobs(["stripe"])

    assert current_subscription(cast.tenant.id) is None
    assert told.audit() == ["subscription.ended"]
    assert told.mails() == ["subscription_ended"]
