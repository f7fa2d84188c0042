"""A forgotten password: a link by mail, once and for an hour, and the same answer for everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import OneTimeToken, User, UserSession
from portal.accounts.throttle import RESET_ACCOUNT
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.mail import Outbox, PathIn
from tests.fixtures.people import PASSWORD, SignIn

NEW = "another four good words"


@pytest.fixture
def link(client: FlaskClient, pat: User, outbox: Outbox, path_in: PathIn) -> str:
    """The path of a fresh reset link of Pat's."""
    client.post("/reset", data={"email": pat.email})
    return path_in(outbox()[-1])


def test_the_link_comes_by_mail_to_the_account(client: FlaskClient, pat: User, outbox: Outbox) -> None:
    client.post("/reset", data={"email": "PAT@northwind.example.com"})
    (mail,) = outbox()
    assert (mail.name, mail.to_address) == ("reset", pat.email)
    assert "http://127.0.0.1:8000/reset/" in mail.text
    assert "http://127.0.0.1:8000/reset/" in mail.html


def test_the_link_names_our_own_address_whatever_the_host_header_says(
    client: FlaskClient, pat: User, outbox: Outbox
) -> None:
    client.post("/reset", data={"email": pat.email}, headers={"Host": "evil.example.com"})
    assert "evil" not in outbox()[0].text


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    client: FlaskClient, pat: User, outbox: Outbox
) -> None:
    known = client.post("/reset", data={"email": pat.email})
    unknown = client.post("/reset", data={"email": "nobody@northwind.example.com"})
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert known.text == unknown.text
    assert len(outbox()) == 1


def test_only_the_digest_of_the_link_is_stored(link: str) -> None:
    secret = link.removeprefix("/reset/")
    assert db.session.query(OneTimeToken).one().token_digest not in ("", secret)


def test_the_new_password_works_and_the_old_one_does_not(
    client: FlaskClient, link: str, pat: User, sign_in: SignIn
) -> None:
    assert client.post(link, data={"password": NEW}).location == "/sign-in"
    assert sign_in(pat.email, PASSWORD).status_code == 422
    assert sign_in(pat.email, NEW).status_code == 303


def test_it_ends_every_session_of_the_person_and_nobody_elses(
    client: FlaskClient, link: str, pat: User, cast: Cast, owner: FlaskClient
) -> None:
    browser = cast.client(pat)
    assert browser.get("/account").status_code == 200
    client.post(link, data={"password": NEW})
    assert browser.get("/account").status_code == 303
    assert owner.get("/account").status_code == 200
    assert db.session.query(UserSession).filter_by(user_id=pat.id, ended_at=None).count() == 0


def test_the_person_is_told_by_mail(client: FlaskClient, link: str, pat: User, outbox: Outbox) -> None:
    client.post(link, data={"password": NEW})
    assert (outbox()[-1].name, outbox()[-1].to_address) == ("password_changed", pat.email)


def test_it_is_written_in_the_audit_log(client: FlaskClient, link: str, pat: User) -> None:
    client.post(link, data={"password": NEW})
    assert db.session.query(AuditEntry).filter_by(action="password.reset").one().actor == pat.email


def test_a_link_works_once(client: FlaskClient, link: str) -> None:
    client.post(link, data={"password": NEW})
    again = client.post(link, data={"password": "yet another set of words"})
    assert again.status_code == 410
    assert "This link no longer works" in again.text
    assert client.get(link).status_code == 410


def test_a_link_works_for_an_hour(client: FlaskClient, link: str) -> None:
    later = utcnow() + timedelta(minutes=61)
    with running_on(lambda: later):
        assert client.get(link).status_code == 410
        assert client.post(link, data={"password": NEW}).status_code == 410


def test_a_newer_link_replaces_the_older(client: FlaskClient, link: str, pat: User) -> None:
    client.post("/reset", data={"email": pat.email})
    assert client.get(link).status_code == 410


def test_a_made_up_link_is_refused(client: FlaskClient, link: str) -> None:
    assert client.get("/reset/" + "a" * 43).status_code == 410


def test_a_weak_password_is_refused_and_the_link_stays_good(client: FlaskClient, link: str) -> None:
    for weak in ("short", "aaaaaaaaaaaa"):
        assert client.post(link, data={"password": weak}).status_code == 422
    assert client.get(link).status_code == 200


def test_nobody_can_fill_a_persons_mailbox(client: FlaskClient, pat: User, outbox: Outbox) -> None:
    answers = [
        client.post("/reset", data={"email": pat.email}).status_code for _ in range(RESET_ACCOUNT.most + 1)
    ]
    assert answers == [303] * RESET_ACCOUNT.most + [429]
    assert len(outbox()) == RESET_ACCOUNT.most


def test_the_log_never_holds_the_link(
    client: FlaskClient, link: str, capsys: pytest.CaptureFixture[str], portal_app: Portal
) -> None:
    secret = link.removeprefix("/reset/")
    client.post(link, data={"password": NEW})
    client.post(link, data={"password": NEW})
    portal_app.config["WTF_CSRF_ENABLED"] = True
    client.post(link, data={"password": NEW})
    captured = capsys.readouterr()
    assert "csrf_refused" in captured.out
    assert secret not in captured.out + captured.err
