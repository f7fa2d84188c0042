"""`portal replay`: what gave up is listed and gets another chance."""

from __future__ import annotations

import os
import subprocess
import sys

import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from tests.fixtures.jobs import Played


def test_dead_jobs_are_listed_and_replayed(played: Played, environment_for_processes: dict[str, str]) -> None:
    enqueue("test.play", {"tune": "a"})
    db.session.execute(sa.update(Job).values(state=JobState.DEAD, attempts=12, last_error="RuntimeError: no"))
    db.session.commit()
    command = [sys.executable, "-m", "portal.cli", "replay"]
    answers = [
        subprocess.run(
            [*command, *words], env=os.environ | environment_for_processes, capture_output=True, text=True
        )
        for words in ([], ["all"])
    ]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert "test.play  12 attempts  RuntimeError: no" in answers[0].stdout
    assert "1 job will be tried again" in answers[1].stdout
    assert db.session.scalar(sa.select(Job.state)) == JobState.READY
