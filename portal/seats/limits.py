"""How many seats a tenant may hold, and the lock under which seats are counted."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.seats.models import SeatLedgerEntry, SeatMove
from portal.subscriptions.models import Subscription
from portal.subscriptions.queries import current_subscription, plan_for
from portal.tenants.models import Tenant

UNSEEN_AT_MOST = timedelta(hours=1)


def lock_seats(tenant_id: int) -> None:
    """Keep everybody else from moving this tenant's seats until the transaction ends.

    On PostgreSQL this is the tenant's row; on SQLite a writing transaction is already alone.
    """
    db.session.execute(
        sa.select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    ).one()


def seat_limit(tenant_id: int) -> int:
    """Return how many members may hold a seat now; see `limit_under`."""
    return limit_under(current_subscription(tenant_id), tenant_id)


def limit_under(subscription: Subscription | None, tenant_id: int) -> int:
    """Return how many members may hold a seat under the tenant's current subscription: the seats bought, or what a
    plan without seats for sale includes.

    While a change to fewer seats is under way at Stripe, or our mirror does not show it yet, the smaller number
    counts already: a seat given in that moment would be one that nobody pays for.
    """
    item = subscription.item("seat") if subscription is not None else None
    if subscription is None or not subscription.is_live or item is None:
        return plan_for(subscription).included_seats
    bought = item.quantity or 0
    wanted = _unseen_change(tenant_id)
    return bought if wanted is None else min(bought, wanted)


def _unseen_change(tenant_id: int) -> int | None:
    """Return the number of the newest change of seats until the ledger notes it, for an hour at most."""
    newest = db.session.scalars(
        sa.select(Intent)
        .where(
            Intent.tenant_id == tenant_id,
            Intent.kind.in_(("seats", "change")),
            Intent.state.in_((IntentState.OPEN, IntentState.DONE)),
            Intent.created_at > utcnow() - UNSEEN_AT_MOST,
        )
        .order_by(Intent.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.params["quantity"] is None:
        return None  # a change of plan that waits, or to a plan that sells no seats
    wanted = int(newest.params["quantity"])
    noted = sa.exists().where(
        SeatLedgerEntry.tenant_id == tenant_id,
        SeatLedgerEntry.move == SeatMove.BOUGHT,
        SeatLedgerEntry.total == wanted,
        SeatLedgerEntry.at >= newest.created_at,
    )
    return None if db.session.scalar(sa.select(noted)) else wanted
