"""What the team page shows to whom."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.extensions import db
from portal.seats.assign import assign_seat
from portal.tenants.models import Membership, Role
from tests.fixtures.cast import Cast, new_user

URL = "/t/northwind-labs/team"


def test_it_lists_the_members_of_this_tenant_only(owner: FlaskClient, cast: Cast) -> None:
    page = owner.get(URL).text
    assert all(name in page for name in ("Olivia Owner", "Adam Admin", "Mia Member"))
    assert "Sam Stranger" not in page


def test_it_shows_who_holds_a_seat(owner: FlaskClient, cast: Cast) -> None:
    assert "Has a seat" not in owner.get(URL).text
    assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    assert owner.get(URL).text.count("Has a seat") == 1


def test_a_member_sees_colleagues_but_nothing_to_change(member: FlaskClient) -> None:
    page = member.get(URL).text
    assert "Olivia Owner" in page
    assert "Invite somebody" not in page
    assert "Manage" not in page


def test_a_member_does_not_see_who_is_invited(owner: FlaskClient, member: FlaskClient) -> None:
    owner.post(f"{URL}/invitations", data={"email": "sam@example.com", "role": "member"})
    assert "sam@example.com" not in member.get(URL).text


def test_a_stranger_finds_nothing(stranger: FlaskClient) -> None:
    assert stranger.get(URL).status_code == 404
    assert stranger.get("/t/no-such-tenant/team").status_code == 404


def test_signed_out_it_leads_to_sign_in(client: FlaskClient, cast: Cast) -> None:
    assert client.get(URL).location == f"/sign-in?next={URL}"


def test_fifty_members_stand_on_a_page(owner: FlaskClient, cast: Cast) -> None:
    for number in range(51):
        new_user(f"Zed {number:02}", f"zed{number}@northwind.example.com", cast.tenant, Role.MEMBER)
    first, second = owner.get(URL).text, owner.get(f"{URL}?page=2").text
    assert "Zed 46" in first
    assert "Zed 47" not in first
    assert "Zed 50" in second


def test_a_members_page_offers_what_may_be_changed(
    owner: FlaskClient, admin: FlaskClient, cast: Cast
) -> None:
    about_member = admin.get(f"{URL}/{cast.membership(cast.member).public_id}").text
    assert "Remove Mia Member" in about_member
    about_owner = admin.get(f"{URL}/{cast.membership(cast.owner).public_id}").text
    assert "Only an owner can change or remove an owner." in about_owner
    assert "Remove Olivia Owner" not in about_owner
    assert "This is the only owner." in owner.get(f"{URL}/{cast.membership(cast.owner).public_id}").text


def test_a_members_page_is_for_managers_of_the_same_tenant(
    member: FlaskClient, stranger: FlaskClient, cast: Cast
) -> None:
    public_id = cast.membership(cast.member).public_id
    assert member.get(f"{URL}/{public_id}").status_code == 403
    assert stranger.get(f"{URL}/{public_id}").status_code == 404
    assert stranger.get(f"/t/contoso/team/{public_id}").status_code == 404


def test_who_belongs_to_two_tenants_can_switch(owner: FlaskClient, cast: Cast) -> None:
    db.session.add(Membership(tenant_id=cast.other_tenant.id, user_id=cast.owner.id, role=Role.MEMBER))
    page = owner.get(URL).text
    assert 'href="/t/contoso/overview"' in page
