"""Inviting by mail: who may, as what, once, and taking it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.accounts.throttle import INVITE_TENANT, spend
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from portal.tenants.models import Invitation, Role
from tests.fixtures.cast import Cast
from tests.fixtures.mail import Outbox, PathIn
from tests.fixtures.team import Invite

URL = "/t/northwind-labs/team/invitations"
FORM = {"email": "sam@example.com", "role": "member"}


def test_the_link_comes_by_mail(owner: FlaskClient, cast: Cast, outbox: Outbox) -> None:
    answer = owner.post(URL, data={**FORM, "email": " Sam@Example.com"})
    assert (answer.status_code, answer.location) == (303, "/t/northwind-labs/team")
    (mail,) = outbox()
    assert mail.to_address == "sam@example.com"
    assert mail.subject == "Olivia Owner invited you to Northwind Labs on Northwind"
    assert "http://127.0.0.1:8000/invite/" in mail.text
    assert "as a member" in mail.text
    assert mail.tenant_id == cast.tenant.id


def test_only_the_digest_of_the_link_is_stored(invite: Invite) -> None:
    secret = invite().removeprefix("/invite/")
    assert db.session.query(Invitation).one().token_digest not in ("", secret)


def test_it_stands_on_the_team_page_until_somebody_answers(owner: FlaskClient, invite: Invite) -> None:
    invite()
    page = owner.get("/t/northwind-labs/team").text
    assert "The invitation to sam@example.com is on its way." in page
    assert "works until" in page


def test_it_is_written_in_the_audit_log(invite: Invite, cast: Cast) -> None:
    invite(with_seat=True)
    entry = db.session.query(AuditEntry).filter_by(action="member.invited").one()
    assert (entry.tenant_id, entry.actor_user_id) == (cast.tenant.id, cast.owner.id)
    assert entry.details == {"email": "sam@example.com", "role": "member", "with_seat": True}


@pytest.mark.parametrize("role", ["member", "admin"])
def test_an_admin_invites_members_and_admins(admin: FlaskClient, role: str) -> None:
    assert admin.post(URL, data={**FORM, "role": role}).status_code == 303
    assert db.session.query(Invitation).one().role == role


def test_an_admin_cannot_invite_an_owner(admin: FlaskClient) -> None:
    assert admin.post(URL, data={**FORM, "role": "owner"}).status_code == 422
    assert db.session.query(Invitation).count() == 0


def test_an_owner_can_invite_an_owner(owner: FlaskClient) -> None:
    assert owner.post(URL, data={**FORM, "role": "owner"}).status_code == 303
    assert db.session.query(Invitation).one().role == Role.OWNER


def test_a_member_cannot_invite(member: FlaskClient, outbox: Outbox) -> None:
    assert member.post(URL, data=FORM).status_code == 403
    assert outbox() == []


def test_a_stranger_does_not_learn_that_the_tenant_exists(stranger: FlaskClient) -> None:
    assert stranger.post(URL, data=FORM).status_code == 404


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "sam", "role": "member"}, "Please enter a complete e-mail address"),
        ({"email": "", "role": "member"}, "Please enter an e-mail address."),
        ({"email": "sam@example.com", "role": "emperor"}, "Not a valid choice"),
        ({"email": "admin@northwind.example.com", "role": "member"}, "This person is a member already."),
    ],
)
def test_what_is_not_right_is_refused(owner: FlaskClient, form: dict[str, str], words: str) -> None:
    answer = owner.post(URL, data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.query(Invitation).count() == 0


def test_an_address_is_invited_once(owner: FlaskClient, invite: Invite, outbox: Outbox) -> None:
    invite()
    again = owner.post(URL, data={**FORM, "email": "SAM@example.com"})
    assert again.status_code == 422
    assert "This person is invited already." in again.text
    assert len(outbox()) == 1


def test_ten_admins_at_once_make_one_invitation(cast: Cast, outbox: Outbox) -> None:
    browsers = [cast.client(cast.admin) for _ in range(10)]
    db.session.commit()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda browser: browser.post(URL, data=FORM).status_code, browsers))
    assert sorted(answers) == [303] + [422] * 9
    assert len(outbox()) == 1


def test_two_tenants_may_invite_the_same_address(invite: Invite, stranger: FlaskClient) -> None:
    invite()
    assert stranger.post("/t/contoso/team/invitations", data=FORM).status_code == 303
    assert db.session.query(Invitation).count() == 2


def test_an_invitation_that_ran_out_gives_way_to_a_new_one(owner: FlaskClient, invite: Invite) -> None:
    invite()
    later = utcnow() + timedelta(days=8)
    with running_on(lambda: later):
        assert "ran out on" in owner.get("/t/northwind-labs/team").text
        assert owner.post(URL, data=FORM).status_code == 303
    assert [row.revoked_at is None for row in db.session.query(Invitation).order_by(Invitation.id)] == [
        False,
        True,
    ]


def test_sending_again_replaces_the_link(
    owner: FlaskClient, client: FlaskClient, invite: Invite, outbox: Outbox, path_in: PathIn
) -> None:
    first = invite()
    public_id = db.session.query(Invitation).one().public_id
    assert owner.post(f"{URL}/{public_id}/again").status_code == 303
    second = path_in(outbox()[-1])
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_an_invitation_can_be_taken_back(owner: FlaskClient, client: FlaskClient, invite: Invite) -> None:
    link = invite()
    public_id = db.session.query(Invitation).one().public_id
    assert owner.post(f"{URL}/{public_id}/revoke").status_code == 303
    assert client.get(link).status_code == 410
    assert owner.post(f"{URL}/{public_id}/revoke").status_code == 404
    assert owner.post(f"{URL}/{public_id}/again").status_code == 404


@pytest.mark.parametrize("action", ["again", "revoke"])
def test_an_owners_invitation_is_not_an_admins_to_change(
    admin: FlaskClient, invite: Invite, action: str
) -> None:
    invite(role="owner")
    public_id = db.session.query(Invitation).one().public_id
    answer = admin.post(f"{URL}/{public_id}/{action}")
    assert answer.status_code == 403
    assert "Only an owner can make" in answer.text


@pytest.mark.parametrize("action", ["again", "revoke"])
def test_another_tenants_invitation_is_not_found(
    stranger: FlaskClient, invite: Invite, client: FlaskClient, action: str
) -> None:
    link = invite()
    public_id = db.session.query(Invitation).one().public_id
    assert stranger.post(f"/t/contoso/team/invitations/{public_id}/{action}").status_code == 404
    assert client.get(link).status_code == 200


def test_a_tenant_cannot_be_used_to_mail_the_world(owner: FlaskClient, cast: Cast, outbox: Outbox) -> None:
    for _ in range(INVITE_TENANT.most):
        spend((INVITE_TENANT, cast.tenant.public_id))
    assert owner.post(URL, data=FORM).status_code == 429
    assert outbox() == []
