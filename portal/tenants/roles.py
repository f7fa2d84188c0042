"""Who may change whom: owners change everybody, admins everybody but owners, and a tenant always keeps an owner."""

from __future__ import annotations

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.kit.errors import Conflict, Forbidden
from portal.tenants.models import Membership, Role, Tenant


class OwnersOnly(Forbidden):
    """An admin tried to make, change or remove an owner."""

    code = "owners_only"
    public_message = "Only an owner can make, change or remove an owner."


class LastOwner(Conflict):
    """The only owner cannot become something else."""

    code = "last_owner"
    public_message = "This is the only owner. Make somebody else an owner first."


def check_may_give(actor: Membership, role: Role) -> None:
    """Refuse a role that the actor may not give. Raises OwnersOnly, or Forbidden for a plain member."""
    if actor.role == Role.MEMBER:
        raise Forbidden("a member gives no roles")
    if role is Role.OWNER and actor.role != Role.OWNER:
        raise OwnersOnly


def check_may_change(actor: Membership, target: Membership) -> None:
    """Refuse a change to the target's membership by the actor. Raises OwnersOnly, or Forbidden for a plain member."""
    if actor.role == Role.MEMBER:
        raise Forbidden("a member changes nobody")
    if target.role == Role.OWNER and actor.role != Role.OWNER:
        raise OwnersOnly


def change_role(target: Membership, role: Role, actor: Membership) -> None:
    """Give a member another role; does nothing if they have it. Raises OwnersOnly, LastOwner, Forbidden."""
    lock_members(target.tenant_id)
    db.session.refresh(actor)
    db.session.refresh(target)
    check_may_change(actor, target)
    check_may_give(actor, role)
    if target.role == role:
        return
    if target.role == Role.OWNER and count_owners(target.tenant_id) == 1:
        raise LastOwner
    record(
        "member.role_changed",
        tenant_id=target.tenant_id,
        object_type="membership",
        object_id=target.public_id,
        member=target.user.email,
        before=target.role,
        after=role,
    )
    target.role = role


def check_may_remove(actor: Membership, target: Membership) -> None:
    """Refuse to end a membership: one's own may be ended by anybody but the only owner.

    Locks the members, so that the answer still holds when the removal follows in the same transaction. Raises
    OwnersOnly, LastOwner, Forbidden.
    """
    lock_members(target.tenant_id)
    db.session.refresh(actor)
    db.session.refresh(target)
    if actor.id != target.id:
        check_may_change(actor, target)
    if target.role == Role.OWNER and count_owners(target.tenant_id) == 1:
        raise LastOwner


def lock_members(tenant_id: int) -> None:
    """Keep everybody else from changing this tenant's members until the transaction ends, so that two owners cannot
    demote each other at once. On SQLite a writing transaction is alone anyway."""
    db.session.execute(
        sa.select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    ).one()


def count_owners(tenant_id: int) -> int:
    """Return how many owners the tenant has."""
    owners = sa.select(sa.func.count()).where(
        Membership.tenant_id == tenant_id, Membership.role == Role.OWNER
    )
    return db.session.scalar(owners) or 0
