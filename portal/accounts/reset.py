"""Resetting a forgotten password: a link by mail, valid for an hour and once."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.accounts import sessions, throttle
from portal.accounts.models import OneTimeToken, User
from portal.accounts.queries import user_by_email
from portal.audit.record import record
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.errors import PortalError
from portal.kit.ids import digest, new_secret
from portal.mail.send import send_mail
from portal.web.addresses import public_url_of

PURPOSE = "reset"
VALID_FOR = timedelta(hours=1)


class LinkGone(PortalError):
    """The link was used, is too old, was replaced by a newer one, or never existed."""

    code = "link_gone"
    status = 410
    public_message = "This link no longer works."


def request_reset(email: str) -> None:
    """Mail a link to the address if it has an account; does nothing, silently, if it has none."""
    user = user_by_email(email)
    if user is None:
        return
    secret = new_secret()
    _forget_links(user)
    db.session.add(
        OneTimeToken(
            user_id=user.id,
            purpose=PURPOSE,
            token_digest=digest(secret),
            expires_at=utcnow() + VALID_FOR,
        )
    )
    record("password.reset_requested", tenant_id=None, object_type="user", object_id=user.public_id)
    send_mail("reset", user.email, {"name": user.name, "link": public_url_of("accounts.reset", token=secret)})


def is_open(token: str) -> bool:
    """Tell whether a link would still work."""
    return bool(db.session.scalar(sa.select(sa.exists().where(*_open(token)))))


def reset_password(token: str, password_hash: str) -> User:
    """Use the link: set the new password, end every session of the user and tell them by mail. Raises LinkGone."""
    used = (
        sa.update(OneTimeToken).where(*_open(token)).values(used_at=utcnow()).returning(OneTimeToken.user_id)
    )
    user_id = db.session.execute(used).scalar_one_or_none()
    if user_id is None:
        raise LinkGone
    user = db.session.get_one(User, user_id)
    user.password_hash = password_hash
    sessions.end_all(user)
    _forget_links(user)
    throttle.forget(throttle.SIGN_IN_ACCOUNT, user.email)
    record("password.reset", tenant_id=None, object_type="user", object_id=user.public_id, actor=user.email)
    send_mail("password_changed", user.email, {"name": user.name, "link": public_url_of("accounts.forgot")})
    return user


def _open(token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        OneTimeToken.token_digest == digest(token),
        OneTimeToken.purpose == PURPOSE,
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > utcnow(),
    )


def _forget_links(user: User) -> None:
    db.session.execute(
        sa.delete(OneTimeToken).where(
            OneTimeToken.user_id == user.id, OneTimeToken.purpose == PURPOSE, OneTimeToken.used_at.is_(None)
        )
    )
