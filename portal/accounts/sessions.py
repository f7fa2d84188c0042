"""Signed-in browsers: begin, recognise and end a session. The cookie holds a secret, the table its digest, so a
session can be ended from the other side. A session nobody used for thirty days is over."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask, Response, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from portal.accounts.models import User, UserSession
from portal.extensions import db, is_readonly
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.kit.ids import digest, new_secret
from portal.web.htmx import wants_fragment

IDLE_LIMIT = timedelta(days=30)
NOTE_USE_EVERY = timedelta(hours=1)
_OPEN_SESSION = sa.select(UserSession).where(
    UserSession.token_digest == sa.bindparam("digest"),
    UserSession.ended_at.is_(None),
    UserSession.last_seen_at > sa.bindparam("idle_since"),
)


def begin(user: User) -> None:
    """Sign the browser in: a new session row and a fresh cookie, so that a planted cookie is worth nothing. Whoever
    was signed in here before is signed out."""
    _end_of_this_browser()
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
    _end_of_this_browser()
    logout_user()
    session.clear()


def end_one(user: User, public_id: str) -> None:
    """End one of the user's own sessions. Raises NotFound if there is no such open one."""
    if not _end(UserSession.user_id == user.id, UserSession.public_id == public_id):
        raise NotFound("no such session of this user")


def end_others(user: User) -> int:
    """End every session of the user but the one of this browser; returns how many."""
    return _end(UserSession.user_id == user.id, UserSession.token_digest != digest(user.session_secret))


def end_all(user: User) -> None:
    """End every session of a user, for a changed password."""
    _end(UserSession.user_id == user.id)


def load(secret: str) -> User | None:
    """Return the user whose valid session has this secret."""
    values = {"digest": digest(secret), "idle_since": utcnow() - IDLE_LIMIT}
    found = db.session.scalars(_OPEN_SESSION, values).one_or_none()
    if found is None:
        return None
    g.session_row = found
    found.user.session_secret = secret
    return found.user


def install(app: Flask, manager: LoginManager) -> None:
    """Teach Flask-Login our sessions and where to sign in."""
    manager.user_loader(load)
    manager.unauthorized_handler(_to_sign_in)
    manager.session_protection = None  # the session row is the protection; addresses change on phones
    app.after_request(_note_use)


def _end_of_this_browser() -> None:
    secret = session.get("_user_id")
    if isinstance(secret, str):
        _end(UserSession.token_digest == digest(secret))


def _end(*which: sa.ColumnElement[bool]) -> int:
    ended = sa.update(UserSession).where(UserSession.ended_at.is_(None), *which).values(ended_at=utcnow())
    return db.session.execute(ended).rowcount  # type: ignore[attr-defined,no-any-return]


def _to_sign_in() -> AnyResponse:
    """Send a signed-out visitor to sign in, and back to the page afterwards if it was one that can be opened."""
    page = request.full_path.rstrip("?") if request.method == "GET" and not wants_fragment() else None
    flash("Please sign in to see this page.", "info")
    target = url_for("accounts.sign_in", next=page)
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, code=303)


def _note_use(response: Response) -> Response:
    """Remember that the browser was used, at most once an hour and only beside a reading request: a writing one
    holds the database's write lock, which this connection of its own would wait for."""
    found: UserSession | None = g.get("session_row")
    now = utcnow()
    if found is not None and is_readonly() and found.last_seen_at < now - NOTE_USE_EVERY:
        # A page must not fail because this could not be noted; the next one tries again.
        with suppress(sa.exc.OperationalError), db.engine.begin() as connection:
            connection.execute(
                sa.update(UserSession).where(UserSession.id == found.id).values(last_seen_at=now)
            )
    return response
