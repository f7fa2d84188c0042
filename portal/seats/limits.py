"""How many seats a tenant may hold, and the lock under which seats are counted."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.seats.queries import seats_bought
from portal.subscriptions.queries import current_subscription, plan_of
from portal.tenants.models import Tenant


def lock_seats(tenant_id: int) -> None:
    """Keep everybody else from moving this tenant's seats until the transaction ends.

    On PostgreSQL this is the tenant's row; on SQLite a writing transaction is already alone.
    """
    db.session.execute(sa.select(Tenant.id).where(Tenant.id == tenant_id).with_for_update()).one()


def seat_limit(tenant_id: int) -> int:
    """Return how many members may hold a seat: the seats bought, or what a plan without seats for sale includes.

    While a change to fewer seats is under way at Stripe the smaller number counts already: a seat given in that
    moment would be one that nobody pays for.
    """
    subscription = current_subscription(tenant_id)
    if subscription is None or subscription.item("seat") is None:
        return plan_of(tenant_id).included_seats
    under_way = db.session.scalars(
        sa.select(Intent.params).where(
            Intent.tenant_id == tenant_id, Intent.kind == "seats", Intent.state == IntentState.OPEN
        )
    )
    return min([seats_bought(tenant_id), *(int(params["quantity"]) for params in under_way)])
