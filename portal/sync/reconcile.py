"""The sweep that makes webhooks an optimisation: it brings every customer to Stripe's state without any event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog

from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway.errors import GatewayError
from portal.kit.clock import utcnow
from portal.subscriptions.models import LIVE, Subscription
from portal.sync.customer import sync_customer
from portal.sync.details import sync_details
from portal.sync.mark import mark_customer
from portal.sync.models import SyncRun
from portal.web.unit_of_work import unit_of_work

STALE_AFTER = timedelta(hours=24)
SPREAD = timedelta(milliseconds=200)
"""Between two customers of the nightly sweep: three calls each stay well below Stripe's 25 reads a second in test
mode."""
KEEP_RUNS = timedelta(days=90)
log = structlog.get_logger("sync")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a sweep found. `drifted` are the customers (Stripe's ids) whose picture here was not Stripe's."""

    customers: int
    drifted: tuple[str, ...]
    failed: tuple[str, ...]


def due_customers() -> Sequence[Customer]:
    """Return the customers a sweep looks at: everyone with a live subscription, and everyone whose last sync is
    more than a day old; deleted ones never."""
    live = sa.select(Subscription.tenant_id).where(Subscription.status.in_(LIVE))
    stale = sa.or_(Customer.synced_at.is_(None), Customer.synced_at < utcnow() - STALE_AFTER)
    return db.session.scalars(
        sa.select(Customer)
        .where(
            Customer.stripe_id.is_not(None),
            Customer.deleted_at.is_(None),
            sa.or_(stale, Customer.tenant_id.in_(live)),
        )
        .order_by(Customer.id)
    ).all()


def mark_due() -> int:
    """Mark every customer of the sweep, spread over time, in the caller's transaction; return how many."""
    found = due_customers()
    for number, customer in enumerate(found):
        mark_customer(customer.id, customer.tenant_id, trigger="reconcile", delay=number * SPREAD)
    return len(found)


def reconcile(*, tenant_id: int | None = None) -> Reconciled:
    """Sync everyone (or one tenant) now, one after the other, with their details. Call it outside any transaction.

    A customer for whom Stripe does not answer is listed as failed and does not stop the rest.
    """
    with unit_of_work():
        wanted = sa.select(Customer).where(Customer.stripe_id.is_not(None)).order_by(Customer.id)
        if tenant_id is not None:
            wanted = wanted.where(Customer.tenant_id == tenant_id)
        found = [(row.id, row.stripe_id or "") for row in db.session.scalars(wanted)]
    drifted: list[str] = []
    failed: list[str] = []
    for customer_id, stripe_id in found:
        try:
            if sync_customer(customer_id, trigger="reconcile").changes:
                drifted.append(stripe_id)
            sync_details(customer_id)
        except GatewayError as error:
            log.warning("reconcile_failed", customer=stripe_id, error=str(error))
            failed.append(stripe_id)
    return Reconciled(len(found), tuple(drifted), tuple(failed))


def prune_runs() -> None:
    """Delete the records of syncs older than 90 days, in the caller's transaction."""
    db.session.execute(sa.delete(SyncRun).where(SyncRun.finished_at < utcnow() - KEEP_RUNS))
