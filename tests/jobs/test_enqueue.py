"""One-off jobs: added with the transaction that wanted them, run once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.jobs import registry
from portal.jobs.models import Job
from portal.jobs.queue import enqueue
from portal.web.unit_of_work import Portal
from tests.fixtures.jobs import DrainJobs, Played


def test_a_job_runs_once(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "a"})

    assert drain_jobs() == 1
    assert drain_jobs() == 0
    assert played == ["a"]


def test_a_transaction_that_rolls_back_leaves_no_job(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "a"})
    db.session.rollback()

    assert drain_jobs() == 0
    assert played == []


def test_a_once_key_is_good_for_one_job_ever(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "a"}, once_key="only-once")
    enqueue("test.play", {"tune": "b"}, once_key="only-once")
    drain_jobs()
    enqueue("test.play", {"tune": "c"}, once_key="only-once")
    drain_jobs()

    assert played == ["a"]


def test_a_delayed_job_waits_for_its_time(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "later"}, delay=timedelta(hours=1))

    assert drain_jobs(even_delayed=False) == 0
    assert drain_jobs() == 1
    assert played == ["later"]


def test_jobs_run_in_the_order_they_fell_due(played: Played, drain_jobs: DrainJobs) -> None:
    enqueue("test.play", {"tune": "second"}, delay=timedelta(seconds=-1))
    enqueue("test.play", {"tune": "first"}, delay=timedelta(seconds=-2))
    drain_jobs()

    assert played == ["first", "second"]


def test_a_job_goes_to_the_queue_its_handler_registered(played: Played) -> None:
    enqueue("test.play", {"tune": "a"})

    assert db.session.scalar(sa.select(Job.queue)) == registry.queue_of("test.play") == "mail"


def test_a_get_request_cannot_enqueue(app: Portal) -> None:
    with app.test_request_context(method="GET"), pytest.raises(RuntimeError):
        enqueue("test.play", {})


def test_a_name_takes_one_handler_only(played: Played) -> None:
    with pytest.raises(ValueError, match="two handlers"):
        registry.register("test.play", queue="mail", apply=lambda _payload, _answer: None)
