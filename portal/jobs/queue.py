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
    fresh = insert_for(connection, JOB_TABLE).values(
        queue=queue, name=name, key=key, payload=payload, run_at=utcnow() + delay, tenant_id=tenant_id
    )
    over = JOB_TABLE.c.state.in_((JobState.DONE, JobState.DEAD))
    # A job that waits for its retry keeps waiting: marks must not hammer what just failed. One that was only
    # delayed comes forward.
    only_delayed = sa.and_(
        JOB_TABLE.c.lease.is_(None), JOB_TABLE.c.attempts == 0, JOB_TABLE.c.run_at > fresh.excluded.run_at
    )
    connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "wanted": JOB_TABLE.c.wanted + 1,
                "state": JobState.READY,
                "payload": fresh.excluded.payload,
                "run_at": sa.case(
                    (sa.or_(over, only_delayed), fresh.excluded.run_at), else_=JOB_TABLE.c.run_at
                ),
                "attempts": sa.case((over, 0), else_=JOB_TABLE.c.attempts),
                "finished_at": None,
            },
        )
    )


def _writing_connection() -> sa.Connection:
    if is_readonly():
        raise RuntimeError("a GET or HEAD request must not put work on the job table")
    return db.session.connection()
