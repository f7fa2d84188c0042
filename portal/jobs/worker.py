"""Runs jobs: one at a time per thread, network first without a transaction, then effect and completion in one.

The loop survives everything a job or the database throws; a killed worker leaves only leases that run out.
"""

from __future__ import annotations

import atexit
import random
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask, current_app

from portal.extensions import db
from portal.gateway.client import start_deadline
from portal.jobs.claim import Claimed, claim, complete, fail
from portal.jobs.registry import handler_of
from portal.jobs.schedule import enqueue_due
from portal.web.unit_of_work import unit_of_work

THREADS: Mapping[str, int] = {"stripe": 2, "mail": 1, "default": 1}
QUEUES = tuple(THREADS)
# No gateway call of a job begins after this; one call may then still take its own retries (about 70 s).
DEADLINE_SECONDS = 120.0
LEASE = timedelta(minutes=5)
POLL_SECONDS = 0.3
SCHEDULE_SECONDS = 20.0
STOP_SECONDS = 8.0
"""How long a web process waits for its jobs at its end; gunicorn kills it after ten. A killed job's lease runs out."""
MOST_JOBS_IN_A_DRAIN = 5_000
log = structlog.get_logger("jobs")


class NeverEmpty(RuntimeError):
    """The queues kept filling while they were drained: a job seems to bring itself back for ever."""


def run_until_empty(queues: Sequence[str] | None = None, *, even_delayed: bool = False) -> int:
    """Run every job that is due (`even_delayed`: also those waiting for their time) and return how many ran.

    A job that fails is tried once, then left for its retry. Needs an application context and no open transaction.
    Raises NeverEmpty when jobs keep coming.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    engine = db.engine
    ran = 0
    failed: set[int] = set()
    while True:
        found = next(
            (
                job
                for queue in queues or QUEUES
                if (
                    job := claim(
                        engine, queue, lease_for=LEASE, even_delayed=even_delayed, passing_over=failed
                    )
                )
            ),
            None,
        )
        if found is None:
            return ran
        if not run_one(app, found):
            failed.add(found.id)
        ran += 1
        if ran >= MOST_JOBS_IN_A_DRAIN:
            raise NeverEmpty(found.name)


def run_one(app: Flask, claimed: Claimed) -> bool:
    """Run a job in hand to its end, in an application context of its own; tell whether it was completed."""
    with app.app_context():
        engine = db.engine
        started = time.monotonic()
        start_deadline(DEADLINE_SECONDS)
        try:
            _two_phases(claimed)
        except Exception as error:
            db.session.rollback()
            log.debug("job_raised", job=claimed.id, exc_info=error)
            fail(engine, claimed, error)
            return False
        finally:
            start_deadline(None)
        log.info(
            "job_done",
            job=claimed.id,
            name=claimed.name,
            attempt=claimed.attempt,
            ms=round((time.monotonic() - started) * 1000),
        )
        return True


def _two_phases(claimed: Claimed) -> None:
    handler = handler_of(claimed.name)
    answer: Any = None
    if handler.call is not None:
        answer = handler.call(claimed.payload)
        if db.session().in_transaction():
            raise RuntimeError(f"{claimed.name} left a transaction open after its network phase")
    with unit_of_work():
        if handler.apply is not None:
            handler.apply(claimed.payload, answer)
        # The rows of the effect are written before the completion, so that locks are always taken in one order:
        # tenant, its rows, then the job (a webhook does the same).
        db.session.flush()
        complete(db.session.connection(), claimed)


class Worker:
    """Threads that run jobs until they are told to stop; each finishes the job it is in."""

    def __init__(
        self,
        app: Flask,
        *,
        threads: Mapping[str, int] = THREADS,
        lease: timedelta = LEASE,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._app = app
        self._lease = lease
        self._poll_seconds = poll_seconds
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(queue,), name=f"jobs-{queue}-{number}", daemon=True)
            for queue, count in threads.items()
            for number in range(count)
        ]
        self._threads.append(threading.Thread(target=self._keep_schedule, name="jobs-schedule", daemon=True))

    def start(self) -> None:
        """Start the threads and return."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 60.0) -> bool:
        """Ask the threads to stop and wait; tell whether all did within `timeout` seconds."""
        self._stopping.set()
        give_up_at = time.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, give_up_at - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def run(self) -> None:
        """Run as a process of its own, until SIGTERM or SIGINT; the jobs under way are finished first."""

        def ask_to_stop(_number: int, _frame: object) -> None:
            self._stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)
        self.start()
        log.info("worker_started", threads=len(self._threads))
        self._stopping.wait()
        log.info("worker_stopped", all_finished=self.stop())

    def _loop(self, queue: str) -> None:
        with self._app.app_context():
            engine = db.engine
        pause = self._poll_seconds
        while not self._stopping.is_set():
            try:
                claimed = claim(engine, queue, lease_for=self._lease)
                if claimed is not None:
                    run_one(self._app, claimed)
                    continue
                pause = self._poll_seconds
            except Exception as error:
                # The database is away or full; the job's lease runs out by itself.
                log.exception("worker_loop_failed", queue=queue, error=type(error).__name__)
                pause = min(5.0, pause * 2)
            self._stopping.wait(pause * random.uniform(0.7, 1.3))  # noqa: S311

    def _keep_schedule(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._app.app_context():
                    enqueue_due()
            except Exception as error:
                log.exception("schedule_failed", error=type(error).__name__)
            self._stopping.wait(SCHEDULE_SECONDS)


def start_in_background(app: Flask) -> Worker:
    """Work the jobs in threads of a web process, for a single machine; they finish their jobs when it ends."""
    worker = Worker(app)
    worker.start()
    atexit.register(worker.stop, STOP_SECONDS)
    return worker
