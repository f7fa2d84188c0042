"""The rows that connect the catalogue with Stripe: which price is sold today, and what a price of Stripe's is to us."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from portal.extensions import db
from portal.plans.catalog import Interval, Plan
from portal.plans.models import CatalogPush, Price


def prices_on_sale(plan: Plan, interval: Interval, currency: str) -> dict[str, Price]:
    """Return the prices a new subscription to a plan is made of, by component key; empty before the first push."""
    rows = db.session.scalars(
        sa.select(Price).where(
            Price.plan_key == plan.key,
            Price.interval == interval,
            Price.currency == currency,
            Price.active.is_(True),
        )
    )
    return {row.component: row for row in rows}


def prices_by_stripe_id(stripe_ids: Iterable[str]) -> dict[str, Price]:
    """Return what we know about these prices of Stripe's, sold today or not; unknown ones are left out."""
    wanted = set(stripe_ids)
    if not wanted:
        return {}
    return {
        row.stripe_id: row for row in db.session.scalars(sa.select(Price).where(Price.stripe_id.in_(wanted)))
    }


def portal_configuration() -> str | None:
    """Return the id of the Customer Portal configuration the last push made, or None before the first."""
    return db.session.scalar(
        sa.select(CatalogPush.portal_configuration_stripe_id).order_by(CatalogPush.id.desc()).limit(1)
    )
