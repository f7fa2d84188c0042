"""What an admin wants Stripe to do, written down before the call. A crash in between leaves a row that a job
finishes or gives up, visibly; the idempotency key made from the row makes the second try harmless."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class IntentState(StrEnum):
    """`open`: Stripe may or may not have acted. `waiting`: a person is at a hosted page. The rest is final."""

    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


class Intent(Model):
    """One wanted change. `kind` names the carrier-out (`checkout`, `seats`, `change`, `keep`, `replan`, `give_up`,
    `cancel`, `cancel_now`, `resume`, `pause`, `unpause`, `retention`).

    At most one checkout of a tenant may be open or waiting: the database refuses a second one. `stripe_id` is the
    object the call made (the Checkout Session of a checkout). `params` and `result` are small JSON objects.
    """

    __tablename__ = "intent"
    __table_args__ = (
        sa.Index("ix_intent_tenant_id_created_at", "tenant_id", "created_at"),
        sa.Index(
            "ix_intent_open",
            "created_at",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "uq_intent_unfinished_checkout",
            "tenant_id",
            unique=True,
            sqlite_where=sa.text("kind = 'checkout' AND state IN ('open', 'waiting')"),
            postgresql_where=sa.text("kind = 'checkout' AND state IN ('open', 'waiting')"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    actor_user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(12), default=IntentState.OPEN)
    params: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    stripe_id: Mapped[str | None] = mapped_column(sa.String(255), index=True, default=None)
    error_code: Mapped[str | None] = mapped_column(sa.String(60), default=None)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)

    is_synced = True
    hosted_url = ""
    """Set per instance by whoever carries the intent out, never stored: whether the mirror shows the result already,
    and the address of the hosted page, a bearer secret."""

    @property
    def idempotency_key(self) -> str:
        """The key of the intent's one writing call at Stripe."""
        return f"intent-{self.public_id}"
