"""The account page: one's name, password and signed-in browsers."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.accounts.models import User, UserSession
from portal.audit.models import AuditEntry
from portal.extensions import db
from tests.fixtures.cast import Cast
from tests.fixtures.mail import Outbox
from tests.fixtures.people import PASSWORD, SignIn

NEW = "another four good words"


def test_it_stands_inside_the_tenant_the_person_looked_at_last(cast: Cast, owner: FlaskClient) -> None:
    assert "Northwind Labs" in owner.get("/account").text


def test_it_is_there_for_somebody_without_a_tenant(cast: Cast) -> None:
    loner = User(name="Lou Loner", email="lou@northwind.example.com", password_hash="!")
    db.session.add(loner)
    db.session.commit()
    assert "Your account" in cast.client(loner).get("/account").text


def test_the_name_can_be_changed(owner: FlaskClient, cast: Cast) -> None:
    assert owner.post("/account/name", data={"name": " Olivia O. Owner "}).status_code == 303
    assert cast.owner.name == "Olivia O. Owner"
    entry = db.session.query(AuditEntry).filter_by(action="user.renamed").one()
    assert entry.details == {"before": "Olivia Owner", "after": "Olivia O. Owner"}


def test_an_empty_name_is_refused(owner: FlaskClient, cast: Cast) -> None:
    assert owner.post("/account/name", data={"name": " "}).status_code == 422
    assert cast.owner.name == "Olivia Owner"


def test_the_password_can_be_changed(cast: Cast, pat: User, sign_in: SignIn, outbox: Outbox) -> None:
    browser = cast.client(pat)
    answer = browser.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert sign_in(pat.email, NEW).status_code == 303
    assert [mail.name for mail in outbox()] == ["password_changed"]


def test_changing_the_password_ends_the_other_sessions_only(cast: Cast, pat: User) -> None:
    here, elsewhere = cast.client(pat), cast.client(pat)
    here.post("/account/password", data={"current": PASSWORD, "password": NEW})
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_the_current_password_must_be_right(cast: Cast, pat: User, sign_in: SignIn) -> None:
    answer = cast.client(pat).post("/account/password", data={"current": "wrong", "password": NEW})
    assert answer.status_code == 422
    assert "This is not your current password." in answer.text
    assert sign_in(pat.email, PASSWORD).status_code == 303


def test_the_current_password_cannot_be_guessed_from_an_open_browser(cast: Cast, pat: User) -> None:
    browser = cast.client(pat)
    form = {"current": "wrong", "password": NEW}
    answers = [browser.post("/account/password", data=form).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_weak_new_password_is_refused(cast: Cast, pat: User) -> None:
    form = {"current": PASSWORD, "password": "pat@northwind.example.com"}
    answer = cast.client(pat).post("/account/password", data=form)
    assert answer.status_code == 422
    assert "too easy to guess" in answer.text


def test_browsers_are_listed_by_name(cast: Cast, owner: FlaskClient) -> None:
    cast.client(cast.owner)
    other = db.session.query(UserSession).filter_by(user_id=cast.owner.id).order_by(UserSession.id)[1]
    other.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    page = owner.get("/account").text
    assert "Firefox on Linux" in page
    assert "This browser" in page


def test_one_other_browser_can_be_signed_out(cast: Cast) -> None:
    here, elsewhere = cast.client(cast.owner), cast.client(cast.owner)
    other = db.session.query(UserSession).filter_by(user_id=cast.owner.id).order_by(UserSession.id)[1]
    assert here.post(f"/account/sessions/{other.public_id}/end").status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert here.get("/account").status_code == 200


def test_somebody_elses_browser_cannot_be_signed_out(cast: Cast, owner: FlaskClient) -> None:
    stranger = cast.client(cast.stranger)
    theirs = db.session.query(UserSession).filter_by(user_id=cast.stranger.id).one()
    assert owner.post(f"/account/sessions/{theirs.public_id}/end").status_code == 404
    assert stranger.get("/account").status_code == 200


def test_all_other_browsers_can_be_signed_out(cast: Cast) -> None:
    here, elsewhere, stranger = (cast.client(user) for user in (cast.owner, cast.owner, cast.stranger))
    assert here.post("/account/sessions/end-others").status_code == 303
    assert [each.get("/account").status_code for each in (here, elsewhere, stranger)] == [200, 303, 200]


def test_signed_out_visitors_are_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/account").location == "/sign-in?next=/account"
    for path in ("name", "password", "sessions/end-others", "sessions/abc/end"):
        assert client.post(f"/account/{path}").location == "/sign-in"
