"""Signing in: the right password opens, everything else says the same words, and guessing is limited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from portal.accounts.models import User, UserSession
from portal.accounts.throttle import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, spend
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from tests.fixtures.people import PASSWORD, SignIn

SAME_WORDS = "The e-mail address or the password is not right."


def test_the_right_password_opens_the_start_page(sign_in: SignIn, client: FlaskClient, pat: User) -> None:
    answer = sign_in(pat.email)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/").location == "/t/northwind-labs/overview"


def test_the_address_may_be_typed_in_any_case(sign_in: SignIn, pat: User) -> None:
    assert sign_in(" PAT@Northwind.Example.com ").status_code == 303


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(sign_in: SignIn, pat: User) -> None:
    wrong, unknown = sign_in(pat.email, "not the password"), sign_in("nobody@northwind.example.com")
    assert wrong.status_code == unknown.status_code == 422
    assert SAME_WORDS in wrong.text
    assert SAME_WORDS in unknown.text


def test_it_leads_to_the_page_that_was_asked_for(sign_in: SignIn, client: FlaskClient, pat: User) -> None:
    asked = client.get("/t/northwind-labs/team?page=1")
    assert asked.location == "/sign-in?next=/t/northwind-labs/team?page%3D1"
    assert sign_in(pat.email, url=asked.location).location == "/t/northwind-labs/team?page=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "/\t/evil.example.com"],
)
def test_it_never_leads_to_another_site(sign_in: SignIn, pat: User, elsewhere: str) -> None:
    assert sign_in(pat.email, url=f"/sign-in?next={elsewhere}").location == "/"


def test_the_page_after_a_post_is_not_promised(client: FlaskClient, pat: User) -> None:
    assert client.post("/account/name", data={"name": "x"}).location == "/sign-in"


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: FlaskClient, pat: User) -> None:
    answer = client.get("/t/northwind-labs/team", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in")


def test_a_fresh_session_replaces_the_one_of_the_browser(
    sign_in: SignIn, client: FlaskClient, pat: User
) -> None:
    sign_in(pat.email)
    sign_in(pat.email)
    ended = [row.ended_at is not None for row in db.session.query(UserSession).order_by(UserSession.id)]
    assert ended == [True, False]


def test_what_stood_in_the_cookie_before_is_dropped(sign_in: SignIn, client: FlaskClient, pat: User) -> None:
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    sign_in(pat.email)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_it_is_written_in_the_audit_log(sign_in: SignIn, pat: User) -> None:
    sign_in(pat.email)
    entry = db.session.query(AuditEntry).filter_by(action="user.signed_in").one()
    assert (entry.actor, entry.actor_user_id, entry.tenant_id) == (pat.email, pat.id, None)


def test_a_hash_with_older_parameters_is_renewed(sign_in: SignIn, pat: User) -> None:
    pat.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    sign_in(pat.email)
    assert pat.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_account_is_closed_to_guesses_even_with_the_right_password(sign_in: SignIn, pat: User) -> None:
    pat.password_hash = "!"
    answers = [sign_in(pat.email, "wrong guess").status_code for _ in range(SIGN_IN_ACCOUNT.most + 1)]
    assert answers == [422] * SIGN_IN_ACCOUNT.most + [429]


def test_it_opens_again_when_the_window_is_over(sign_in: SignIn, pat: User) -> None:
    for _ in range(SIGN_IN_ACCOUNT.most + 1):
        last = sign_in(pat.email, "")  # refused by the form: not a try
    assert last.status_code == 422
    for _ in range(SIGN_IN_ACCOUNT.most + 1):
        last = sign_in(pat.email, "wrong")
    assert last.status_code == 429
    later = utcnow() + SIGN_IN_ACCOUNT.window + timedelta(seconds=1)
    with running_on(lambda: later):
        assert sign_in(pat.email).status_code == 303


def test_the_right_password_starts_the_count_anew(sign_in: SignIn, pat: User) -> None:
    for _ in range(2):
        wrong = [sign_in(pat.email, "wrong").status_code for _ in range(SIGN_IN_ACCOUNT.most - 1)]
        assert set(wrong) == {422}
        assert sign_in(pat.email).status_code == 303


def test_one_network_cannot_try_many_accounts(sign_in: SignIn, pat: User) -> None:
    for _ in range(SIGN_IN_ADDRESS.most):
        spend((SIGN_IN_ADDRESS, "127.0.0.1"))
    assert sign_in(pat.email).status_code == 429


def test_the_refusal_says_how_long_to_wait(sign_in: SignIn, pat: User) -> None:
    for _ in range(SIGN_IN_ACCOUNT.most + 1):
        answer = sign_in(pat.email, "wrong")
    assert "Please wait 15 minutes" in answer.text
