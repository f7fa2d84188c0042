"""Joining by the link of an invitation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from portal.seats.models import SeatAssignment
from portal.tenants.models import Membership, Role
from tests.fixtures.cast import Cast
from tests.fixtures.people import SignIn
from tests.fixtures.team import Invite

FORM = {"name": "Sam Newcomer", "password": "four unrelated words"}


def test_somebody_new_makes_an_account_and_joins_in_one_step(
    client: FlaskClient, cast: Cast, invite: Invite
) -> None:
    answer = client.post(invite(role="admin"), data=FORM)
    assert (answer.status_code, answer.location) == (303, "/t/northwind-labs/overview")
    user = db.session.query(User).filter_by(email="sam@example.com").one()
    assert user.name == "Sam Newcomer"
    assert cast.membership(user).role == Role.ADMIN
    assert "Sam Newcomer" in client.get("/t/northwind-labs/team").text


def test_the_page_says_who_is_invited_to_what(client: FlaskClient, invite: Invite) -> None:
    page = client.get(invite(role="admin")).text
    assert "You are invited to Northwind Labs as an admin." in page
    assert "sam@example.com" in page


def test_somebody_with_an_account_signs_in_first_and_comes_back(
    client: FlaskClient, cast: Cast, invite: Invite, sign_in: SignIn, pat: User
) -> None:
    db.session.delete(cast.membership(pat))
    link = invite(pat.email)
    page = client.get(link).text
    assert "This address has an account already." in page
    assert f'href="/sign-in?next={link}"' in page
    assert sign_in(pat.email, url=f"/sign-in?next={link}").location == link
    assert "Join Northwind Labs" in client.get(link).text
    assert client.post(link).location == "/t/northwind-labs/overview"
    assert cast.membership(pat).role == Role.MEMBER


def test_an_account_cannot_be_taken_over_by_the_form_for_newcomers(
    client: FlaskClient, invite: Invite, cast: Cast
) -> None:
    link = invite("stranger@contoso.example.com")
    answer = client.post(link, data=FORM)
    assert "This address has an account already." in answer.text
    assert cast.stranger.password_hash == "!"
    assert db.session.query(Membership).filter_by(user_id=cast.stranger.id).count() == 1


def test_a_person_of_another_tenant_can_join_too(stranger: FlaskClient, cast: Cast, invite: Invite) -> None:
    assert stranger.post(invite("stranger@contoso.example.com")).status_code == 303
    assert cast.membership(cast.stranger).role == Role.MEMBER
    assert stranger.get("/t/northwind-labs/team").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_signed_in_with_another_address_it_is_refused(
    stranger: FlaskClient, cast: Cast, invite: Invite, method: str
) -> None:
    answer = getattr(stranger, method)(invite())
    assert answer.status_code == 403
    assert "You are signed in as stranger@contoso.example.com" in answer.text
    assert db.session.query(Membership).filter_by(user_id=cast.stranger.id).count() == 1


def test_a_link_works_once(client: FlaskClient, invite: Invite) -> None:
    link = invite()
    client.post(link, data=FORM)
    assert client.get(link).status_code == 410
    assert client.post(link, data=FORM).status_code == 410


def test_a_link_works_for_seven_days(client: FlaskClient, invite: Invite) -> None:
    link = invite()
    later = utcnow() + timedelta(days=7, minutes=1)
    with running_on(lambda: later):
        answer = client.post(link, data=FORM)
    assert answer.status_code == 410
    assert "This invitation no longer works" in answer.text


def test_a_made_up_link_is_refused(client: FlaskClient, cast: Cast) -> None:
    assert client.get("/invite/" + "a" * 43).status_code == 410


def test_who_is_a_member_already_keeps_the_role(cast: Cast, invite: Invite, stranger: FlaskClient) -> None:
    link = invite("stranger@contoso.example.com")
    db.session.add(Membership(tenant_id=cast.tenant.id, user_id=cast.stranger.id, role=Role.ADMIN))
    assert stranger.post(link).status_code == 303
    assert cast.membership(cast.stranger).role == Role.ADMIN


def test_the_promised_seat_is_given_if_one_is_free(client: FlaskClient, cast: Cast, invite: Invite) -> None:
    client.post(invite(with_seat=True), data=FORM)
    user = db.session.query(User).filter_by(email="sam@example.com").one()
    assigned = db.session.query(SeatAssignment).filter_by(membership_id=cast.membership(user).id)
    assert assigned.count() == 1


def test_without_a_free_seat_the_person_joins_all_the_same(
    client: FlaskClient, cast: Cast, invite: Invite, owner: FlaskClient
) -> None:
    links = [invite(f"sam{number}@example.com", with_seat=True) for number in range(12)]
    pages = []
    for link in links:
        browser = client.application.test_client()
        assert browser.post(link, data=FORM).status_code == 303
        pages.append(browser.get("/t/northwind-labs/team").text)
    assert "You have a seat." in pages[0]
    assert "All seats are taken at the moment" in pages[-1]


def test_it_is_written_in_the_audit_log(client: FlaskClient, cast: Cast, invite: Invite) -> None:
    client.post(invite(), data=FORM)
    entry = db.session.query(AuditEntry).filter_by(action="member.joined").one()
    assert (entry.tenant_id, entry.actor) == (cast.tenant.id, "sam@example.com")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({**FORM, "name": ""}, "Please enter your name."),
        ({**FORM, "password": "short"}, "Please use 10 to 200 characters."),
        ({**FORM, "password": "sam@example.com"}, "too easy to guess"),
    ],
)
def test_what_is_not_right_is_refused_and_the_link_stays_good(
    client: FlaskClient, invite: Invite, form: dict[str, str], words: str
) -> None:
    link = invite()
    answer = client.post(link, data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert client.post(link, data=FORM).status_code == 303
