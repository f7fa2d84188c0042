"""Making keys, seeing each once, and revoking them."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from portal.api_keys.create import MOST_KEYS
from portal.api_keys.models import ApiKey
from portal.api_keys.verify import tenant_of
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.ids import digest
from tests.fixtures.cast import Cast

URL = "/t/northwind-labs/api-keys"
KEY = re.compile(r"pk_[a-z2-7]{8}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def key(owner: FlaskClient) -> str:
    """The text of a fresh key, read from the page that shows it."""
    owner.post(URL, data={"name": "Billing exporter"})
    found = KEY.search(owner.get(URL).text)
    assert found
    return found.group()


def test_a_key_is_shown_once(owner: FlaskClient) -> None:
    answer = owner.post(URL, data={"name": "Billing exporter"})
    assert (answer.status_code, answer.location) == (303, URL)
    assert KEY.search(owner.get(URL).text)
    again = owner.get(URL).text
    assert not KEY.search(again)
    assert "Billing exporter" in again


def test_only_its_digest_is_stored(key: str) -> None:
    row = db.session.query(ApiKey).one()
    assert row.digest == digest(key)
    assert key.startswith(row.prefix + "_")
    assert len(row.prefix) == 11


def test_it_is_not_logged(owner: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    owner.post(URL, data={"name": "Billing exporter"})
    found = KEY.search(owner.get(URL).text)
    assert found
    captured = capsys.readouterr()
    assert found.group() not in captured.out + captured.err
    assert found.group() not in str([entry.details for entry in db.session.query(AuditEntry)])


def test_making_and_revoking_is_written_in_the_audit_log(owner: FlaskClient, key: str, cast: Cast) -> None:
    row = db.session.query(ApiKey).one()
    owner.post(f"{URL}/{row.public_id}/revoke")
    owner.post(f"{URL}/{row.public_id}/revoke")
    entries = db.session.query(AuditEntry).filter_by(object_type="api_key").order_by(AuditEntry.id)
    assert [(entry.action, entry.actor_user_id) for entry in entries] == [
        ("api_key.created", cast.owner.id),
        ("api_key.revoked", cast.owner.id),
    ]


def test_a_revoked_key_stays_on_the_list_and_works_no_more(owner: FlaskClient, key: str) -> None:
    public_id = db.session.query(ApiKey).one().public_id
    db.session.commit()
    assert tenant_of(key) is not None
    assert owner.post(f"{URL}/{public_id}/revoke").status_code == 303
    assert tenant_of(key) is None
    assert "Revoked" in owner.get(URL).text


def test_a_key_needs_a_name(owner: FlaskClient) -> None:
    answer = owner.post(URL, data={"name": "  "})
    assert answer.status_code == 422
    assert "Please say what the key is for." in answer.text
    assert db.session.query(ApiKey).count() == 0


def test_there_is_an_end_to_keys(owner: FlaskClient, cast: Cast) -> None:
    for number in range(MOST_KEYS):
        owner.post(URL, data={"name": f"Key {number}"})
    answer = owner.post(URL, data={"name": "One more"})
    assert answer.status_code == 422
    assert "There are 25 keys already." in answer.text
    first = db.session.query(ApiKey).filter_by(name="Key 0").one()
    owner.post(f"{URL}/{first.public_id}/revoke")
    assert owner.post(URL, data={"name": "One more"}).status_code == 303


def test_without_keys_the_page_says_what_they_are_for(owner: FlaskClient) -> None:
    assert "No keys yet" in owner.get(URL).text


def test_admins_manage_keys_and_members_do_not_see_them(admin: FlaskClient, member: FlaskClient) -> None:
    assert admin.post(URL, data={"name": "Staging"}).status_code == 303
    public_id = db.session.query(ApiKey).one().public_id
    assert member.get(URL).status_code == 403
    assert member.post(URL, data={"name": "Mine"}).status_code == 403
    assert member.post(f"{URL}/{public_id}/revoke").status_code == 403


def test_another_tenants_key_is_not_found(stranger: FlaskClient, key: str) -> None:
    public_id = db.session.query(ApiKey).one().public_id
    assert stranger.get(URL).status_code == 404
    assert stranger.post(f"/t/contoso/api-keys/{public_id}/revoke").status_code == 404
    assert tenant_of(key) is not None
    assert "Billing exporter" not in stranger.get("/t/contoso/api-keys").text


def test_a_fresh_key_does_not_show_on_another_tenants_page(cast: Cast, owner: FlaskClient) -> None:
    with owner.session_transaction() as cookie:
        cookie["new_api_key"] = {"tenant": cast.other_tenant.public_id, "name": "x", "text": "pk_theirs"}
    assert "pk_theirs" not in owner.get(URL).text
