"""A mail is a row in the transaction that wanted it, and a job sends it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from jinja2 import TemplateNotFound

from portal.extensions import db
from portal.jobs.models import Job
from portal.jobs.queue import enqueue
from portal.kit.clock import running_on, utcnow
from portal.mail.models import OutgoingMail
from portal.mail.send import send_mail
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.mail import Outbox

CONTEXT = {"name": "Olivia & Co <script>", "link": "http://127.0.0.1:8000/reset/abc"}


def test_it_has_a_subject_a_text_and_an_html_part(app: Portal, outbox: Outbox) -> None:
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    (mail,) = outbox()
    assert mail.subject == "Reset your Northwind billing password"
    assert "Hello Olivia & Co <script>," in mail.text
    assert "Hello Olivia &amp; Co &lt;script&gt;," in mail.html
    assert CONTEXT["link"] in mail.html


def test_rolling_back_takes_the_mail_and_its_job_back(app: Portal) -> None:
    with suppress(ZeroDivisionError), unit_of_work():
        send_mail("reset", "owner@northwind.example.com", CONTEXT)
        raise ZeroDivisionError
    assert db.session.query(OutgoingMail).count() == 0
    assert db.session.query(Job).count() == 0


def test_a_once_key_mails_once(app: Portal, outbox: Outbox, drain_jobs: DrainJobs) -> None:
    for _ in range(2):
        send_mail("reset", "owner@northwind.example.com", CONTEXT, once_key="reset:1")
    assert len(outbox()) == 1
    assert drain_jobs(["mail"]) == 1


def test_without_a_once_key_every_mail_counts(app: Portal, outbox: Outbox) -> None:
    for _ in range(2):
        send_mail("reset", "owner@northwind.example.com", CONTEXT)
    assert len(outbox()) == 2


def test_a_mail_nobody_wrote_is_an_error(app: Portal) -> None:
    with pytest.raises(TemplateNotFound):
        send_mail("no_such_mail", "owner@northwind.example.com", {})


def test_a_subject_is_one_line(app: Portal, outbox: Outbox) -> None:
    send_mail(
        "invitation",
        "sam@example.com",
        {
            "inviter": "Olivia\r\nBcc: everybody@example.com",
            "tenant": "Northwind Labs",
            "role_with_article": "a member",
            "email": "sam@example.com",
            "expires_at": date(2026, 12, 1),
            "link": CONTEXT["link"],
        },
    )
    subject = outbox()[0].subject
    assert subject == "Olivia Bcc: everybody@example.com invited you to Northwind Labs on Northwind"


def test_a_mail_is_deleted_a_month_after_it_left(app: Portal, outbox: Outbox, drain_jobs: DrainJobs) -> None:
    send_mail("reset", "owner@northwind.example.com", CONTEXT)
    drain_jobs()
    send_mail("reset", "admin@northwind.example.com", CONTEXT)
    later = utcnow() + timedelta(days=31)
    with running_on(lambda: later):
        enqueue("mail.prune", {})
        drain_jobs(["default"])
    assert [mail.to_address for mail in outbox()] == ["admin@northwind.example.com"]
