"""Hands a mail to the server that MAIL_URL names. With `mailbox:` nothing leaves the machine: the mail can be read on
the mailbox page."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

from portal.config import Config
from portal.mail.models import OutgoingMail
from portal.web.addresses import public_url_of

log = structlog.get_logger("mail")
SECONDS = 20.0


def deliver(config: Config, mail: OutgoingMail) -> None:
    """Send one mail. Raises OSError or smtplib.SMTPException when the server cannot be reached or refuses.

    Its Message-ID is made from the row, so that a mail sent again after a crash is recognised as the same one.
    Logs the subject, never the text: that may hold a link which opens an account.
    """
    if config.uses_mailbox:
        page = public_url_of("mailbox.show", public_id=mail.public_id)
        log.info("mail_in_mailbox", subject=mail.subject, to=mail.to_address, page=page)
        return
    with _connect(urlsplit(config.mail_url.reveal())) as server:
        server.send_message(message_of(config, mail))
    log.info("mail_sent", name=mail.name, mail=mail.public_id)


def message_of(config: Config, mail: OutgoingMail) -> EmailMessage:
    """Build the message: plain text with an HTML alternative."""
    message = EmailMessage()
    message["From"] = config.mail_from
    message["To"] = mail.to_address
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.public_id}@{parseaddr(config.mail_from)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _connect(url: SplitResult) -> smtplib.SMTP:
    host = url.hostname or "localhost"
    secure = ssl.create_default_context()
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=SECONDS, context=secure)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=secure)
        elif url.username:
            server.close()
            raise smtplib.SMTPNotSupportedError("no encryption offered: the password was not sent")
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server
