"""An operator opens a plan that is sold by invitation to one tenant, and closes it again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from flask.testing import FlaskClient

from portal.plans.catalog import current_catalog
from portal.plans.invitations import invitations_of
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.told import Told


@pytest.fixture
def pro_by_invitation(app: Portal) -> Iterator[None]:
    """The Pro plan is sold by invitation, until the end of the test."""
    before = current_catalog()
    pro = msgspec.structs.replace(before.plans["pro"], visibility="invitation")
    app.extensions["catalog"] = msgspec.structs.replace(before, plans={**before.plans, "pro": pro})
    yield
    app.extensions["catalog"] = before


def test_it_is_opened_and_closed_on_the_tenants_page(
    operator: FlaskClient, owner: FlaskClient, cast: Cast, pro_by_invitation: None, told: Told
) -> None:
    url = f"/operator/tenants/{cast.tenant.public_id}"
    assert 'class="badge tone-neutral">Closed' in operator.get(url).text
    page = operator.post(f"{url}/invitations", data={"plan": "pro"}, follow_redirects=True).text
    assert "The plan is open to this tenant." in page
    assert 'class="badge tone-ok">Open' in page
    assert "Choose Pro" in owner.get("/t/northwind-labs/plans").text
    assert operator.post(f"{url}/invitations/close", data={"plan": "pro"}).status_code == 303
    assert "Choose Pro" not in owner.get("/t/northwind-labs/plans").text
    assert told.audit() == ["plan_invitation.granted", "plan_invitation.revoked"]


def test_the_other_tenants_stay_uninvited(operator: FlaskClient, cast: Cast, pro_by_invitation: None) -> None:
    operator.post(f"/operator/tenants/{cast.tenant.public_id}/invitations", data={"plan": "pro"})
    assert invitations_of(cast.other_tenant.id) == []


def test_a_plan_that_needs_no_invitation_is_refused(operator: FlaskClient, cast: Cast) -> None:
    url = f"/operator/tenants/{cast.tenant.public_id}/invitations"
    assert operator.post(url, data={"plan": "starter"}).status_code == 409
    assert operator.post(url, data={}).status_code == 404


def test_without_such_plans_the_page_does_not_speak_of_them(operator: FlaskClient, cast: Cast) -> None:
    page = operator.get(f"/operator/tenants/{cast.tenant.public_id}").text
    assert "Plans by invitation" not in page


@pytest.mark.parametrize("key", ["pro\0", "", "p" * 41, "<b>"])
@pytest.mark.parametrize("address", ["invitations", "invitations/close"])
def test_what_is_no_key_of_a_plan_is_not_found(
    key: str, address: str, operator: FlaskClient, cast: Cast
) -> None:
    url = f"/operator/tenants/{cast.tenant.public_id}/{address}"
    assert operator.post(url, data={"plan": key}).status_code == 404
