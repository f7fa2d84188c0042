"""Reads of the outbox."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import defer

from portal.extensions import db
from portal.kit.errors import NotFound
from portal.mail.models import OutgoingMail


def newest_mails(limit: int = 100) -> Sequence[OutgoingMail]:
    """List the newest mails without their texts."""
    return db.session.scalars(
        sa.select(OutgoingMail)
        .options(defer(OutgoingMail.text), defer(OutgoingMail.html))
        .order_by(OutgoingMail.id.desc())
        .limit(limit)
    ).all()


def mail_by_public_id(public_id: str) -> OutgoingMail:
    """Find one mail. Raises NotFound."""
    found = db.session.scalars(
        sa.select(OutgoingMail).where(OutgoingMail.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no mail {public_id}")
    return found
