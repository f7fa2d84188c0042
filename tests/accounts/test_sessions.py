"""How long a signed-in browser stays signed in."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from flask.testing import FlaskClient

from portal.accounts.models import UserSession
from portal.accounts.sessions import IDLE_LIMIT
from portal.extensions import db
from portal.kit.clock import running_on, utcnow


def test_a_session_nobody_used_for_thirty_days_is_over(owner: FlaskClient) -> None:
    later = utcnow() + IDLE_LIMIT + timedelta(hours=1)
    with running_on(lambda: later):
        assert owner.get("/account").location == "/sign-in?next=/account"


def test_a_session_that_is_used_goes_on(owner: FlaskClient) -> None:
    start = utcnow()
    moments = (start + timedelta(days=days) for days in (20, 40, 60))
    for moment in moments:
        with running_on(partial(max, start, moment)):
            assert owner.get("/account").status_code == 200


def test_its_use_is_noted_at_most_once_an_hour(owner: FlaskClient) -> None:
    before = db.session.query(UserSession).one().last_seen_at
    with running_on(lambda: before + timedelta(minutes=59)):
        owner.get("/account")
    assert db.session.query(UserSession).one().last_seen_at == before
    with running_on(lambda: before + timedelta(minutes=61)):
        owner.get("/account")
    assert db.session.query(UserSession).one().last_seen_at == before + timedelta(minutes=61)


def test_the_cookie_does_not_hold_what_the_table_holds(owner: FlaskClient) -> None:
    with owner.session_transaction() as cookie:
        secret = cookie["_user_id"]
    assert secret != db.session.query(UserSession).one().token_digest


def test_a_cookie_with_a_made_up_secret_is_nobody(owner: FlaskClient) -> None:
    with owner.session_transaction() as cookie:
        cookie["_user_id"] = "1"
    assert owner.get("/account").status_code == 303
