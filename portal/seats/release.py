"""Takes seats back, also from members who leave."""

from __future__ import annotations

import sqlalchemy as sa

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.errors import NotFound
from portal.seats.limits import lock_seats
from portal.seats.models import SeatAssignment, SeatLedgerEntry, SeatMove
from portal.seats.queries import seats_assigned
from portal.tenants.models import Membership, Role
from portal.tenants.roles import LastOwner, count_owners


def release_seat(tenant_id: int, membership_id: int, actor: User | None) -> bool:
    """Take a member's seat back; tell whether they held one. `actor` None: the portal itself does, because there are
    fewer seats. Raises NotFound for another tenant's membership."""
    lock_seats(tenant_id)
    membership = _membership(tenant_id, membership_id)
    gone = db.session.scalar(
        sa.delete(SeatAssignment)
        .where(SeatAssignment.tenant_id == tenant_id, SeatAssignment.membership_id == membership_id)
        .returning(SeatAssignment.id)
    )
    if gone is None:
        return False
    db.session.add(
        SeatLedgerEntry(
            tenant_id=tenant_id,
            move=SeatMove.RELEASED,
            quantity=-1,
            total=seats_assigned(tenant_id),
            user_id=membership.user_id,
            actor_user_id=actor.id if actor is not None else None,
        )
    )
    record(
        "seat.released",
        tenant_id=tenant_id,
        object_type="membership",
        object_id=membership.public_id,
        actor="worker" if actor is None else None,
        member=membership.user.email,
    )
    return True


def remove_member(tenant_id: int, membership: Membership, actor: User) -> None:
    """End a membership and free its seat in one transaction.

    Raises NotFound for another tenant's membership, LastOwner for the only owner. Who may remove whom is the
    caller's rule.
    """
    release_seat(tenant_id, membership.id, actor)
    if membership.role == Role.OWNER and count_owners(tenant_id) == 1:
        raise LastOwner(f"membership {membership.id}")
    record(
        "member.removed",
        tenant_id=tenant_id,
        object_type="membership",
        object_id=membership.public_id,
        member=membership.user.email,
        role=membership.role,
    )
    db.session.delete(membership)
    db.session.flush()  # a second removal in this transaction must not find it


def _membership(tenant_id: int, membership_id: int) -> Membership:
    found = db.session.scalars(
        sa.select(Membership).where(Membership.id == membership_id, Membership.tenant_id == tenant_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"membership {membership_id} is not of tenant {tenant_id}")
    return found
