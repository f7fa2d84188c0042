"""Makes and revokes keys. A key is `pk_` + 8 visible characters + `_` + a secret of 256 bits; only its digest stays."""

from __future__ import annotations

from portal.accounts.models import User
from portal.api_keys.models import ApiKey
from portal.api_keys.queries import count_valid
from portal.audit.record import record
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.errors import Conflict
from portal.kit.ids import digest, new_secret, public_id

MOST_KEYS = 25


class TooManyKeys(Conflict):
    """The tenant holds as many valid keys as it may."""

    code = "too_many_keys"
    public_message = f"There are {MOST_KEYS} keys already. Revoke one that is no longer used."


def create_key(tenant_id: int, *, name: str, creator: User) -> tuple[ApiKey, str]:
    """Add a key and return it with its full text, which exists nowhere else afterwards. Raises TooManyKeys."""
    if count_valid(tenant_id) >= MOST_KEYS:
        raise TooManyKeys
    prefix = f"pk_{public_id()[:8]}"
    text = f"{prefix}_{new_secret()}"
    key = ApiKey(tenant_id=tenant_id, name=name, prefix=prefix, digest=digest(text), created_by_id=creator.id)
    db.session.add(key)
    db.session.flush()  # the audit entry names its public id
    record(
        "api_key.created",
        tenant_id=tenant_id,
        object_type="api_key",
        object_id=key.public_id,
        name=name,
        prefix=prefix,
    )
    return key, text


def revoke_key(key: ApiKey) -> None:
    """End a key at once; does nothing for one that was revoked before."""
    if key.revoked_at is not None:
        return
    key.revoked_at = utcnow()
    record(
        "api_key.revoked",
        tenant_id=key.tenant_id,
        object_type="api_key",
        object_id=key.public_id,
        name=key.name,
        prefix=key.prefix,
    )
