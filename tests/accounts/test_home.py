"""Where the start page leads."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.extensions import db
from portal.tenants.models import Membership, Role
from tests.fixtures.cast import Cast


def test_signed_out_it_leads_to_sign_in_without_a_reproach(client: FlaskClient) -> None:
    assert client.get("/").location == "/sign-in"
    assert "Please sign in" not in client.get("/sign-in").text


def test_signed_in_it_leads_to_the_tenant(owner: FlaskClient) -> None:
    assert owner.get("/").location == "/t/northwind-labs/overview"


def test_with_two_tenants_it_leads_to_the_one_looked_at_last(cast: Cast, owner: FlaskClient) -> None:
    db.session.add(Membership(tenant_id=cast.other_tenant.id, user_id=cast.owner.id, role=Role.MEMBER))
    assert owner.get("/").location == "/t/contoso/overview"
    owner.get("/t/northwind-labs/team")
    assert owner.get("/").location == "/t/northwind-labs/overview"


def test_without_a_tenant_it_says_what_to_do(cast: Cast) -> None:
    loner = User(name="Lou Loner", email="lou@northwind.example.com", password_hash="!")
    db.session.add(loner)
    db.session.commit()
    page = cast.client(loner).get("/")
    assert page.status_code == 200
    assert "Ask an owner or admin to invite this address" in page.text
