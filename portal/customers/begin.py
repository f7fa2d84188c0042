"""The first step of a tenant's Stripe customer: its row, made with the tenant in one transaction."""

from __future__ import annotations

from datetime import timedelta

from portal.customers.models import Customer
from portal.extensions import db
from portal.jobs.queue import enqueue
from portal.tenants.models import Tenant

FALLBACK_AFTER = timedelta(seconds=20)


def begin_customer(tenant: Tenant, *, test_clock: str | None = None) -> Customer:
    """Add the customer row of a flushed tenant and the job that makes the customer at Stripe if nobody else does.

    The view that created the tenant calls `ensure_customer` right after its commit; the job is for the case that
    Stripe did not answer then. A `test_clock` (an id at Stripe) is for demonstrations.
    """
    row = Customer(tenant_id=tenant.id, email=tenant.billing_email, name=tenant.name, test_clock=test_clock)
    db.session.add(row)
    enqueue(
        "customers.ensure",
        {"tenant_id": tenant.id},
        queue="stripe",
        delay=FALLBACK_AFTER,
        once_key=f"customers.ensure:{tenant.public_id}",
        tenant_id=tenant.id,
    )
    return row
