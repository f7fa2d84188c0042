"""Reads about API keys."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from portal.accounts.models import User
from portal.api_keys.models import ApiKey
from portal.extensions import db
from portal.kit.errors import NotFound


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key with the name of whoever made it."""

    key: ApiKey
    created_by: str


def keys_of(tenant_id: int) -> list[ListedKey]:
    """List a tenant's valid keys, newest first, then the ten revoked last."""
    listed = (
        sa.select(ApiKey, User.name)
        .join(User, User.id == ApiKey.created_by_id)
        .where(ApiKey.tenant_id == tenant_id)
    )
    valid = listed.where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.id.desc())
    revoked = listed.where(ApiKey.revoked_at.is_not(None)).order_by(ApiKey.revoked_at.desc()).limit(10)
    return [ListedKey(key, name) for which in (valid, revoked) for key, name in db.session.execute(which)]


def count_valid(tenant_id: int) -> int:
    """Return how many keys a tenant can use."""
    valid = sa.select(sa.func.count()).where(ApiKey.tenant_id == tenant_id, ApiKey.revoked_at.is_(None))
    return db.session.scalar(valid) or 0


def key_by_public_id(tenant_id: int, public_id: str) -> ApiKey:
    """Find one key. Raises NotFound, also for another tenant's."""
    found = db.session.scalars(
        sa.select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no API key {public_id} in tenant {tenant_id}")
    return found
