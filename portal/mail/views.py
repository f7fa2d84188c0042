"""The local mailbox: pages that show what was sent, only with MAIL_URL=mailbox:, which is refused where others could
reach them."""

from __future__ import annotations

from flask import Blueprint, render_template

from portal.mail.links import with_links
from portal.mail.queries import mail_by_public_id, newest_mails

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")


@blueprint.get("")
def index() -> str:
    """List the newest mails."""
    return render_template("mail/mailbox.html", mails=newest_mails())


@blueprint.get("/<public_id>")
def show(public_id: str) -> str:
    """Show the plain text of one mail; its HTML is never rendered inside a page of ours."""
    mail = mail_by_public_id(public_id)
    return render_template("mail/mail.html", mail=mail, text=with_links(mail.text))
