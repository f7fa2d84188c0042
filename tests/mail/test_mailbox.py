"""The local mailbox, where the mails of a demonstration can be read and their links followed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import Config
from portal.extensions import db
from portal.mail.links import with_links
from portal.mail.models import OutgoingMail
from portal.mail.send import send_mail
from tests.fixtures.app import ENVIRONMENT
from tests.fixtures.jobs import DrainJobs

LINK = "http://127.0.0.1:8000/reset/abc-_"


@pytest.fixture
def mail(client: FlaskClient) -> OutgoingMail:
    send_mail("reset", "owner@northwind.example.com", {"name": "<b>Olivia</b>", "link": LINK})
    db.session.commit()
    return db.session.query(OutgoingMail).one()


def test_an_empty_mailbox_says_what_will_stand_there(client: FlaskClient) -> None:
    assert "No mail yet" in client.get("/mailbox").text


def test_it_lists_the_mails_newest_first(client: FlaskClient, mail: OutgoingMail) -> None:
    send_mail("password_changed", "owner@northwind.example.com", {"name": "Olivia", "link": LINK})
    page = client.get("/mailbox").text
    assert 0 < page.index("password was changed") < page.index("Reset your Northwind billing password")


def test_a_mail_shows_its_text_with_links_to_follow(client: FlaskClient, mail: OutgoingMail) -> None:
    page = client.get(f"/mailbox/{mail.public_id}").text
    assert f'<a href="{LINK}">{LINK}</a>' in page
    assert "owner@northwind.example.com" in page


def test_nothing_in_a_mail_becomes_markup(client: FlaskClient, mail: OutgoingMail) -> None:
    page = client.get(f"/mailbox/{mail.public_id}").text
    assert "&lt;b&gt;Olivia&lt;/b&gt;" in page
    assert "<b>Olivia" not in page


def test_sending_notes_the_page_in_the_log_and_never_the_text(
    mail: OutgoingMail, drain_jobs: DrainJobs, capsys: pytest.CaptureFixture[str]
) -> None:
    public_id = mail.public_id
    drain_jobs(["mail"])
    printed = capsys.readouterr().out
    assert f"http://127.0.0.1:8000/mailbox/{public_id}" in printed
    assert "abc-_" not in printed
    assert mail.sent_at is not None


def test_a_mail_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    assert client.get("/mailbox/abcdefghijklmnop").status_code == 404


def test_with_a_real_mail_server_there_is_no_mailbox() -> None:
    config = Config.from_env(
        {**ENVIRONMENT, "MAIL_URL": "smtp://mail.example.com", "DATABASE_URL": "sqlite:///:memory:"}
    )
    rules = {rule.endpoint for rule in create_app(config).url_map.iter_rules()}
    assert "mailbox.index" not in rules
    assert "team.show" in rules


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "see http://x.example.com/a?b=1&c=2.",
            'see <a href="http://x.example.com/a?b=1&amp;c=2">http://x.example.com/a?b=1&amp;c=2</a>.',
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            'http://x.example.com/"onclick="x',
            '<a href="http://x.example.com/">http://x.example.com/</a>&#34;onclick=&#34;x',
        ),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_only_web_addresses_become_links(text: str, html: str) -> None:
    assert with_links(text) == html
