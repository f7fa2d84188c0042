"""Reads and care of the inbox: how many events of which kind, a customer's events again, old ones gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.sync.mark import mark_customer, mark_details
from portal.webhooks.models import StripeEvent
from portal.webhooks.routes import ROUTES

KEEP = timedelta(days=90)


def counts_by_type(*, days: int = 30) -> Sequence[tuple[str, bool, int]]:
    """Return how many events of each type came in the last days: (type, whether it is routed, count), most first."""
    count = sa.func.count()
    rows = db.session.execute(
        sa.select(StripeEvent.type, count)
        .where(StripeEvent.received_at > utcnow() - timedelta(days=days))
        .group_by(StripeEvent.type)
        .order_by(count.desc(), StripeEvent.type)
    )
    return [(type_, type_ in ROUTES, number) for type_, number in rows]


def replay_event(stripe_id: str) -> None:
    """Act on a stored event once more, in the caller's transaction: its customer is looked up again and marked.

    Raises NotFound for an event that is not in the inbox or whose customer is not ours.
    """
    customer = db.session.scalars(
        sa.select(Customer)
        .join(StripeEvent, StripeEvent.customer_stripe_id == Customer.stripe_id)
        .where(StripeEvent.stripe_id == stripe_id)
    ).one_or_none()
    if customer is None:
        raise NotFound(f"no event {stripe_id} of a customer of ours")
    mark_customer(customer.id, customer.tenant_id, trigger="operator")
    mark_details(customer.id, customer.tenant_id)


def prune() -> None:
    """Delete events received more than 90 days ago, in the caller's transaction; Stripe itself keeps them for 30."""
    db.session.execute(sa.delete(StripeEvent).where(StripeEvent.received_at < utcnow() - KEEP))
