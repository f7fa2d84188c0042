"""Takes jobs from the table and gives them back: claim, complete, fail. Every claim carries a lease, and only its
holder may complete or fail the job, so a worker that was thought dead cannot do harm when it wakes up."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import structlog

from portal.jobs.models import JOB_TABLE, JobState
from portal.kit.clock import utcnow

LONGEST_WAIT = timedelta(hours=1)
LONGEST_ERROR = 2_000
_job = JOB_TABLE
log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job in hand. `attempt` starts at 1."""

    id: int
    name: str
    payload: dict[str, Any]
    attempt: int
    lease: str
    tenant_id: int | None


class LeaseLost(RuntimeError):
    """Another worker took the job over; whatever was done in this transaction must be rolled back."""


def claim(
    engine: sa.Engine,
    queue: str,
    *,
    lease_for: timedelta,
    even_delayed: bool = False,
    passing_over: Collection[int] = (),
) -> Claimed | None:
    """Take the job of a queue that is due longest, or None. Skips what other workers hold.

    Jobs that used up their attempts are buried on the way, also those that never came back because they killed
    their worker. `even_delayed` takes waiting jobs before their time; `passing_over` are ids to leave alone.
    """
    while True:
        row = _take(engine, queue, lease_for, even_delayed, passing_over)
        if row is None:
            return None
        if row.state != JobState.DEAD:
            return Claimed(row.id, row.name, row.payload, row.attempts, row.lease, row.tenant_id)
        log.error("job_dead", job=row.id, name=row.name, tenant_id=row.tenant_id, error=row.last_error)


def _take(
    engine: sa.Engine, queue: str, lease_for: timedelta, even_delayed: bool, passing_over: Collection[int]
) -> sa.Row[Any] | None:
    now = utcnow()
    due = sa.and_(_job.c.queue == queue, _job.c.state == JobState.READY)
    if even_delayed:
        due = sa.and_(due, sa.or_(_job.c.run_at <= now, _job.c.lease.is_(None)))
    else:
        due = sa.and_(due, _job.c.run_at <= now)
    if passing_over:
        due = sa.and_(due, _job.c.id.not_in(passing_over))
    if engine.dialect.name == "sqlite":
        # Looking first keeps idle workers from taking the one write lock several times a second.
        with engine.execution_options(readonly=True).begin() as connection:
            if connection.execute(sa.select(_job.c.id).where(due).limit(1)).first() is None:
                return None
    used_up = _job.c.attempts >= _job.c.max_attempts
    wanted_again = _job.c.wanted > _job.c.seen
    worn_out = sa.and_(used_up, sa.not_(wanted_again))
    first = (
        sa.select(_job.c.id)
        .where(due)
        .order_by(_job.c.run_at, _job.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        sa.update(_job)
        .where(_job.c.id == first.scalar_subquery())
        .values(
            state=sa.case((worn_out, JobState.DEAD), else_=JobState.READY),
            attempts=sa.case((worn_out, _job.c.attempts), (used_up, 1), else_=_job.c.attempts + 1),
            lease=sa.case((worn_out, None), else_=str(uuid4())),
            run_at=sa.case((worn_out, _job.c.run_at), else_=now + lease_for),
            seen=sa.case((worn_out, _job.c.seen), else_=_job.c.wanted),
            finished_at=sa.case((worn_out, now), else_=None),
            last_error=sa.case(
                (worn_out, sa.func.coalesce(_job.c.last_error, "no attempt ever came back")),
                else_=_job.c.last_error,
            ),
        )
        .returning(
            _job.c.id,
            _job.c.name,
            _job.c.payload,
            _job.c.attempts,
            _job.c.lease,
            _job.c.tenant_id,
            _job.c.state,
            _job.c.last_error,
        )
    )
    with engine.begin() as connection:
        return connection.execute(statement).first()


def complete(connection: sa.Connection, claimed: Claimed) -> None:
    """Finish the job in the transaction of its effect; a keyed job marked since it was claimed becomes ready again.

    Raises LeaseLost when another worker holds the job now: the caller must roll back.
    """
    satisfied = _job.c.wanted == _job.c.seen
    now = utcnow()
    done = connection.execute(
        sa.update(_job)
        .where(
            _job.c.id == claimed.id,
            _job.c.lease == claimed.lease,
            _job.c.state == JobState.READY,
        )
        .values(
            state=sa.case((satisfied, JobState.DONE), else_=JobState.READY),
            finished_at=sa.case((satisfied, now), else_=None),
            run_at=now,
            attempts=sa.case((satisfied, _job.c.attempts), else_=0),
            lease=None,
            last_error=None,
        )
    )
    if done.rowcount != 1:
        raise LeaseLost(f"job {claimed.id} ({claimed.name})")


def fail(engine: sa.Engine, claimed: Claimed, error: BaseException) -> None:
    """Put the job back for a later attempt, or bury it after the last. Does nothing when the lease is lost.

    A keyed job that was marked during its last attempt starts over: somebody still wants it.
    """
    text = f"{type(error).__name__}: {error}".replace("\0", "")[:LONGEST_ERROR]
    last = _job.c.attempts >= _job.c.max_attempts
    wanted_again = _job.c.wanted > _job.c.seen
    buried = sa.and_(last, sa.not_(wanted_again))
    now = utcnow()
    with engine.begin() as connection:
        row = connection.execute(
            sa.update(_job)
            .where(
                _job.c.id == claimed.id,
                _job.c.lease == claimed.lease,
                _job.c.state == JobState.READY,
            )
            .values(
                state=sa.case((buried, JobState.DEAD), else_=JobState.READY),
                finished_at=sa.case((buried, now), else_=None),
                attempts=sa.case((sa.and_(last, wanted_again), 0), else_=_job.c.attempts),
                run_at=now + wait_before(claimed.attempt),
                lease=None,
                last_error=text.encode(errors="replace").decode(),
            )
            .returning(_job.c.state)
        ).first()
    if row is None:
        log.warning("job_lease_lost", job=claimed.id, name=claimed.name)
        return
    level = log.error if row.state == JobState.DEAD else log.warning
    level(
        "job_dead" if row.state == JobState.DEAD else "job_failed",
        job=claimed.id,
        name=claimed.name,
        tenant_id=claimed.tenant_id,
        attempt=claimed.attempt,
        error=text,
    )


def wait_before(attempt: int) -> timedelta:
    """Return how long to wait after the given attempt failed: 4, 16, 64 ... seconds up to an hour, half to one and
    a half times that, so that jobs which failed together do not come back together."""
    full = min(LONGEST_WAIT, timedelta(seconds=4 ** min(attempt, 6)))
    return full * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing
