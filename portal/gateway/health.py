"""When Stripe last answered and last failed: pages show a notice from this row instead of waiting for Stripe."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import Model, insert_for

WRITE_EVERY_SECONDS = 15.0


class GatewayHealth(Model):
    """One row (id 1). NULL: has not happened yet."""

    __tablename__ = "gateway_health"

    last_ok_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_failure: Mapped[str | None] = mapped_column(sa.String(200))


class HealthRecorder:
    """Notes the outcome of gateway calls: at once when it changes, else every few seconds per process."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._last: tuple[bool, float] | None = None

    def note(self, ok: bool, detail: str) -> None:
        """Write the outcome in a transaction of its own. Called outside any other transaction."""
        now = time.monotonic()
        with self._lock:
            if self._last is not None and self._last[0] == ok and now - self._last[1] < WRITE_EVERY_SECONDS:
                return
            self._last = (ok, now)
        values = (
            {"last_ok_at": utcnow()} if ok else {"last_failure_at": utcnow(), "last_failure": detail[:200]}
        )
        with self._engine.begin() as connection:
            statement = insert_for(connection, GatewayHealth).values(id=1, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def is_down() -> sa.ScalarSelect[bool | None]:
    """Return the column that says whether the last thing Stripe did was fail to answer (NULL: nothing happened yet).

    A column and not a query, so that a page learns it in a round trip it makes anyway.
    """
    never = sa.or_(
        GatewayHealth.last_ok_at.is_(None), GatewayHealth.last_ok_at < GatewayHealth.last_failure_at
    )
    return (
        sa.select(sa.and_(GatewayHealth.last_failure_at.is_not(None), never))
        .where(GatewayHealth.id == 1)
        .scalar_subquery()
    )
