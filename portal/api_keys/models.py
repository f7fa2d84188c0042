"""Keys with which the host product speaks for one tenant. Only a digest is stored; the key is shown once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class ApiKey(Model):
    """A key of a tenant. `prefix` is the visible beginning. NULL `revoked_at`: still valid."""

    __tablename__ = "api_key"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    prefix: Mapped[str] = mapped_column(sa.String(16))
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_by_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
