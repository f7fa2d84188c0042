"""Signed-in browsers: begin and end a session. The cookie holds a secret, the table its digest, so a session can
be ended from the other side."""

from __future__ import annotations

import sqlalchemy as sa
from flask import request, session
from flask_login import LoginManager, login_user, logout_user

from portal.accounts.models import User, UserSession
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.ids import digest, new_secret


def begin(user: User) -> None:
    """Sign the browser in: a new session row and a fresh cookie, so that a planted cookie is worth nothing."""
    secret = new_secret()
    db.session.add(
        UserSession(
            user_id=user.id,
            token_digest=digest(secret),
            user_agent=(request.user_agent.string or "")[:200],
            address=request.remote_addr or "",
        )
    )
    session.clear()
    user.session_secret = secret
    login_user(user)


def end() -> None:
    """Sign this browser out: the row is ended, so a copy of the cookie is dead too."""
    secret = session.get("_user_id")
    if isinstance(secret, str):
        db.session.execute(
            sa.update(UserSession)
            .where(UserSession.token_digest == digest(secret), UserSession.ended_at.is_(None))
            .values(ended_at=utcnow())
        )
    logout_user()
    session.clear()


def end_all(user: User) -> None:
    """End every session of a user, for a changed password."""
    db.session.execute(
        sa.update(UserSession)
        .where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
        .values(ended_at=utcnow())
    )


def load(secret: str) -> User | None:
    """Return the user whose valid session has this secret."""
    found = db.session.scalars(
        sa.select(UserSession).where(
            UserSession.token_digest == digest(secret), UserSession.ended_at.is_(None)
        )
    ).one_or_none()
    if found is None:
        return None
    found.user.session_secret = secret
    return found.user


def install(manager: LoginManager) -> None:
    """Teach Flask-Login our sessions and where to sign in."""
    manager.user_loader(load)
    manager.login_view = "accounts.sign_in"
    manager.login_message = "Please sign in to see this page."
    manager.session_protection = None  # the session row is the protection; addresses change on phones
