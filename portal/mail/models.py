"""The outbox: a mail is a row in the transaction that wanted it, and a job sends it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class OutgoingMail(Model):
    """One mail. NULL `sent_at`: not sent yet. `once_key` keeps a transition from mailing twice (NULL: no such key)."""

    __tablename__ = "outgoing_mail"

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"), index=True
    )
    once_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True, default=None)
    name: Mapped[str] = mapped_column(sa.String(60))
    to_address: Mapped[str] = mapped_column(sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(300))
    text: Mapped[str] = mapped_column(sa.Text)
    html: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
