"""Handing mails to a real server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.kit.secret import Secret
from portal.mail.jobs import send
from portal.mail.models import OutgoingMail
from portal.mail.send import send_mail
from portal.web.unit_of_work import Portal
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.smtp import MailServer

CONTEXT = {"name": "Olivia Öwner", "link": "http://127.0.0.1:8000/reset/abc"}


@pytest.fixture
def smtp(app: Portal, mail_server: MailServer) -> Iterator[MailServer]:
    """Send by the mail server instead of the mailbox."""
    before = app.config["PORTAL"]
    app.config["PORTAL"] = dataclasses.replace(before, mail_url=Secret(mail_server.url))
    yield mail_server
    app.config["PORTAL"] = before


def test_the_server_gets_one_message_with_both_parts(smtp: MailServer, drain_jobs: DrainJobs) -> None:
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs(["mail"])
    (message,) = smtp.messages
    assert smtp.recipients == ["owner@northwind.example.com"]
    assert message["From"] == "Billing <billing@example.com>"
    assert message["Subject"] == "Reset your Northwind billing password"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    text = message.get_body(("plain",))
    assert text is not None
    assert "Hello Olivia Öwner," in text.get_content()


def test_a_mail_sent_twice_carries_the_same_id(smtp: MailServer, drain_jobs: DrainJobs) -> None:
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    db.session.commit()
    mail = db.session.query(OutgoingMail).one()
    mail_id, public_id = mail.id, mail.public_id
    db.session.commit()
    for _ in range(2):
        send({"mail_id": mail_id})
    assert [message["Message-ID"] for message in smtp.messages] == [f"<{public_id}@example.com>"] * 2


def test_a_mail_that_was_sent_is_not_sent_again(smtp: MailServer, drain_jobs: DrainJobs) -> None:
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs(["mail"])
    mail = db.session.query(OutgoingMail).one()
    assert mail.sent_at is not None
    mail_id = mail.id
    db.session.commit()
    send({"mail_id": mail_id})
    assert len(smtp.messages) == 1


def test_a_refusal_leaves_the_mail_for_a_later_try(smtp: MailServer, drain_jobs: DrainJobs) -> None:
    smtp.refuses = "451 try again later"
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs(["mail"], may_fail=True)
    assert db.session.query(OutgoingMail).one().sent_at is None
    assert db.session.query(Job).filter_by(name="mail.send").one().state == JobState.READY
    smtp.refuses = None
    drain_jobs(["mail"])
    assert len(smtp.messages) == 1


def test_a_password_is_never_sent_in_the_clear(app: Portal, smtp: MailServer, drain_jobs: DrainJobs) -> None:
    url = smtp.url.replace("smtp://", "smtp://user:secret@")
    app.config["PORTAL"] = dataclasses.replace(app.config["PORTAL"], mail_url=Secret(url))
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs(["mail"], may_fail=True)
    assert not smtp.messages
    assert "the password was not sent" in (db.session.query(Job).one().last_error or "")


def test_a_server_that_is_away_leaves_the_mail_for_a_later_try(
    app: Portal, smtp: MailServer, drain_jobs: DrainJobs
) -> None:
    app.config["PORTAL"] = dataclasses.replace(app.config["PORTAL"], mail_url=Secret("smtp://127.0.0.1:9"))
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs(["mail"], may_fail=True)
    assert db.session.query(OutgoingMail).one().sent_at is None
