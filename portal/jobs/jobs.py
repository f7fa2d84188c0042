"""The job table's own housekeeping: finished jobs go after two weeks, dead ones stay until somebody looks."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every
from portal.kit.clock import utcnow

KEEP_FINISHED = timedelta(days=14)


def prune(_payload: Payload, _nothing: None) -> None:
    """Delete jobs that were done more than two weeks ago, in the caller's transaction."""
    old = sa.and_(Job.state == JobState.DONE, Job.finished_at < utcnow() - KEEP_FINISHED)
    db.session.execute(sa.delete(Job).where(old))


register("jobs.prune", queue="default", apply=prune)
every("jobs.prune", minutes=24 * 60, offset_minutes=4 * 60)
