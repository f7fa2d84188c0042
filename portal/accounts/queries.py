"""Reads about people and their signed-in browsers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from portal.accounts.models import User, UserSession
from portal.accounts.sessions import IDLE_LIMIT
from portal.extensions import db
from portal.kit.clock import utcnow


def user_by_email(email: str) -> User | None:
    """Find a user by the normalised address."""
    return db.session.scalars(sa.select(User).where(User.email == email)).one_or_none()


def users_by_id(ids: Iterable[int]) -> dict[int, User]:
    """Find several users in one statement."""
    found = db.session.scalars(sa.select(User).where(User.id.in_(set(ids))))
    return {user.id: user for user in found}


def open_sessions(user_id: int) -> Sequence[UserSession]:
    """List a user's signed-in browsers, the most recently used first."""
    return db.session.scalars(
        sa.select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.ended_at.is_(None),
            UserSession.last_seen_at > utcnow() - IDLE_LIMIT,
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).all()
