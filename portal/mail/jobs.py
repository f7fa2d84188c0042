"""Sends what is in the outbox. A crash between sending and noting it sends a mail twice; the alternative is to lose
it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from portal.extensions import db
from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every
from portal.kit.clock import utcnow
from portal.mail.deliver import deliver
from portal.mail.models import OutgoingMail
from portal.web.unit_of_work import unit_of_work

KEEP_SENT = timedelta(days=30)


def send(payload: Payload) -> None:
    """Hand the mail to the server, outside any transaction. Does nothing for a mail that was sent already."""
    with unit_of_work():
        mail = db.session.get(OutgoingMail, payload["mail_id"])
    if mail is not None and mail.sent_at is None:
        deliver(current_app.config["PORTAL"], mail)


def note_sent(payload: Payload, _nothing: None) -> None:
    """Remember that the mail left."""
    db.session.execute(
        sa.update(OutgoingMail)
        .where(OutgoingMail.id == payload["mail_id"], OutgoingMail.sent_at.is_(None))
        .values(sent_at=utcnow())
    )


def prune(_payload: Payload, _nothing: None) -> None:
    """Delete mails a month after they left: their links are dead and what they said stands elsewhere."""
    db.session.execute(sa.delete(OutgoingMail).where(OutgoingMail.sent_at < utcnow() - KEEP_SENT))


register("mail.send", queue="mail", call=send, apply=note_sent)
register("mail.prune", queue="default", apply=prune)
every("mail.prune", minutes=24 * 60, offset_minutes=3 * 60 + 40)
