"""Ending a membership: by somebody who may, or one's own."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.seats.assign import assign_seat
from portal.seats.models import SeatAssignment
from portal.tenants.models import Membership
from tests.fixtures.cast import Cast


def url_of(cast: Cast, user: User, slug: str = "northwind-labs") -> str:
    return f"/t/{slug}/team/{cast.membership(user).public_id}/remove"


def is_member(cast: Cast, user: User) -> bool:
    found = db.session.query(Membership).filter_by(user_id=user.id, tenant_id=cast.tenant.id)
    return found.count() == 1


def test_the_member_loses_access_at_once(owner: FlaskClient, member: FlaskClient, cast: Cast) -> None:
    assert owner.post(url_of(cast, cast.member)).location == "/t/northwind-labs/team"
    assert member.get("/t/northwind-labs/team").status_code == 404
    assert not is_member(cast, cast.member)


def test_the_seat_becomes_free(owner: FlaskClient, cast: Cast) -> None:
    assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    owner.post(url_of(cast, cast.member))
    assert db.session.query(SeatAssignment).count() == 0


def test_what_they_did_stays_in_the_audit_log(owner: FlaskClient, admin: FlaskClient, cast: Cast) -> None:
    admin.post("/t/northwind-labs/team/invitations", data={"email": "sam@example.com", "role": "member"})
    owner.post(url_of(cast, cast.admin))
    assert "Adam Admin" in owner.get("/t/northwind-labs/audit").text


def test_it_is_written_in_the_audit_log(owner: FlaskClient, cast: Cast) -> None:
    owner.post(url_of(cast, cast.member))
    entry = db.session.query(AuditEntry).filter_by(action="member.removed").one()
    assert (entry.actor_user_id, entry.details["member"]) == (cast.owner.id, cast.member.email)


def test_an_admin_removes_members_but_not_owners(admin: FlaskClient, cast: Cast) -> None:
    assert admin.post(url_of(cast, cast.owner)).status_code == 403
    assert is_member(cast, cast.owner)
    assert admin.post(url_of(cast, cast.member)).status_code == 303


def test_a_member_removes_nobody(member: FlaskClient, cast: Cast) -> None:
    assert member.post(url_of(cast, cast.admin)).status_code == 403
    assert is_member(cast, cast.admin)


@pytest.mark.parametrize("path", ["remove", "leave"])
def test_the_only_owner_cannot_go_and_keeps_the_seat(owner: FlaskClient, cast: Cast, path: str) -> None:
    assign_seat(cast.tenant.id, cast.membership(cast.owner).id, cast.owner)
    url = url_of(cast, cast.owner) if path == "remove" else "/t/northwind-labs/team/leave"
    answer = owner.post(url)
    assert answer.status_code == 409
    assert "This is the only owner." in answer.text
    assert is_member(cast, cast.owner)
    assert db.session.query(SeatAssignment).count() == 1


def test_another_tenants_member_is_not_found(stranger: FlaskClient, cast: Cast) -> None:
    for slug in ("contoso", "northwind-labs"):
        assert stranger.post(url_of(cast, cast.member, slug)).status_code == 404
    assert is_member(cast, cast.member)


def test_a_member_may_leave(member: FlaskClient, cast: Cast) -> None:
    assert member.post("/t/northwind-labs/team/leave").location == "/"
    assert not is_member(cast, cast.member)
    assert "You belong to no company yet" in member.get("/").text


def test_who_is_gone_cannot_be_removed_again(owner: FlaskClient, cast: Cast) -> None:
    url = url_of(cast, cast.member)
    owner.post(url)
    assert owner.post(url).status_code == 404
