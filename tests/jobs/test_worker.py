"""The worker's threads: they take jobs, survive what goes wrong, and stop when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.jobs import claim as claim_module
from portal.jobs import worker as worker_module
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue, mark
from portal.jobs.worker import NeverEmpty, Worker, run_until_empty
from portal.web.unit_of_work import Portal, unit_of_work

PATIENCE = 20.0


@pytest.fixture
def working(app: Portal, schedules: object) -> Iterator[Callable[[], Worker]]:
    """Start a quick worker; it is stopped with the test."""
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(app, threads={"mail": 2}, poll_seconds=0.02))
        started[-1].start()
        return started[-1]

    yield start
    assert all(each.stop(PATIENCE) for each in started)


def test_the_threads_run_what_is_enqueued(
    handlers: Callable[..., None], working: Callable[[], Worker]
) -> None:
    heard = threading.Event()
    handlers("test.ring", queue="mail", call=lambda _payload: heard.set())
    with unit_of_work():
        enqueue("test.ring", {})
    working()

    assert heard.wait(PATIENCE)


def test_stopping_waits_for_the_job_under_way(
    handlers: Callable[..., None], working: Callable[[], Worker]
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def linger(_payload: object) -> None:
        begun.set()
        assert may_end.wait(PATIENCE)

    handlers("test.linger", queue="mail", call=linger)
    with unit_of_work():
        enqueue("test.linger", {})
    worker = working()
    assert begun.wait(PATIENCE)
    assert not worker.stop(0.01)
    may_end.set()

    assert worker.stop(PATIENCE)
    assert db.session.scalar(sa.select(Job.state)) == JobState.DONE


def test_the_loop_survives_a_database_that_is_away(
    handlers: Callable[..., None], working: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = threading.Event()
    handlers("test.ring", queue="mail", call=lambda _payload: heard.set())
    outage = iter([True, True, True])
    claim = claim_module.claim

    def claim_when_back(*args: Any, **kwargs: Any) -> object:
        if next(outage, False):
            raise sa.exc.OperationalError("SELECT", {}, Exception("server closed the connection"))
        return claim(*args, **kwargs)

    # A database cannot be taken away from one thread of a test only; the error is the one psycopg gives.
    monkeypatch.setattr(worker_module, "claim", claim_when_back)
    with unit_of_work():
        enqueue("test.ring", {})
    working()

    assert heard.wait(PATIENCE)


def test_a_job_that_brings_itself_back_for_ever_ends_the_drain(
    handlers: Callable[..., None], app: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "MOST_JOBS_IN_A_DRAIN", 5)
    handlers("test.again", queue="mail", apply=lambda _payload, _none: mark("test.again", "level", {}))
    with unit_of_work():
        mark("test.again", "level", {})

    with pytest.raises(NeverEmpty):
        run_until_empty()


def test_the_process_stops_at_sigterm(environment_for_processes: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "portal.cli", "worker"],
        env=os.environ | environment_for_processes,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "worker_started" in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stderr.read()

    assert process.returncode == 0
    assert '"all_finished": true' in rest
