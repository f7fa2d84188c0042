"""Reads about who belongs to a tenant and who is invited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from portal.accounts.models import User
from portal.extensions import db
from portal.kit.errors import NotFound
from portal.tenants.models import Invitation, Membership, Role, Tenant


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation nobody answered yet, with the name of whoever sent it. It may have expired."""

    invitation: Invitation
    invited_by: str


def members_of(tenant_id: int) -> Sequence[Membership]:
    """List the members: owners, admins, members, each by name."""
    return db.session.scalars(_by_rank(tenant_id)).all()


def managers_of(tenant_id: int) -> Sequence[Membership]:
    """List the owners and admins, each by name."""
    return db.session.scalars(_by_rank(tenant_id).where(Membership.role.in_((Role.OWNER, Role.ADMIN)))).all()


def _by_rank(tenant_id: int) -> sa.Select[Membership]:
    rank = sa.case({Role.OWNER: 0, Role.ADMIN: 1}, value=Membership.role, else_=2)
    return (
        sa.select(Membership)
        .join(Membership.user)
        .where(Membership.tenant_id == tenant_id)
        .order_by(rank, sa.func.lower(User.name), Membership.id)
    )


def member_count(tenant_id: int) -> int:
    """Return how many people belong to the tenant."""
    counted = sa.select(sa.func.count()).select_from(Membership).where(Membership.tenant_id == tenant_id)
    return db.session.scalar(counted) or 0


def is_member(tenant_id: int, email: str) -> bool:
    """Tell whether an address belongs to a member."""
    found = sa.exists().where(
        Membership.tenant_id == tenant_id, Membership.user_id == User.id, User.email == email
    )
    return bool(db.session.scalar(sa.select(found)))


def member_by_public_id(tenant_id: int, public_id: str) -> Membership:
    """Find one member. Raises NotFound, also for another tenant's."""
    found = db.session.scalars(
        sa.select(Membership).where(Membership.tenant_id == tenant_id, Membership.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no membership {public_id} in tenant {tenant_id}")
    return found


def open_invitations(tenant_id: int) -> list[OpenInvitation]:
    """List the invitations that were neither accepted nor revoked, newest first."""
    rows = db.session.execute(
        sa.select(Invitation, User.name)
        .join(User, User.id == Invitation.invited_by_id)
        .where(
            Invitation.tenant_id == tenant_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .order_by(Invitation.id.desc())
    )
    return [OpenInvitation(invitation, name) for invitation, name in rows]


def open_invitation(tenant_id: int, public_id: str) -> Invitation:
    """Find an invitation that can still be sent again or revoked. Raises NotFound, also for another tenant's."""
    found = db.session.scalars(
        sa.select(Invitation).where(
            Invitation.tenant_id == tenant_id,
            Invitation.public_id == public_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"no open invitation {public_id} in tenant {tenant_id}")
    return found


def tenant_by_id(tenant_id: int) -> Tenant:
    """Load a tenant."""
    return db.session.get_one(Tenant, tenant_id)
