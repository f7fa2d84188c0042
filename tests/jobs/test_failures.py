"""Jobs that fail, crash, hang or lose their lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.claim import LONGEST_WAIT, LeaseLost, claim, complete, fail, wait_before
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.jobs.replay import dead_jobs, replay_dead
from portal.jobs.worker import run_one
from portal.mail.models import OutgoingMail
from portal.mail.send import send_mail
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.jobs import DrainJobs, JobRow, Played

LEASE = timedelta(minutes=1)
OVER = timedelta(seconds=-1)
"""The lease of a worker that was killed a moment ago."""


def test_a_failed_attempt_waits_and_keeps_its_error(
    handlers: Callable[..., None], drain_jobs: DrainJobs, job_row: JobRow
) -> None:
    def stumble(_payload: object) -> None:
        raise RuntimeError("the printer \0 is on fire \ud800")

    handlers("test.stumble", queue="mail", call=stumble)
    enqueue("test.stumble", {}, once_key="one")
    drain_jobs(may_fail=True)

    row = job_row("one")
    assert (row.state, row.attempts, row.lease) == (JobState.READY, 1, None)
    assert row.run_at > row.created_at + timedelta(seconds=1)
    assert row.last_error is not None
    assert row.last_error.startswith("RuntimeError: the printer")


def test_the_effect_of_a_failing_job_is_rolled_back(
    handlers: Callable[..., None], drain_jobs: DrainJobs
) -> None:
    def half(_payload: object, _answer: object) -> None:
        send_mail("password_changed", "somebody@example.com", {"name": "Some Body"})
        raise RuntimeError("after the first half")

    handlers("test.half", queue="default", apply=half)
    enqueue("test.half", {})
    drain_jobs(may_fail=True)

    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0


def test_one_failing_job_does_not_hold_up_the_others(
    played: Played, handlers: Callable[..., None], drain_jobs: DrainJobs
) -> None:
    def stumble(_payload: object) -> None:
        raise RuntimeError("no")

    handlers("test.stumble", queue="mail", call=stumble)
    for number in range(20):
        enqueue("test.stumble", {})
        enqueue("test.play", {"tune": str(number)})
    drain_jobs(may_fail=True)

    assert len(played) == 20


def test_the_last_failed_attempt_buries_the_job(
    handlers: Callable[..., None], drain_jobs: DrainJobs, job_row: JobRow
) -> None:
    def stumble(_payload: object) -> None:
        raise RuntimeError("no")

    handlers("test.stumble", queue="mail", call=stumble)
    enqueue("test.stumble", {}, once_key="one", max_attempts=2)
    drain_jobs(may_fail=True)
    drain_jobs(may_fail=True)

    assert job_row("one").state == JobState.DEAD
    assert drain_jobs(may_fail=True) == 0


def test_a_job_that_kills_its_worker_every_time_is_buried(played: Played, job_row: JobRow) -> None:
    with unit_of_work():
        enqueue("test.play", {"tune": "deadly"}, once_key="one", max_attempts=3)
    for _ in range(3):
        assert claim(db.engine, "mail", lease_for=OVER) is not None

    assert claim(db.engine, "mail", lease_for=OVER) is None
    row = job_row("one")
    assert (row.state, row.last_error) == (JobState.DEAD, "no attempt ever came back")


def test_a_dead_job_can_be_replayed(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "a"})
    enqueue("test.play", {"tune": "b"})
    db.session.execute(sa.update(Job).values(state=JobState.DEAD, attempts=12))

    first = dead_jobs("test.play")[0]
    assert replay_dead(job_id=first.id) == 1
    assert drain_jobs() == 1
    assert replay_dead("another.name") == 0
    assert replay_dead() == 1
    drain_jobs()
    assert sorted(played) == ["a", "b"]


def test_a_leased_job_is_left_to_its_holder(played: Played) -> None:
    with unit_of_work():
        enqueue("test.play", {"tune": "a"})

    assert claim(db.engine, "mail", lease_for=LEASE) is not None
    assert claim(db.engine, "mail", lease_for=LEASE) is None


def test_a_lease_that_ran_out_gives_the_job_to_another(played: Played) -> None:
    with unit_of_work():
        enqueue("test.play", {"tune": "a"})
    first = claim(db.engine, "mail", lease_for=OVER)
    second = claim(db.engine, "mail", lease_for=LEASE)

    assert first is not None
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    assert second.lease != first.lease


def test_whoever_lost_the_lease_cannot_complete(played: Played) -> None:
    with unit_of_work():
        enqueue("test.play", {"tune": "a"})
    zombie = claim(db.engine, "mail", lease_for=OVER)
    holder = claim(db.engine, "mail", lease_for=LEASE)
    assert zombie is not None
    assert holder is not None

    with pytest.raises(LeaseLost), unit_of_work():
        complete(db.session.connection(), zombie)
    with unit_of_work():
        complete(db.session.connection(), holder)
    assert db.session.scalar(sa.select(Job.state)) == JobState.DONE


def test_the_effect_of_a_zombie_is_rolled_back(app: Portal, handlers: Callable[..., None]) -> None:
    def write(_payload: object, _answer: object) -> None:
        send_mail("password_changed", "somebody@example.com", {"name": "Some Body"})

    handlers("test.write", queue="mail", apply=write)
    with unit_of_work():
        enqueue("test.write", {})
    zombie = claim(db.engine, "mail", lease_for=OVER)
    holder = claim(db.engine, "mail", lease_for=LEASE)
    assert zombie is not None
    assert holder is not None

    assert run_one(app, holder)
    assert not run_one(app, zombie)
    mails = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(OutgoingMail)
        .where(OutgoingMail.to_address == "somebody@example.com")
    )
    assert mails == 1


def test_whoever_lost_the_lease_cannot_fail_the_job_either(played: Played) -> None:
    with unit_of_work():
        enqueue("test.play", {"tune": "a"})
    zombie = claim(db.engine, "mail", lease_for=OVER)
    holder = claim(db.engine, "mail", lease_for=LEASE)
    assert zombie is not None
    assert holder is not None
    fail(db.engine, zombie, RuntimeError("too late"))

    assert db.session.execute(sa.select(Job.lease, Job.last_error)).one() == (holder.lease, None)


def test_a_name_nobody_handles_fails_visibly(app: Portal, drain_jobs: DrainJobs, job_row: JobRow) -> None:
    enqueue("test.from_another_version", {}, once_key="one")
    drain_jobs(may_fail=True)

    assert job_row("one").last_error == "UnknownJob: test.from_another_version"


def test_a_network_phase_may_not_leave_a_transaction_open(
    handlers: Callable[..., None], drain_jobs: DrainJobs, job_row: JobRow
) -> None:
    def peek(_payload: object) -> None:
        db.session.scalar(sa.select(sa.func.count()).select_from(Job))

    handlers("test.peek", queue="mail", call=peek)
    enqueue("test.peek", {}, once_key="one")
    drain_jobs(may_fail=True)

    error = job_row("one").last_error
    assert error is not None
    assert "left a transaction open" in error


@pytest.mark.parametrize("attempt", [1, 2, 5, 6, 12, 40])
def test_the_wait_grows_with_the_attempts_and_never_beyond_an_hour_and_a_half(attempt: int) -> None:
    waits = {wait_before(attempt) for _ in range(20)}
    full = min(LONGEST_WAIT, timedelta(seconds=4**attempt if attempt < 10 else 10**6))

    assert all(full * 0.5 <= wait <= full * 1.5 for wait in waits)
    assert len(waits) > 1
