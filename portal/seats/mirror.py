"""Writes into the seat ledger how many seats Stripe says are bought."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.kit.changes import Changes
from portal.seats.models import SeatLedgerEntry, SeatMove
from portal.seats.queries import seats_bought


def write(tenant_id: int) -> Changes:
    """Add a ledger entry if the number of seats bought differs from the last one noted; return the difference.

    Call it after the subscriptions were flushed: the number is that of the current subscription.
    """
    noted = (
        db.session.scalar(
            sa.select(SeatLedgerEntry.total)
            .where(SeatLedgerEntry.tenant_id == tenant_id, SeatLedgerEntry.move == SeatMove.BOUGHT)
            .order_by(SeatLedgerEntry.id.desc())
            .limit(1)
        )
        or 0
    )
    bought = seats_bought(tenant_id)
    if bought == noted:
        return {}
    db.session.add(
        SeatLedgerEntry(tenant_id=tenant_id, move=SeatMove.BOUGHT, quantity=bought - noted, total=bought)
    )
    return {"bought": [noted, bought]}
