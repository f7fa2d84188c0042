"""Work that comes back by the clock: one job for each slot, however many workers ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.jobs import schedule
from portal.jobs.jobs import prune
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.kit.clock import utcnow
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.jobs import DrainJobs, Played, Schedules

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_slot_gets_one_job_however_often_it_is_asked_for(played: Played, schedules: Schedules) -> None:
    schedules("test.play", minutes=5)

    for seconds in (0, 1, 200, 299):
        schedule.enqueue_due(NOON + timedelta(seconds=seconds))

    assert len(db.session.scalars(sa.select(Job.key)).all()) == 1


def test_the_next_slot_gets_a_job_of_its_own(played: Played, schedules: Schedules) -> None:
    schedules("test.play", minutes=5)

    schedule.enqueue_due(NOON)
    schedule.enqueue_due(NOON + timedelta(minutes=5))

    assert len(db.session.scalars(sa.select(Job.key)).all()) == 2


def test_missed_slots_are_not_caught_up(played: Played, schedules: Schedules) -> None:
    schedules("test.play", minutes=5)

    schedule.enqueue_due(NOON)
    schedule.enqueue_due(NOON + timedelta(days=3))

    assert len(db.session.scalars(sa.select(Job.key)).all()) == 2


def test_a_daily_job_changes_slot_at_its_hour(played: Played, schedules: Schedules) -> None:
    schedules("test.play", minutes=24 * 60, offset_minutes=3 * 60)
    (nightly,) = schedule._schedules.values()
    three = NOON.replace(hour=3)

    assert schedule.slot_of(nightly, three - timedelta(seconds=1)) + 1 == schedule.slot_of(nightly, three)


def test_a_name_has_one_schedule(played: Played, schedules: Schedules) -> None:
    schedules("test.play", minutes=5)

    with pytest.raises(ValueError, match="scheduled already"):
        schedule.every("test.play", minutes=10)


def test_finished_jobs_go_after_two_weeks_and_dead_ones_stay(played: Played, drain_jobs: DrainJobs) -> None:
    for tune in ("old", "new", "dead"):
        enqueue("test.play", {"tune": tune}, once_key=tune)
    drain_jobs()
    with unit_of_work():
        old = utcnow() - timedelta(days=15)
        db.session.execute(sa.update(Job).where(Job.key != "new").values(finished_at=old))
        db.session.execute(sa.update(Job).where(Job.key == "dead").values(state=JobState.DEAD))
    with unit_of_work():
        prune({}, None)

    assert set(db.session.scalars(sa.select(Job.key))) == {"new", "dead"}
