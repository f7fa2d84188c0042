"""Recognising the key of a request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.api_keys import verify
from portal.api_keys.create import create_key
from portal.api_keys.models import ApiKey
from portal.api_keys.verify import tenant_of
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from tests.fixtures.cast import Cast


@pytest.fixture
def key(cast: Cast) -> str:
    _, text = create_key(cast.tenant.id, name="Production servers", creator=cast.owner)
    db.session.commit()
    return text


def test_a_valid_key_speaks_for_its_tenant(cast: Cast, key: str) -> None:
    owner = tenant_of(key)
    assert owner is not None
    row = db.session.query(ApiKey).one()
    assert owner == (cast.tenant.id, row.id, row.prefix)


@pytest.mark.parametrize(
    "wrong",
    ["", "pk_", "pk_abcdefgh_", "sk_test_portal", "pk_" + "a" * 200, "pk_ümlaut", "pk_\x00", "' OR 1=1 --"],
)
def test_anything_else_speaks_for_nobody(key: str, wrong: str) -> None:
    assert tenant_of(wrong) is None


def test_a_key_that_differs_in_one_letter_speaks_for_nobody(key: str) -> None:
    assert tenant_of(key[:-1] + ("A" if key[-1] != "A" else "B")) is None
    assert tenant_of(key.upper()) is None


def test_its_use_is_noted(key: str) -> None:
    assert db.session.query(ApiKey).one().last_used_at is None
    db.session.commit()
    tenant_of(key)
    db.session.expire_all()
    assert db.session.query(ApiKey).one().last_used_at is not None


def test_its_use_is_noted_at_most_once_a_minute(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_of(key)
    first = db.session.query(ApiKey).one().last_used_at
    db.session.commit()
    later = utcnow() + timedelta(minutes=5)
    with running_on(lambda: later):
        tenant_of(key)
        db.session.expire_all()
        assert db.session.query(ApiKey).one().last_used_at == first
        db.session.commit()
        monkeypatch.setattr(verify, "NOTE_USE_EVERY_SECONDS", 0.0)
        tenant_of(key)
    db.session.expire_all()
    assert db.session.query(ApiKey).one().last_used_at == later
