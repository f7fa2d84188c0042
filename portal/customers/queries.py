"""Reads about a tenant's customer: its row, and what time it is for it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow


def customer_of(tenant_id: int) -> Customer | None:
    """Return the tenant's customer row, or None before sign-up has made it."""
    return db.session.scalars(sa.select(Customer).where(Customer.tenant_id == tenant_id)).one_or_none()


def billing_now(tenant_id: int) -> datetime:
    """Return the present as the tenant's bills see it: a test clock that runs ahead is the tenant's time."""
    return _later(db.session.scalar(sa.select(Customer.clock_at).where(Customer.tenant_id == tenant_id)))


def now_of(customer: Customer | None) -> datetime:
    """Return `billing_now` for a customer row at hand, without asking the database."""
    return _later(customer.clock_at if customer is not None else None)


def _later(clock_at: datetime | None) -> datetime:
    now = utcnow()
    return now if clock_at is None else max(now, clock_at)
