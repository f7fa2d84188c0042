"""The job table. A one-off job has no key, or a key used once; a keyed job is a level that is marked again and
again: it is done only when everything wanted so far has been seen."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class JobState(StrEnum):
    """`ready` covers waiting and running (then `lease` is set); `dead` is loud and can be replayed."""

    READY = "ready"
    DONE = "done"
    DEAD = "dead"


class Job(Model):
    """One job. `run_at` is when it is due; while leased, when the lease runs out. `wanted` counts the marks,
    `seen` is the count the running attempt started from."""

    __tablename__ = "job"
    __table_args__ = (
        sa.Index(
            "ix_job_due",
            "queue",
            "run_at",
            "id",
            sqlite_where=sa.text("state = 'ready'"),
            postgresql_where=sa.text("state = 'ready'"),
        ),
        sa.Index(
            "ix_job_dead",
            "finished_at",
            sqlite_where=sa.text("state = 'dead'"),
            postgresql_where=sa.text("state = 'dead'"),
        ),
    )

    queue: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(60))
    key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(8), default=JobState.READY)
    run_at: Mapped[datetime] = mapped_column(default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=12)
    lease: Mapped[str | None] = mapped_column(sa.String(36), default=None)
    wanted: Mapped[int] = mapped_column(sa.BigInteger, default=1)
    seen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    last_error: Mapped[str | None] = mapped_column(sa.Text, default=None)
    tenant_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


JOB_TABLE = Model.metadata.tables["job"]
"""The same table for Core statements, which do without the ORM's bookkeeping."""
