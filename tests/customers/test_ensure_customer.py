"""Exactly one customer at Stripe for each tenant, however often and whenever it is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe

from portal.audit.models import AuditEntry
from portal.customers.begin import begin_customer
from portal.customers.ensure import ensure_customer
from portal.customers.models import Customer
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.gateway.errors import GatewayUnavailable
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.tenants.models import Tenant
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.jobs import DrainJobs


@pytest.fixture
def tenant(app: Portal) -> Tenant:
    """A tenant that has just signed up, before Stripe was asked."""
    with unit_of_work():
        fresh = Tenant(name="Fabrikam", slug="fabrikam", billing_email="billing@fabrikam.example.com")
        db.session.add(fresh)
        db.session.flush()
        begin_customer(fresh)
    return fresh


def customers_at(client: stripe.StripeClient) -> list[str]:
    return [each.id for each in client.v1.customers.list().data]


def test_the_first_call_creates_the_customer_with_the_tenants_name(
    tenant: Tenant, stripe_client: stripe.StripeClient
) -> None:
    row = ensure_customer(tenant.id)
    found = stripe_client.v1.customers.retrieve(row.stripe_id or "")
    assert (found.email, found.name) == ("billing@fabrikam.example.com", "Fabrikam")
    assert found.metadata is not None
    assert found.metadata["tenant"] == tenant.public_id


def test_further_calls_and_the_job_create_no_other(
    tenant: Tenant, stripe_client: stripe.StripeClient, drain_jobs: DrainJobs
) -> None:
    ids = {ensure_customer(tenant.id).stripe_id for _ in range(3)}
    drain_jobs()
    assert ids == set(customers_at(stripe_client))
    assert len(ids) == 1


def test_the_job_creates_it_when_stripe_did_not_answer_at_sign_up(
    tenant: Tenant, emulator: Emulator, stripe_client: stripe.StripeClient, drain_jobs: DrainJobs
) -> None:
    emulator.faults.add(Fault("rate_limit", "POST", "/v1/customers"))
    with pytest.raises(GatewayUnavailable):
        ensure_customer(tenant.id)
    drain_jobs()
    assert len(customers_at(stripe_client)) == 1


def test_an_answer_that_was_lost_is_not_a_second_customer(
    tenant: Tenant, emulator: Emulator, stripe_client: stripe.StripeClient
) -> None:
    emulator.faults.add(Fault("error_after", "POST", "/v1/customers", times=2))
    emulator.faults.add(Fault("error_before", "GET", "/v1/customers", times=2))
    with pytest.raises(GatewayUnavailable):
        ensure_customer(tenant.id)
    assert customers_at(stripe_client) == [ensure_customer(tenant.id).stripe_id]


def test_an_error_that_stripe_repeats_for_a_day_hides_no_customer(
    tenant: Tenant, emulator: Emulator, stripe_client: stripe.StripeClient
) -> None:
    emulator.faults.add(Fault("error_kept", "POST", "/v1/customers"))
    made = ensure_customer(tenant.id).stripe_id
    assert customers_at(stripe_client) == [made]


def test_after_stripe_forgot_the_key_the_customer_is_looked_for_first(
    tenant: Tenant, stripe_client: stripe.StripeClient
) -> None:
    made = ensure_customer(tenant.id).stripe_id
    db.session.execute(sa.update(Customer).values(stripe_id=None, created_at=utcnow() - timedelta(days=3)))
    db.session.commit()
    with_other_tenant = stripe_client.v1.customers.create({"email": tenant.billing_email})
    assert ensure_customer(tenant.id).stripe_id == made
    assert set(customers_at(stripe_client)) == {made, with_other_tenant.id}


def test_the_creation_is_in_the_audit_trail_once(tenant: Tenant) -> None:
    ensure_customer(tenant.id)
    ensure_customer(tenant.id)
    created = sa.select(AuditEntry).where(AuditEntry.action == "customer.created")
    assert db.session.scalars(created).one().tenant_id == tenant.id


def test_a_tenant_without_a_customer_row_is_not_found(app: Portal) -> None:
    with pytest.raises(NotFound):
        ensure_customer(987_654)
