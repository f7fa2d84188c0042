"""Work that comes back by the clock. Time is cut into slots; every worker asks for the current slot's job and the
once key makes it one, however many workers there are. Missed slots are not caught up: each job looks at the state
it finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from portal.extensions import db
from portal.jobs.models import JOB_TABLE
from portal.jobs.queue import enqueue
from portal.kit.clock import to_unix, utcnow
from portal.web.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job by name, every `period`, `offset` after the round time (03:00 UTC: a day and three hours)."""

    name: str
    period: timedelta
    offset: timedelta


_schedules: dict[str, Schedule] = {}


def every(name: str, *, minutes: int, offset_minutes: int = 0) -> None:
    """Run the registered job `name` every so many minutes, counted from midnight UTC plus the offset.

    Raises ValueError for a name that already has a schedule or a period under a minute.
    """
    if name in _schedules or minutes < 1:
        raise ValueError(f"{name} is scheduled already, or more often than every minute")
    _schedules[name] = Schedule(name, timedelta(minutes=minutes), timedelta(minutes=offset_minutes))


def enqueue_due(now: datetime | None = None) -> None:
    """Enqueue the job of each schedule's current slot, unless that was done before; opens a unit of work."""
    wanted = {
        f"cron:{schedule.name}:{slot_of(schedule, now or utcnow())}": schedule.name
        for schedule in _schedules.values()
    }
    if not wanted or not _missing(set(wanted)):
        return
    with unit_of_work():
        for key, name in wanted.items():
            enqueue(name, {}, once_key=key)


def slot_of(schedule: Schedule, at: datetime) -> int:
    """Return the number of the slot an instant falls into."""
    return (to_unix(at) - int(schedule.offset.total_seconds())) // int(schedule.period.total_seconds())


def _missing(keys: set[str]) -> bool:
    # Looking first spares SQLite's write lock; whoever comes second meets the once key.
    with db.engine.execution_options(readonly=True).begin() as connection:
        found = connection.scalars(sa.select(JOB_TABLE.c.key).where(JOB_TABLE.c.key.in_(keys)))
        return set(found) != keys
