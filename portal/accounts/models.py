"""People and how they are recognised: User, UserSession (revocable), OneTimeToken (reset), Throttle."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class User(Model):
    """A person who can sign in. `email` is stored lower-case; it is the only name for signing in.

    `is_staff`: may use the operator's console. It opens no tenant's pages; only a membership does.
    """

    __tablename__ = "user"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    is_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    is_authenticated = True
    is_active = True
    is_anonymous = False
    session_secret = ""
    """The secret of the session this object was loaded by; set per instance, never stored."""

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie: the session's secret, not the user's id."""
        return self.session_secret

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.email]
        return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()


class UserSession(Model):
    """One signed-in browser. The cookie holds a secret; only its digest is here. NULL `ended_at`: still valid."""

    __tablename__ = "user_session"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    user_agent: Mapped[str] = mapped_column(sa.String(200), default="")
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class OneTimeToken(Model):
    """A link sent by mail, valid once. Only the digest is stored. NULL `used_at`: not used yet."""

    __tablename__ = "one_time_token"

    user_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(sa.String(20))
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Throttle(Model):
    """How often something was tried in the current window, exact over all processes."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    count: Mapped[int] = mapped_column(default=0)
    window_started_at: Mapped[datetime] = mapped_column(default=utcnow)
