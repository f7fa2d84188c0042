"""Clears away what is over: old throttle windows, dead links, sessions that ended long ago."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.accounts import throttle
from portal.accounts.models import OneTimeToken, UserSession
from portal.extensions import db
from portal.kit.clock import utcnow

KEEP_SESSIONS = timedelta(days=90)
KEEP_LINKS = timedelta(days=1)


def prune() -> None:
    """Delete links a day after they ran out and sessions ninety days after they were last used.

    The audit log keeps who signed in and out.
    """
    now = utcnow()
    throttle.forget_expired()
    db.session.execute(sa.delete(OneTimeToken).where(OneTimeToken.expires_at < now - KEEP_LINKS))
    db.session.execute(sa.delete(UserSession).where(UserSession.last_seen_at < now - KEEP_SESSIONS))
