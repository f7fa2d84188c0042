"""The rows that connect the catalogue with Stripe: which prices are sold today, under which configuration."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.plans.catalog import Interval, Plan
from portal.plans.models import CatalogPush, Price


def prices_on_sale(plan: Plan, interval: Interval, currency: str) -> dict[str, Price]:
    """Return the prices a new subscription to a plan is made of, by component key; empty before the first push.

    They stand in the order of the components. Not all are billed by `interval`: meters of a yearly plan may be
    billed by the month.
    """
    keys = [plan.lookup_key(component, interval, currency) for component in plan.components]
    rows = db.session.scalars(sa.select(Price).where(Price.lookup_key.in_(keys), Price.active.is_(True)))
    found = {row.component: row for row in rows}
    return {component.key: found[component.key] for component in plan.components if component.key in found}


def portal_configuration() -> str | None:
    """Return the id of the Customer Portal configuration the last push made, or None before the first."""
    return db.session.scalar(
        sa.select(CatalogPush.portal_configuration_stripe_id).order_by(CatalogPush.id.desc()).limit(1)
    )
