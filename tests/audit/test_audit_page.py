"""The audit log as a page: plain sentences, newest first, for those who manage the tenant."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.audit.record import record
from portal.extensions import db
from tests.fixtures.cast import Cast

URL = "/t/northwind-labs/audit"


def test_an_action_is_a_sentence_with_its_actor(owner: FlaskClient) -> None:
    owner.post("/t/northwind-labs/team/invitations", data={"email": "sam@example.com", "role": "member"})
    page = owner.get(URL).text
    assert "<strong>Olivia Owner</strong> invited sam@example.com as member" in page


def test_the_newest_stands_first(owner: FlaskClient) -> None:
    for name in ("Older", "Newer"):
        owner.post("/t/northwind-labs/api-keys", data={"name": name})
    page = owner.get(URL).text
    assert 0 < page.index("“Newer”") < page.index("“Older”")


def test_fifty_entries_stand_on_a_page(owner: FlaskClient, cast: Cast) -> None:
    for number in range(51):
        record(
            "api_key.created",
            tenant_id=cast.tenant.id,
            object_type="api_key",
            object_id="x",
            actor="worker",
            name=f"number {number:02}",
            prefix="pk_abc",
        )
    first, second = owner.get(URL).text, owner.get(f"{URL}?page=2").text
    assert "number 01" in first
    assert "number 00" not in first
    assert "number 00" in second


def test_it_can_be_narrowed_to_one_person(owner: FlaskClient, admin: FlaskClient, cast: Cast) -> None:
    owner.post("/t/northwind-labs/api-keys", data={"name": "By the owner"})
    admin.post("/t/northwind-labs/api-keys", data={"name": "By the admin"})
    page = owner.get(f"{URL}?by={cast.admin.public_id}").text
    assert "By the admin" in page
    assert "By the owner" not in page
    assert "selected" in page


def test_a_filter_that_names_nobody_here_shows_everything(owner: FlaskClient, cast: Cast) -> None:
    owner.post("/t/northwind-labs/api-keys", data={"name": "By the owner"})
    assert "By the owner" in owner.get(f"{URL}?by={cast.stranger.public_id}").text


def test_another_tenants_entries_do_not_show(owner: FlaskClient, stranger: FlaskClient) -> None:
    stranger.post("/t/contoso/api-keys", data={"name": "Contoso's secret project"})
    assert "Contoso" not in owner.get(URL).text
    assert stranger.get(URL).status_code == 404


def test_it_is_for_owners_and_admins(admin: FlaskClient, member: FlaskClient) -> None:
    assert admin.get(URL).status_code == 200
    assert member.get(URL).status_code == 403


def test_what_somebody_typed_is_never_markup(owner: FlaskClient) -> None:
    owner.post("/t/northwind-labs/api-keys", data={"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in owner.get(URL).text


def test_an_empty_log_says_what_will_stand_there(owner: FlaskClient, cast: Cast) -> None:
    assert "Nothing here yet" in owner.get(URL).text


def test_an_entry_names_the_request_and_where_it_came_from(owner: FlaskClient) -> None:
    answer = owner.post("/t/northwind-labs/api-keys", data={"name": "Production"})
    row = db.session.execute(db.text("SELECT address, request_id FROM audit_entry")).one()
    assert row.address == "127.0.0.1"
    assert row.request_id == answer.headers["X-Request-Id"]
