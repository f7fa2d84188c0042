"""The states of an intent, written in the caller's transaction: open, waiting for a person, and the three ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.jobs.queue import enqueue
from portal.kit.clock import utcnow

RETRY_AFTER = timedelta(seconds=30)
LATEST_RETRY = timedelta(hours=1)
"""How long an intent whose outcome is unknown is carried on before it is given up; well within the 24 hours for
which Stripe remembers its idempotency key."""


def open_intent(
    kind: str,
    tenant_id: int,
    params: dict[str, Any],
    actor_user_id: int | None,
    expires_at: datetime | None = None,
) -> Intent:
    """Write down what is wanted, and the job that finishes it should this process die, and return the flushed row.

    `params` hold everything the call needs. `expires_at` None: after an hour. Raises IntegrityError for a second
    unfinished checkout of one tenant.
    """
    intent = Intent(
        kind=kind,
        tenant_id=tenant_id,
        params=params,
        actor_user_id=actor_user_id,
        expires_at=expires_at or utcnow() + LATEST_RETRY,
    )
    db.session.add(intent)
    # The row gets its public id, and the database has its say about a second checkout, before anything is sent.
    db.session.flush()
    enqueue(
        "intents.finish",
        {"intent_id": intent.id},
        queue="stripe",
        delay=RETRY_AFTER,
        once_key=f"intents.finish:{intent.public_id}",
        tenant_id=tenant_id,
    )
    return intent


def wait(intent: Intent, result: dict[str, Any], *, stripe_id: str, expires_at: datetime) -> None:
    """Stripe acted, and now a person is at its hosted page until `expires_at`."""
    intent.state = IntentState.WAITING
    intent.result, intent.stripe_id, intent.expires_at = result, stripe_id, expires_at


def finish(intent: Intent, result: dict[str, Any]) -> None:
    """Stripe did what was wanted."""
    intent.result = result
    _end(intent, IntentState.DONE)


def fail(intent: Intent, code: str) -> None:
    """Stripe refused; `code` says why."""
    intent.error_code = code[:60]
    _end(intent, IntentState.FAILED)


def abandon(intent: Intent, code: str) -> None:
    """Nobody wants it any more, or nobody can tell what became of it; `code` says which."""
    intent.error_code = code[:60]
    _end(intent, IntentState.ABANDONED)


def _end(intent: Intent, state: IntentState) -> None:
    intent.state = state
    intent.finished_at = utcnow()


def lock(intent_id: int) -> Intent | None:
    """Return the intent as it is now, locked against others until the transaction ends; None if it is not there."""
    return db.session.scalars(
        sa.select(Intent)
        .where(Intent.id == intent_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
