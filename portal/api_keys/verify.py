"""Recognises a key on a request of the host product: one short statement beside the ORM, because every request to
the API starts here."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import NamedTuple

import sqlalchemy as sa

from portal.api_keys.models import ApiKey
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.ids import digest

NOTE_USE_EVERY_SECONDS = 60.0
LONGEST_KEY = 100

_noted: dict[str, float] = {}
_lock = threading.Lock()
_columns = ApiKey.__table__.c
_find = sa.select(_columns.tenant_id, _columns.id, _columns.prefix).where(
    _columns.digest == sa.bindparam("key_digest"), _columns.revoked_at.is_(None)
)


class KeyOwner(NamedTuple):
    """For whom a key speaks. `prefix` is the visible beginning, for the audit log."""

    tenant_id: int
    api_key_id: int
    prefix: str


def tenant_of(key: str) -> KeyOwner | None:
    """Return whose key this is; None for anything that is not a valid key. Call it outside any transaction.

    Also notes that the key was used, at most once a minute per process, in a transaction of its own.
    """
    if not key.startswith("pk_") or len(key) > LONGEST_KEY or not key.isascii():
        return None
    key_digest = digest(key)
    with db.engine.execution_options(readonly=True).connect() as connection:
        found = connection.execute(_find, {"key_digest": key_digest}).one_or_none()
    if found is None:
        return None
    owner = KeyOwner(*found)
    if _is_due(key_digest):
        _note_use(owner.api_key_id)
    return owner


def _is_due(key_digest: str) -> bool:
    now = time.monotonic()
    with _lock:
        if now - _noted.get(key_digest, -NOTE_USE_EVERY_SECONDS) < NOTE_USE_EVERY_SECONDS:
            return False
        _noted[key_digest] = now
        return True


def _note_use(api_key_id: int) -> None:
    # A request must not fail because this could not be noted; the next one tries again.
    with suppress(sa.exc.OperationalError), db.engine.begin() as connection:
        connection.execute(
            sa.update(ApiKey.__table__).where(_columns.id == api_key_id).values(last_used_at=utcnow())  # type: ignore[arg-type]
        )
