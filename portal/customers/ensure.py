"""Makes sure that a tenant has exactly one customer at Stripe, however often and from wherever it is asked."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.audit.record import record
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway import current_gateway, customers
from portal.gateway.errors import GatewayUnavailable
from portal.gateway.snapshots import CustomerSnapshot
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.tenants.models import Tenant
from portal.web.unit_of_work import unit_of_work

KEY_LIVES = timedelta(hours=23)
"""Stripe keeps an idempotency key for at least 24 hours; later than this, look before creating."""


def ensure_customer(tenant_id: int) -> Customer:
    """Return the tenant's customer, created at Stripe if it is not there yet. Call it outside any transaction.

    Raises NotFound for a tenant without a customer row and the gateway's errors when Stripe does not answer.
    """
    with unit_of_work():
        tenant, row = _load(tenant_id)
    if row.stripe_id is not None:
        return row
    made = _create(tenant, row)
    with unit_of_work():
        # Two callers may both be here: they hold the same customer, and only one of them records it.
        first = db.session.execute(
            sa.update(Customer)
            .where(Customer.id == row.id, Customer.stripe_id.is_(None))
            .values(stripe_id=made.stripe_id, livemode=made.livemode)
            .returning(Customer.id)
        ).one_or_none()
        if first is not None:
            record(
                "customer.created",
                tenant_id=tenant_id,
                object_type="customer",
                object_id=made.stripe_id,
            )
        db.session.refresh(row)
    return row


def _load(tenant_id: int) -> tuple[Tenant, Customer]:
    found = db.session.execute(
        sa.select(Tenant, Customer)
        .join(Customer, Customer.tenant_id == Tenant.id)
        .where(Tenant.id == tenant_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"tenant {tenant_id} has no customer row")
    return found[0], found[1]


def _create(tenant: Tenant, row: Customer) -> CustomerSnapshot:
    gateway = current_gateway()
    email = row.email or tenant.billing_email
    if utcnow() - row.created_at > KEY_LIVES:
        found = customers.find(gateway, email=email, tenant_public_id=tenant.public_id)
        if found is not None:
            return found
    try:
        return customers.create(
            gateway,
            email=email,
            name=row.name or tenant.name,
            tenant_public_id=tenant.public_id,
            key=f"customer-{tenant.public_id}",
            test_clock=row.test_clock,
        )
    except GatewayUnavailable:
        # Stripe keeps a 500 under the key for a day too: whoever was made all the same is found by looking.
        found = customers.find(gateway, email=email, tenant_public_id=tenant.public_id)
        if found is None:
            raise
        return found
