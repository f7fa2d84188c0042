"""Keyed jobs are levels: any number of marks before a run cost one run, and a mark during a run leads to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.claim import claim, complete, fail
from portal.jobs.models import Job, JobState
from portal.jobs.queue import mark
from portal.kit.clock import utcnow
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.jobs import DrainJobs, JobRow, Played

LEASE = timedelta(minutes=1)


def test_many_marks_cost_one_run(played: Played, drain_jobs: DrainJobs) -> None:
    for _ in range(12):
        mark("test.play", "tune:1", {"tune": "a"})

    assert drain_jobs() == 1
    assert played == ["a"]


def test_a_job_that_was_done_runs_again_when_marked(played: Played, drain_jobs: DrainJobs) -> None:
    for tune in ("a", "b"):
        mark("test.play", "tune:1", {"tune": tune})
        drain_jobs()

    assert played == ["a", "b"]


def test_different_keys_are_different_jobs(played: Played, drain_jobs: DrainJobs) -> None:
    mark("test.play", "tune:1", {"tune": "a"})
    mark("test.play", "tune:2", {"tune": "b"})

    assert drain_jobs() == 2


def test_a_mark_during_the_run_leads_to_one_more(
    handlers: Callable[..., None], drain_jobs: DrainJobs
) -> None:
    runs: list[int] = []

    def listen(_payload: object) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            with unit_of_work():
                mark("test.listen", "level", {})
                mark("test.listen", "level", {})

    handlers("test.listen", queue="mail", call=listen)
    mark("test.listen", "level", {})

    assert drain_jobs() == 2
    assert runs == [0, 1]


def test_a_mark_does_not_shorten_the_wait_after_a_failure(
    handlers: Callable[..., None], drain_jobs: DrainJobs, job_row: JobRow
) -> None:
    def stumble(_payload: object) -> None:
        raise RuntimeError("not now")

    handlers("test.stumble", queue="mail", call=stumble)
    mark("test.stumble", "level", {})
    drain_jobs(may_fail=True)
    waits_until = job_row("level").run_at
    with unit_of_work():
        mark("test.stumble", "level", {})

    assert job_row("level").run_at == waits_until
    assert job_row("level").attempts == 1


def test_a_mark_brings_a_delayed_job_forward(played: Played, drain_jobs: DrainJobs) -> None:
    mark("test.play", "tune:1", {"tune": "later"}, delay=timedelta(hours=1))
    mark("test.play", "tune:1", {"tune": "now"})

    assert drain_jobs(even_delayed=False) == 1
    assert played == ["now"]


def test_a_mark_revives_a_dead_job_with_fresh_attempts(
    played: Played, drain_jobs: DrainJobs, job_row: JobRow
) -> None:
    mark("test.play", "tune:1", {"tune": "a"})
    with unit_of_work():
        db.session.execute(sa.update(Job).values(state=JobState.DEAD, attempts=12))
    with unit_of_work():
        mark("test.play", "tune:1", {"tune": "b"})

    assert (job_row("tune:1").state, job_row("tune:1").attempts) == (JobState.READY, 0)
    drain_jobs()
    assert played == ["b"]


@pytest.mark.parametrize("attempts", [1, 12])
def test_a_mark_during_the_last_attempt_keeps_the_job_alive(
    played: Played, job_row: JobRow, attempts: int
) -> None:
    with unit_of_work():
        mark("test.play", "tune:1", {"tune": "a"})
        db.session.execute(sa.update(Job).values(attempts=attempts - 1))
    claimed = claim(db.engine, "mail", lease_for=LEASE)
    assert claimed is not None
    with unit_of_work():
        mark("test.play", "tune:1", {"tune": "b"})
    fail(db.engine, claimed, RuntimeError("no"))

    assert job_row("tune:1").state == JobState.READY
    assert job_row("tune:1").attempts == (0 if attempts == 12 else attempts)


def test_completing_counts_only_the_marks_that_were_seen(played: Played, job_row: JobRow) -> None:
    with unit_of_work():
        mark("test.play", "tune:1", {"tune": "a"})
    claimed = claim(db.engine, "mail", lease_for=LEASE)
    assert claimed is not None
    with unit_of_work():
        mark("test.play", "tune:1", {"tune": "b"})
    with unit_of_work():
        complete(db.session.connection(), claimed)

    row = job_row("tune:1")
    assert (row.state, row.lease, row.attempts) == (JobState.READY, None, 0)
    assert row.run_at <= utcnow()
