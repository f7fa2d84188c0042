"""The tenants a person belongs to, for where to start."""

from __future__ import annotations

import sqlalchemy as sa
from flask import session

from portal.extensions import db
from portal.tenants.models import Membership, Tenant


def tenancies(user_id: int) -> list[tuple[Tenant, str]]:
    """List a user's tenants by name, each with the role there."""
    rows = db.session.execute(
        sa.select(Tenant, Membership.role)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Membership.user_id == user_id)
        .order_by(sa.func.lower(Tenant.name), Tenant.id)
    )
    return [(tenant, role) for tenant, role in rows]


def home_slug(user_id: int) -> str | None:
    """Return the tenant to start in: the one this browser looked at last, else the first; None without any."""
    slugs = [tenant.slug for tenant, _ in tenancies(user_id)]
    last = session.get("tenant")
    return last if last in slugs else next(iter(slugs), None)
