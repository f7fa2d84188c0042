"""Reads about seats: how many are bought and held, by whom, and what moved."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from portal.accounts.models import User
from portal.extensions import db
from portal.seats.models import SeatAssignment
from portal.subscriptions.queries import current_subscription
from portal.tenants.models import Membership

_ASSIGNED = (
    sa.select(sa.func.count())
    .select_from(SeatAssignment)
    .where(SeatAssignment.tenant_id == sa.bindparam("tenant_id"))
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A member of the tenant and whether they hold a seat. `public_id` is the membership's."""

    public_id: str
    user_id: int
    name: str
    email: str
    role: str
    has_seat: bool


def seats_bought(tenant_id: int) -> int:
    """Return the quantity of the seat item at Stripe as last synced; 0 where the plan sells no seats."""
    subscription = current_subscription(tenant_id)
    item = subscription.item("seat") if subscription is not None else None
    return (item.quantity or 0) if item is not None else 0


def seats_assigned(tenant_id: int) -> int:
    """Return how many members hold a seat now."""
    return db.session.scalar(_ASSIGNED, {"tenant_id": tenant_id}) or 0


def holds_seat(tenant_id: int, membership_id: int) -> bool:
    """Tell whether a member holds a seat."""
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    SeatAssignment.tenant_id == tenant_id, SeatAssignment.membership_id == membership_id
                )
            )
        )
    )


def seat_holders(tenant_id: int) -> list[Holder]:
    """List the members who hold a seat, who has it longest first, in one statement."""
    rows = db.session.execute(
        sa.select(Membership.public_id, User.id, User.name, User.email, Membership.role)
        .join(SeatAssignment, SeatAssignment.membership_id == Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id)
        .order_by(SeatAssignment.assigned_at, SeatAssignment.id)
    )
    return [Holder(*row, has_seat=True) for row in rows]


def holders(tenant_id: int, *, limit: int, offset: int = 0) -> list[Holder]:
    """List the members by name, in one statement, each with whether they hold a seat."""
    rows = db.session.execute(
        sa.select(
            Membership.public_id,
            User.id,
            User.name,
            User.email,
            Membership.role,
            SeatAssignment.id.is_not(None),
        )
        .join(User, User.id == Membership.user_id)
        .outerjoin(SeatAssignment, SeatAssignment.membership_id == Membership.id)
        .where(Membership.tenant_id == tenant_id)
        .order_by(User.name, Membership.id)
        .limit(limit)
        .offset(offset)
    )
    return [Holder(*row) for row in rows]
