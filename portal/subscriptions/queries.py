"""Reads about a tenant's subscription: which one counts now, and which plan that gives."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portal.extensions import db
from portal.gateway.snapshots import PlannedSnapshot
from portal.plans.catalog import Plan, current_catalog
from portal.subscriptions.models import ENDED, LIVE, Subscription, SubscriptionItem

_RELEVANCE = (
    sa.case((Subscription.status.in_(LIVE), 0), else_=1),
    Subscription.created_at.desc(),
    Subscription.id.desc(),
)


def current_subscription(tenant_id: int) -> Subscription | None:
    """Return the subscription that counts: the live one (the newest of several), else the newest incomplete one.

    An ended subscription never counts.
    """
    return db.session.scalars(by_relevance(tenant_id).limit(1)).one_or_none()


def by_relevance(tenant_id: int | sa.BindParameter[int]) -> sa.Select[Subscription]:
    """Select the subscriptions that have not ended, the one that counts first."""
    return (
        sa.select(Subscription)
        .where(Subscription.tenant_id == tenant_id, Subscription.status.not_in(ENDED))
        .order_by(*_RELEVANCE)
    )


def running_subscriptions(tenant_ids: Collection[int]) -> dict[int, list[Subscription]]:
    """Return the subscriptions of several tenants that have not ended, by tenant, the one that counts first."""
    found: dict[int, list[Subscription]] = {tenant_id: [] for tenant_id in tenant_ids}
    for row in db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.tenant_id.in_(tenant_ids), Subscription.status.not_in(ENDED))
        .order_by(*_RELEVANCE)
    ):
        found[row.tenant_id].append(row)
    return found


def live_subscriptions(tenant_id: int) -> list[Subscription]:
    """Return every live subscription, newest first; more than one is a mistake that a person must look at."""
    return list(
        db.session.scalars(
            sa.select(Subscription)
            .where(Subscription.tenant_id == tenant_id, Subscription.status.in_(LIVE))
            .order_by(Subscription.created_at.desc(), Subscription.id.desc())
        )
    )


def plan_for(subscription: Subscription | None) -> Plan:
    """Return the plan a subscription gives: the free plan without a live one, or if the catalogue lost its plan."""
    catalog = current_catalog()
    if subscription is None or not subscription.is_live or subscription.plan_key is None:
        return catalog.free_plan
    return catalog.plans.get(subscription.plan_key, catalog.free_plan)


def plan_of(tenant_id: int) -> Plan:
    """Return the plan the tenant is on now."""
    return plan_for(current_subscription(tenant_id))


def prices_in_use() -> set[str]:
    """Return the ids of all prices that a running subscription of any tenant has, or is planned to have."""
    running = Subscription.status.not_in(ENDED)
    held = sa.select(SubscriptionItem.price_stripe_id).join(SubscriptionItem.subscription).where(running)
    planned = sa.select(Subscription.stripe_object).where(running, Subscription.planned_at.is_not(None))
    coming = (PlannedSnapshot.read(each.get("schedule")) for each in db.session.scalars(planned))
    return set(db.session.scalars(held)) | {price for each in coming if each for price, _ in each.items}
