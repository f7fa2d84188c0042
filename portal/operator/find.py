"""Finding a tenant: the list of all of them by name, narrowed by what an operator knows of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.errors import NotFound
from portal.kit.ids import is_public_id
from portal.plans.catalog import current_catalog
from portal.subscriptions.models import Subscription
from portal.subscriptions.queries import plan_for, running_subscriptions
from portal.tenants.models import Membership, Tenant

PAGE_SIZE = 50
LONGEST = 100
_name = sa.func.lower(Tenant.name)


@dataclass(frozen=True, slots=True)
class Found:
    """A tenant of the list. `subscription` is the one that counts (None: nothing runs), `live` how many run."""

    tenant: Tenant
    customer_stripe_id: str | None
    plan: str
    subscription: Subscription | None
    seats: int | None
    live: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of the list. `next_after` is the cursor of the page that follows (None: this is the last)."""

    rows: tuple[Found, ...]
    next_after: str | None


def tenant_by_public_id(public_id: str) -> Tenant:
    """Return a tenant. Raises NotFound."""
    found = (
        db.session.scalars(sa.select(Tenant).where(Tenant.public_id == public_id)).one_or_none()
        if is_public_id(public_id)
        else None
    )
    if found is None:
        raise NotFound(f"no tenant {public_id!r}")
    return found


def wanted_words(typed: str | None) -> str:
    """Return what to look for: without what no keyboard types (PostgreSQL refuses some of it), at most 100 marks."""
    return "".join(mark for mark in typed or "" if mark.isprintable()).strip()[:LONGEST]


def find_tenants(words: str, *, after: str | None = None) -> Results:
    """List tenants by name: all of them, or those with `words` in their name, slug or billing address, in a member's
    address, or as their id at Stripe. `after` is the public id of the last one of the page before."""
    wanted = (
        sa.select(Tenant, Customer.stripe_id)
        .outerjoin(Customer, Customer.tenant_id == Tenant.id)
        .order_by(_name, Tenant.id)
        .limit(PAGE_SIZE + 1)
    )
    if words:
        wanted = wanted.where(_matches(words))
    if after and is_public_id(after):
        # The database compares the names, as it sorts them: its rules for letters are not Python's.
        last_one = aliased(Tenant)
        last = sa.select(sa.func.lower(last_one.name), last_one.id).where(last_one.public_id == after)
        wanted = wanted.where(sa.tuple_(_name, Tenant.id) > last.scalar_subquery())
    rows = db.session.execute(wanted).all()
    shown = rows[:PAGE_SIZE]
    running = running_subscriptions([tenant.id for tenant, _ in shown])
    return Results(
        tuple(_found(tenant, stripe_id, running[tenant.id]) for tenant, stripe_id in shown),
        shown[-1][0].public_id if len(rows) > PAGE_SIZE else None,
    )


def plan_name(subscription: Subscription) -> str:
    """Return what a subscription's plan is called; "Custom plan" if its prices are not the catalogue's."""
    plan = current_catalog().plans.get(subscription.plan_key or "")
    return plan.name if plan is not None else subscription.plan_key or "Custom plan"


def _matches(words: str) -> sa.ColumnElement[bool]:
    member = sa.exists().where(
        Membership.tenant_id == Tenant.id,
        Membership.user_id == User.id,
        User.email.icontains(words, autoescape=True),
    )
    return sa.or_(
        Tenant.name.icontains(words, autoescape=True),
        Tenant.slug.icontains(words, autoescape=True),
        Tenant.billing_email.icontains(words, autoescape=True),
        Customer.stripe_id == words,
        member,
    )


def _found(tenant: Tenant, stripe_id: str | None, running: Sequence[Subscription]) -> Found:
    counts = running[0] if running else None
    seat = counts.item("seat") if counts is not None else None
    return Found(
        tenant=tenant,
        customer_stripe_id=stripe_id,
        plan=plan_name(counts) if counts is not None and counts.is_live else plan_for(None).name,
        subscription=counts,
        seats=seat.quantity if seat is not None else None,
        live=sum(row.is_live for row in running),
    )
