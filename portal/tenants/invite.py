"""Invites people by mail, sends an invitation again, and takes one back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.db import insert_for
from portal.kit.errors import Conflict
from portal.kit.ids import digest, new_secret
from portal.mail.send import send_mail
from portal.tenants.models import Invitation, Membership, Role
from portal.tenants.queries import is_member
from portal.tenants.roles import check_may_give
from portal.web.addresses import public_url_of

VALID_FOR = timedelta(days=7)
WITH_ARTICLE = {Role.OWNER: "an owner", Role.ADMIN: "an admin", Role.MEMBER: "a member"}


class AlreadyMember(Conflict):
    """The address belongs to a member."""

    code = "already_member"
    public_message = "This person is a member already."


class AlreadyInvited(Conflict):
    """An invitation to this address is open."""

    code = "already_invited"
    public_message = "This person is invited already. You can send the invitation again below."


def invite(actor: Membership, *, email: str, role: Role, with_seat: bool) -> Invitation:
    """Offer an address to join the actor's tenant, by mail, for seven days.

    An invitation that ran out is replaced. Raises AlreadyMember, AlreadyInvited, OwnersOnly, Forbidden.
    """
    check_may_give(actor, role)
    tenant_id = actor.tenant_id
    if is_member(tenant_id, email):
        raise AlreadyMember
    _take_back_expired(tenant_id, email)
    secret = new_secret()
    # The unique index on open invitations decides, not a look beforehand: two admins may invite at once.
    insert = insert_for(db.session.connection(), Invitation).values(
        tenant_id=tenant_id,
        email=email,
        role=role,
        with_seat=with_seat,
        token_digest=digest(secret),
        invited_by_id=actor.user_id,
        expires_at=utcnow() + VALID_FOR,
    )
    made = db.session.execute(insert.on_conflict_do_nothing().returning(Invitation.id)).scalar_one_or_none()
    if made is None:
        raise AlreadyInvited
    invitation = db.session.get_one(Invitation, made)
    _record("member.invited", invitation, role=role, with_seat=with_seat)
    _send(actor, invitation, secret)
    return invitation


def invite_again(actor: Membership, invitation: Invitation) -> None:
    """Mail a new link for another seven days; the old link stops working. Raises OwnersOnly, Forbidden."""
    check_may_give(actor, Role(invitation.role))
    secret = new_secret()
    invitation.token_digest = digest(secret)
    invitation.expires_at = utcnow() + VALID_FOR
    _record("invitation.sent_again", invitation)
    _send(actor, invitation, secret)


def revoke(actor: Membership, invitation: Invitation) -> None:
    """Take an open invitation back; its link stops working. Raises OwnersOnly, Forbidden."""
    check_may_give(actor, Role(invitation.role))
    invitation.revoked_at = utcnow()
    _record("invitation.revoked", invitation)


def _take_back_expired(tenant_id: int, email: str) -> None:
    now = utcnow()
    db.session.execute(
        sa.update(Invitation)
        .where(
            Invitation.tenant_id == tenant_id,
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at <= now,
        )
        .values(revoked_at=now)
    )


def _record(action: str, invitation: Invitation, **details: Any) -> None:
    record(
        action,
        tenant_id=invitation.tenant_id,
        object_type="invitation",
        object_id=invitation.public_id,
        email=invitation.email,
        **details,
    )


def _send(actor: Membership, invitation: Invitation, secret: str) -> None:
    send_mail(
        "invitation",
        invitation.email,
        {
            "inviter": actor.user.name,
            "tenant": actor.tenant.name,
            "role_with_article": WITH_ARTICLE[Role(invitation.role)],
            "email": invitation.email,
            "expires_at": invitation.expires_at,
            "link": public_url_of("team.accept", token=secret),
        },
        tenant_id=invitation.tenant_id,
    )
