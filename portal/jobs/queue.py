"""Puts work on the job table, in the caller's transaction: no commit, no job.

`enqueue` adds a job of its own. `mark` raises a level: however often a key is marked before its job runs, one run
covers it all, and a mark during a run leads to one more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from portal.extensions import db, is_readonly
from portal.jobs.models import JOB_TABLE, JobState
from portal.jobs.registry import queue_of
from portal.kit.clock import utcnow
from portal.kit.db import insert_for

NO_DELAY = timedelta(0)
MAX_ATTEMPTS = 12
MARK_COLUMNS = (
    "queue, name, key, payload, run_at, tenant_id, created_at, state, attempts, max_attempts, wanted, seen"
)
MARK_CONSTANTS = f"'{JobState.READY}', 0, {MAX_ATTEMPTS}, 1, 0"
# A job that waits for its retry keeps waiting: marks must not hammer what just failed. One that was only delayed
# comes forward. As text, because the webhook's one statement contains it and building it costs more than running it.
ON_MARK = f"""ON CONFLICT (key) DO UPDATE SET
    wanted = job.wanted + 1,
    state = '{JobState.READY}',
    payload = excluded.payload,
    finished_at = NULL,
    attempts = CASE WHEN job.state <> '{JobState.READY}' THEN 0 ELSE job.attempts END,
    run_at = CASE
        WHEN job.state <> '{JobState.READY}' THEN excluded.run_at
        WHEN job.lease IS NULL AND job.attempts = 0 AND job.run_at > excluded.run_at THEN excluded.run_at
        ELSE job.run_at END"""
_MARK = sa.text(
    f"INSERT INTO job ({MARK_COLUMNS})"  # noqa: S608 - constants of this module only
    f" VALUES (:queue, :name, :key, :payload, :run_at, :tenant_id, :now, {MARK_CONSTANTS}) {ON_MARK}"
).bindparams(
    sa.bindparam("payload", type_=JOB_TABLE.c.payload.type),
    sa.bindparam("run_at", type_=JOB_TABLE.c.run_at.type),
    sa.bindparam("now", type_=JOB_TABLE.c.created_at.type),
)


def enqueue(
    name: str,
    payload: dict[str, Any],
    *,
    queue: str | None = None,
    delay: timedelta = NO_DELAY,
    once_key: str | None = None,
    tenant_id: int | None = None,
    max_attempts: int = MAX_ATTEMPTS,
) -> None:
    """Add one job to the caller's transaction. With a `once_key` that was ever used before, nothing is added.

    `queue` None is the queue its handler registered. Raises RuntimeError on a GET request, which may not write.
    """
    connection = _writing_connection()
    statement = insert_for(connection, JOB_TABLE).values(
        queue=queue or queue_of(name),
        name=name,
        key=once_key,
        payload=payload,
        run_at=utcnow() + delay,
        tenant_id=tenant_id,
        max_attempts=max_attempts,
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))


def mark(
    name: str,
    key: str,
    payload: dict[str, Any],
    *,
    queue: str | None = None,
    tenant_id: int | None = None,
    delay: timedelta = NO_DELAY,
) -> None:
    """Want a keyed job to run (again) after the caller's transaction commits. Raises RuntimeError on a GET."""
    mark_on(
        _writing_connection(),
        name,
        key,
        payload,
        queue=queue or queue_of(name),
        tenant_id=tenant_id,
        delay=delay,
    )


def mark_on(
    connection: sa.Connection,
    name: str,
    key: str,
    payload: dict[str, Any],
    *,
    queue: str,
    tenant_id: int | None = None,
    delay: timedelta = NO_DELAY,
) -> None:
    """Want a keyed job on a connection of the caller's own, for paths that stay off the ORM session."""
    now = utcnow()
    connection.execute(
        _MARK,
        {
            "queue": queue,
            "name": name,
            "key": key,
            "payload": payload,
            "run_at": now + delay,
            "tenant_id": tenant_id,
            "now": now,
        },
    )


def _writing_connection() -> sa.Connection:
    if is_readonly():
        raise RuntimeError("a GET or HEAD request must not put work on the job table")
    return db.session.connection()
