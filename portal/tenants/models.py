"""Tenants and who belongs to them: Tenant, Membership (with its role), Invitation."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class Role(StrEnum):
    """What a member may do: an owner everything, an admin everything but owners, a member look at what is theirs."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Tenant(Model):
    """A customer organisation of the host product. `slug` is its address here and never changes."""

    __tablename__ = "tenant"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    billing_email: Mapped[str] = mapped_column(sa.String(254))
    time_zone: Mapped[str] = mapped_column(sa.String(60), default="UTC")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Membership(Model):
    """A user belongs to a tenant with one role."""

    __tablename__ = "membership"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "user_id"),)

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"), index=True)
    role: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    tenant: Mapped[Tenant] = relationship(lazy="joined", innerjoin=True)


class Invitation(Model):
    """An offer by mail to join with a role, valid once and only for its address. `with_seat`: a seat is given on
    acceptance if one is free. NULL `accepted_at` and `revoked_at`: still open until `expires_at`. The database keeps
    an address from holding two open invitations to one tenant."""

    __tablename__ = "invitation"
    __table_args__ = (
        sa.Index(
            "uq_invitation_open",
            "tenant_id",
            "email",
            unique=True,
            sqlite_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
            postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    email: Mapped[str] = mapped_column(sa.String(254))
    role: Mapped[str] = mapped_column(sa.String(20))
    with_seat: Mapped[bool] = mapped_column(default=False)
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
