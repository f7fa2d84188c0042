"""Gives seats to members: never more than there are."""

from __future__ import annotations

import sqlalchemy as sa

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.errors import NotFound, PortalError
from portal.seats.limits import lock_seats, seat_limit
from portal.seats.models import SeatAssignment, SeatLedgerEntry, SeatMove
from portal.seats.queries import holds_seat, seats_assigned
from portal.tenants.models import Membership


class NoFreeSeat(PortalError):
    """Every seat is held by somebody."""

    code = "no_free_seat"
    status = 409
    public_message = "All seats are taken. Add seats, or release one first."


def assign_seat(tenant_id: int, membership_id: int, actor: User) -> None:
    """Give a member a seat; does nothing if they hold one already.

    Raises NotFound if the membership is not this tenant's, NoFreeSeat if all seats are held.
    """
    lock_seats(tenant_id)
    membership = db.session.scalars(
        sa.select(Membership).where(Membership.id == membership_id, Membership.tenant_id == tenant_id)
    ).one_or_none()
    if membership is None:
        raise NotFound(f"membership {membership_id} is not of tenant {tenant_id}")
    if holds_seat(tenant_id, membership_id):
        return
    held, limit = seats_assigned(tenant_id), seat_limit(tenant_id)
    if held >= limit:
        raise NoFreeSeat(f"{held} of {limit} seats are held")
    db.session.add(SeatAssignment(tenant_id=tenant_id, membership_id=membership_id))
    db.session.add(
        SeatLedgerEntry(
            tenant_id=tenant_id,
            move=SeatMove.ASSIGNED,
            quantity=1,
            total=held + 1,
            user_id=membership.user_id,
            actor_user_id=actor.id,
        )
    )
    record(
        "seat.assigned",
        tenant_id=tenant_id,
        object_type="membership",
        object_id=membership.public_id,
        member=membership.user.email,
    )
    db.session.flush()  # the next count in this transaction must see the seat


def give_on_acceptance(membership: Membership) -> bool:
    """Give a new member the seat their invitation promised, if one is free; tell whether they got it."""
    try:
        assign_seat(membership.tenant_id, membership.id, membership.user)
    except NoFreeSeat:
        return False
    return True
