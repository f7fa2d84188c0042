"""The inbox: every verified webhook event as the bytes Stripe sent, once per event id."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class StripeEvent(Model):
    """One event. `customer_stripe_id` is NULL when it names none; `tenant_id` is NULL when the customer is not ours.

    Its facts are never changed. `body` is kept as bytes because PostgreSQL's text and JSON refuse what Stripe may
    send (a NUL, a lone surrogate).
    """

    __tablename__ = "stripe_event"
    __table_args__ = (sa.Index("ix_stripe_event_customer", "customer_stripe_id", "received_at"),)

    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    type: Mapped[str] = mapped_column(sa.String(255))
    api_version: Mapped[str | None] = mapped_column(sa.String(60))
    livemode: Mapped[bool]
    customer_stripe_id: Mapped[str | None] = mapped_column(sa.String(255))
    tenant_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
