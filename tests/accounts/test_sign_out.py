"""Signing out ends the session on both sides."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.accounts.models import UserSession
from portal.audit.models import AuditEntry
from portal.extensions import db
from tests.fixtures.cast import Cast


def test_it_leads_to_the_sign_in_page(owner: FlaskClient) -> None:
    answer = owner.post("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "You are signed out." in owner.get("/sign-in").text


def test_a_copy_of_the_cookie_is_dead_too(cast: Cast) -> None:
    browser, thief = cast.client(cast.owner), cast.app.test_client()
    with browser.session_transaction() as cookie, thief.session_transaction() as copy:
        copy.update(cookie)
    assert thief.get("/account").status_code == 200
    browser.post("/sign-out")
    assert thief.get("/account").status_code == 303


def test_other_browsers_stay_signed_in(cast: Cast) -> None:
    laptop, phone = cast.client(cast.owner), cast.client(cast.owner)
    laptop.post("/sign-out")
    assert phone.get("/account").status_code == 200


def test_it_is_written_in_the_audit_log(owner: FlaskClient, cast: Cast) -> None:
    owner.post("/sign-out")
    assert db.session.query(AuditEntry).filter_by(action="user.signed_out").one().actor == cast.owner.email


def test_a_link_cannot_sign_anybody_out(owner: FlaskClient) -> None:
    assert owner.get("/sign-out").status_code == 405
    assert owner.get("/account").status_code == 200


def test_signing_out_twice_does_no_harm(client: FlaskClient) -> None:
    assert client.post("/sign-out").status_code == 303
    assert db.session.query(UserSession).count() == 0
