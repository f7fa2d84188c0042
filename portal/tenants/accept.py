"""Accepts an invitation. The link proves that whoever holds it reads the mail of the invited address."""

from __future__ import annotations

import sqlalchemy as sa

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.db import insert_for
from portal.kit.errors import PortalError
from portal.kit.ids import digest
from portal.tenants.models import Invitation, Membership


class InvitationGone(PortalError):
    """The link was used, taken back, replaced by a newer one, or is too old."""

    code = "invitation_gone"
    status = 410
    public_message = "This invitation no longer works."


class OtherAddress(PortalError):
    """The signed-in person is not who was invited."""

    code = "other_address"
    status = 403
    public_message = "This invitation is for another address."


def invitation_by_token(token: str) -> Invitation:
    """Find the open invitation of a link. Raises InvitationGone."""
    found = db.session.scalars(
        sa.select(Invitation).where(Invitation.token_digest == digest(token), *_still_open())
    ).one_or_none()
    if found is None:
        raise InvitationGone
    return found


def accept_invitation(invitation: Invitation, user: User) -> Membership:
    """Make the user a member with the role they were offered; the link is used up.

    Somebody who became a member in another way meanwhile keeps their role. Raises InvitationGone, OtherAddress.
    """
    if user.email != invitation.email:
        raise OtherAddress
    # One statement decides between two clicks, and between a click and the admin who takes the invitation back.
    used = db.session.execute(
        sa.update(Invitation)
        .where(Invitation.id == invitation.id, *_still_open())
        .values(accepted_at=utcnow())
        .returning(Invitation.id)
    ).scalar_one_or_none()
    if used is None:
        raise InvitationGone
    insert = insert_for(db.session.connection(), Membership).values(
        tenant_id=invitation.tenant_id, user_id=user.id, role=invitation.role
    )
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["tenant_id", "user_id"]))
    membership = db.session.scalars(
        sa.select(Membership).where(
            Membership.tenant_id == invitation.tenant_id, Membership.user_id == user.id
        )
    ).one()
    record(
        "member.joined",
        tenant_id=invitation.tenant_id,
        object_type="membership",
        object_id=membership.public_id,
        member=user.email,
        role=membership.role,
    )
    return membership


def _still_open() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > utcnow(),
    )
