"""A short record of each sync, for the operator's timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import BigId, Model


class SyncRun(Model):
    """One run. `trigger` is webhook, return, reconcile, operator or change; `outcome` written, overtaken or failed.

    `changes` names what moved: {"subscription sub_...": {"status": ["active", "past_due"]}}.
    """

    __tablename__ = "sync_run"
    __table_args__ = (sa.Index("ix_sync_run_tenant_id_started_at", "tenant_id", "started_at"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    trigger: Mapped[str] = mapped_column(sa.String(20))
    ticket: Mapped[int] = mapped_column(sa.BigInteger)
    calls: Mapped[int]
    outcome: Mapped[str] = mapped_column(sa.String(12))
    changes: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
