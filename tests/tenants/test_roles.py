"""Changing what a member may do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.tenants.models import Role
from tests.fixtures.cast import Cast


def url_of(cast: Cast, user: User, slug: str = "northwind-labs") -> str:
    return f"/t/{slug}/team/{cast.membership(user).public_id}/role"


def test_an_owner_makes_a_member_an_admin(owner: FlaskClient, cast: Cast) -> None:
    assert owner.post(url_of(cast, cast.member), data={"role": "admin"}).status_code == 303
    assert cast.membership(cast.member).role == Role.ADMIN


def test_the_new_role_counts_at_once(owner: FlaskClient, member: FlaskClient, cast: Cast) -> None:
    assert member.get("/t/northwind-labs/audit").status_code == 403
    owner.post(url_of(cast, cast.member), data={"role": "admin"})
    assert member.get("/t/northwind-labs/audit").status_code == 200


def test_it_is_written_in_the_audit_log(owner: FlaskClient, cast: Cast) -> None:
    owner.post(url_of(cast, cast.member), data={"role": "admin"})
    entry = db.session.query(AuditEntry).filter_by(action="member.role_changed").one()
    assert entry.details == {"member": cast.member.email, "before": "member", "after": "admin"}


def test_the_same_role_again_changes_nothing(owner: FlaskClient, cast: Cast) -> None:
    owner.post(url_of(cast, cast.member), data={"role": "member"})
    assert db.session.query(AuditEntry).filter_by(action="member.role_changed").count() == 0


def test_an_admin_cannot_make_an_owner(admin: FlaskClient, cast: Cast) -> None:
    assert admin.post(url_of(cast, cast.member), data={"role": "owner"}).status_code == 422
    assert cast.membership(cast.member).role == Role.MEMBER


def test_an_admin_cannot_make_themselves_an_owner(admin: FlaskClient, cast: Cast) -> None:
    assert admin.post(url_of(cast, cast.admin), data={"role": "owner"}).status_code == 422
    assert cast.membership(cast.admin).role == Role.ADMIN


def test_an_admin_cannot_change_an_owner(admin: FlaskClient, cast: Cast) -> None:
    answer = admin.post(url_of(cast, cast.owner), data={"role": "member"})
    assert answer.status_code == 403
    assert cast.membership(cast.owner).role == Role.OWNER


def test_the_only_owner_stays_one(owner: FlaskClient, cast: Cast) -> None:
    answer = owner.post(url_of(cast, cast.owner), data={"role": "admin"})
    assert answer.status_code == 422
    assert "This is the only owner." in answer.text
    assert cast.membership(cast.owner).role == Role.OWNER


def test_an_owner_may_step_down_when_there_is_another(owner: FlaskClient, cast: Cast) -> None:
    owner.post(url_of(cast, cast.admin), data={"role": "owner"})
    assert owner.post(url_of(cast, cast.owner), data={"role": "member"}).status_code == 303
    assert cast.membership(cast.owner).role == Role.MEMBER


def test_two_owners_who_demote_each_other_at_once_leave_one(owner: FlaskClient, cast: Cast) -> None:
    owner.post(url_of(cast, cast.admin), data={"role": "owner"})
    posts = [
        (cast.client(cast.owner), url_of(cast, cast.admin)),
        (cast.client(cast.admin), url_of(cast, cast.owner)),
    ]
    db.session.commit()
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda each: each[0].post(each[1], data={"role": "member"}).status_code, posts)
        )
    assert sorted(answers) == [303, 403]
    roles = {cast.membership(user).role for user in (cast.owner, cast.admin)}
    assert roles == {Role.OWNER, Role.MEMBER}


def test_a_member_cannot_change_roles(member: FlaskClient, cast: Cast) -> None:
    assert member.post(url_of(cast, cast.member), data={"role": "owner"}).status_code == 403
    assert cast.membership(cast.member).role == Role.MEMBER


def test_another_tenants_member_is_not_found(stranger: FlaskClient, cast: Cast) -> None:
    for slug in ("contoso", "northwind-labs"):
        assert stranger.post(url_of(cast, cast.member, slug), data={"role": "admin"}).status_code == 404
    assert cast.membership(cast.member).role == Role.MEMBER


@pytest.mark.parametrize("role", ["", "emperor", "OWNER"])
def test_a_role_that_does_not_exist_is_refused(owner: FlaskClient, cast: Cast, role: str) -> None:
    assert owner.post(url_of(cast, cast.member), data={"role": role}).status_code == 422
