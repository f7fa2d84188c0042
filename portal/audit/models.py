"""The audit trail: who did what to which object, when and from where. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class AuditEntry(Model):
    """One action. `tenant_id` is NULL for what concerns no tenant (a sign-in); `actor_user_id` is NULL when the
    actor was not a person (`actor` is then `stripe`, `worker`, `api key <prefix>`). `details` is a small object."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_tenant_id_at", "tenant_id", "at"),)

    tenant_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    actor_user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    actor: Mapped[str] = mapped_column(sa.String(254))
    action: Mapped[str] = mapped_column(sa.String(60))
    object_type: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str] = mapped_column(sa.String(255))
    details: Mapped[dict[str, Any]]
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    request_id: Mapped[str] = mapped_column(sa.String(36), default="")
    at: Mapped[datetime] = mapped_column(default=utcnow)
