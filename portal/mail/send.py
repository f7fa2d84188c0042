"""Writes mails: renders the templates into a row of the outbox, in the transaction that wants the mail."""

from __future__ import annotations

from typing import Any

from flask import current_app

from portal.extensions import db
from portal.jobs.queue import enqueue
from portal.kit.db import insert_for
from portal.mail.models import OutgoingMail


def send_mail(
    name: str, to: str, context: dict[str, Any], *, tenant_id: int | None = None, once_key: str | None = None
) -> None:
    """Put a mail into the outbox and enqueue its sending, both in the caller's transaction.

    `name` picks emails/<name>.subject.txt, .txt and .html, which see `context` and nothing of a request. With a
    `once_key` that was used before nothing happens. Raises TemplateNotFound for an unknown name.
    """
    # One line whatever the values hold: a line break in a header would begin another header.
    subject = " ".join(_render(f"emails/{name}.subject.txt", context).split())
    row = insert_for(db.session.connection(), OutgoingMail).values(
        tenant_id=tenant_id,
        once_key=once_key,
        name=name,
        to_address=to,
        subject=subject[:300],
        text=_render(f"emails/{name}.txt", context).strip() + "\n",
        html=_render(f"emails/{name}.html", context),
    )
    written = db.session.execute(
        row.on_conflict_do_nothing(index_elements=["once_key"]).returning(
            OutgoingMail.id, OutgoingMail.public_id
        )
    ).one_or_none()
    if written is not None:
        enqueue(
            "mail.send",
            {"mail_id": written.id},
            queue="mail",
            once_key=f"mail.send:{written.public_id}",
            tenant_id=tenant_id,
        )


def _render(template: str, context: dict[str, Any]) -> str:
    # Not flask.render_template: its context processors would ask the database about the current page.
    return current_app.jinja_env.get_template(template).render(context)
