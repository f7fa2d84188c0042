"""Workers that are killed with SIGKILL again and again: every effect happens exactly once, and no mark is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter

import pytest
import sqlalchemy as sa

from portal.audit.models import AuditEntry
from portal.audit.record import record
from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue, mark
from portal.web.unit_of_work import unit_of_work

pytestmark = pytest.mark.chaos
JOBS_A_ROUND, KEYS, KILLS, SEED = 30, 10, 25, 7
QUEUES = ("default", "mail")  # those that the killed workers work


def test_every_effect_happens_once_although_workers_are_killed(
    environment_for_processes: dict[str, str],
) -> None:
    dice = random.Random(SEED)
    environment = os.environ | environment_for_processes
    command = [sys.executable, "-m", "tests.chaos.worker"]
    workers = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        for kill in range(KILLS + 1):
            with unit_of_work():
                for number in range(kill * JOBS_A_ROUND, (kill + 1) * JOBS_A_ROUND):
                    enqueue("chaos.once", {"number": number}, queue="default", max_attempts=1000)
                for key in map(str, range(KEYS)):
                    record("chaos.fact", tenant_id=None, object_type="key", object_id=key, actor="test")
                    db.session.flush()  # the mark must not be seen before the fact
                    mark("chaos.level", f"chaos:{key}", {"key": key}, queue="mail")
            victim = dice.randrange(2)
            with pytest.raises(subprocess.TimeoutExpired):
                workers[victim].wait(timeout=dice.uniform(1.2, 2.2))
            if kill < KILLS:
                workers[victim].kill()
                workers[victim].wait()
                workers[victim] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        for _ in range(240):
            with unit_of_work():
                left = db.session.execute(
                    sa.select(Job.name, Job.state, Job.last_error).where(
                        Job.state != JobState.DONE, Job.queue.in_(QUEUES)
                    )
                ).all()
            if not left:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                workers[0].wait(timeout=0.5)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()

    db.session.expire_all()
    assert left == []
    effects = Counter(
        db.session.scalars(sa.select(AuditEntry.object_id).where(AuditEntry.action == "chaos.effect"))
    )
    assert effects == Counter(str(number) for number in range((KILLS + 1) * JOBS_A_ROUND))
    for key in map(str, range(KEYS)):
        newest = db.session.scalar(
            sa.select(sa.func.max(AuditEntry.id)).where(
                AuditEntry.action == "chaos.fact", AuditEntry.object_id == key
            )
        )
        seen = db.session.scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.action == "chaos.seen", AuditEntry.object_id == key)
            .order_by(AuditEntry.id.desc())
        ).first()
        assert seen is not None
        assert seen.details == {"fact": newest}
