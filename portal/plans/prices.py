"""The rows that connect the catalogue with Stripe: which prices are sold today, under which configuration."""

from __future__ import annotations

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


def portal_configuration() -> str | None:
    """Return the id of the Customer Portal configuration the last push made, or None before the first."""
    return db.session.scalar(
        sa.select(CatalogPush.portal_configuration_stripe_id).order_by(CatalogPush.id.desc()).limit(1)
    )
