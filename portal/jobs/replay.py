"""What became of jobs that used up their attempts, and how they get another chance."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.kit.clock import utcnow


def dead_jobs(name: str | None = None, *, most: int = 100) -> Sequence[Job]:
    """Return dead jobs, the latest first, optionally of one name."""
    wanted = sa.select(Job).where(Job.state == JobState.DEAD)
    if name is not None:
        wanted = wanted.where(Job.name == name)
    return db.session.scalars(wanted.order_by(Job.finished_at.desc(), Job.id.desc()).limit(most)).all()


def replay_dead(name: str | None = None, *, job_id: int | None = None) -> int:
    """Give dead jobs (all, of one name, or one by id) a fresh set of attempts in the caller's transaction.

    Returns how many; jobs that are not dead are left alone.
    """
    statement = sa.update(Job).where(Job.state == JobState.DEAD)
    if name is not None:
        statement = statement.where(Job.name == name)
    if job_id is not None:
        statement = statement.where(Job.id == job_id)
    replayed = db.session.execute(
        statement.values(state=JobState.READY, attempts=0, run_at=utcnow(), finished_at=None).returning(
            Job.id
        )
    )
    return len(replayed.all())
