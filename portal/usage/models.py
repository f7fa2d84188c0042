"""Usage: meters, the events the product reported, hourly and daily sums, and what was reported on to Stripe.
Quantities are whole numbers in the meter's own scale: scale 2 means 150 is 1.50 units."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model

Sum = sa.Numeric(38, 0, asdecimal=True).with_variant(sa.BigInteger(), "sqlite")
"""A sum; 64 bits on SQLite, where a sum beyond them would silently turn into a float."""

MOST = 9_000_000_000_000_000_000
"""What a sum may reach, below 64 bits: more is refused instead of rounded."""


NOTHING_TOLD = -1
"""`reported_quantity` of a `last` meter's hour before its first report, because 0 is a value to be told too."""


class Meter(Model):
    """A meter of the catalogue. `aggregation` is count, sum or last; `scale` 0 to 9 decimals. `stripe_id` is NULL
    until the catalogue was pushed."""

    __tablename__ = "meter"

    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    unit: Mapped[str] = mapped_column(sa.String(40))
    aggregation: Mapped[str] = mapped_column(sa.String(10))
    scale: Mapped[int] = mapped_column(default=0)
    event_name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    stripe_id: Mapped[str | None] = mapped_column(sa.String(255), unique=True)


class UsageEvent(Model):
    """One fact as the product sent it; never changed. Unique per tenant and idempotency key."""

    __tablename__ = "usage_event"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "idempotency_key"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    meter_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("meter.id", ondelete="RESTRICT"))
    idempotency_key: Mapped[str] = mapped_column(sa.String(200))
    quantity: Mapped[int] = mapped_column(sa.BigInteger)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(default=utcnow)


class UsageHour(Model):
    """The sum of one hour (UTC); of a `last` meter, its latest value. `reported_quantity` is what Stripe was told.

    `hour_at` is the full hour, or the instant within it at which a billing period began: the hour is then two
    rows, so that no period is billed for usage of its neighbour. `latest_at` is the newest event's instant.
    """

    __tablename__ = "usage_hour"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "meter_id", "hour_at"),
        sa.CheckConstraint(f"quantity <= {MOST}", name="quantity"),
        sa.Index(
            "ix_usage_hour_unreported",
            "hour_at",
            sqlite_where=sa.text("reported_quantity <> quantity"),
            postgresql_where=sa.text("reported_quantity <> quantity"),
        ),
    )

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    meter_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("meter.id", ondelete="RESTRICT"))
    hour_at: Mapped[datetime]
    quantity: Mapped[Decimal] = mapped_column(Sum)
    events: Mapped[int] = mapped_column(sa.BigInteger)
    latest_at: Mapped[datetime]
    reported_quantity: Mapped[Decimal] = mapped_column(Sum, default=0, server_default="0")


class UsageDay(Model):
    """The sum of one day (UTC), for charts; of a `last` meter, its latest value."""

    __tablename__ = "usage_day"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "meter_id", "day_on"),
        sa.CheckConstraint(f"quantity <= {MOST}", name="quantity"),
    )

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    meter_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("meter.id", ondelete="RESTRICT"))
    day_on: Mapped[date]
    quantity: Mapped[Decimal] = mapped_column(Sum)
    events: Mapped[int] = mapped_column(sa.BigInteger)
    latest_at: Mapped[datetime]


class UsageReport(Model):
    """One meter event at Stripe, written before it is sent; `identifier` makes a second send harmless.

    `state` is open, sent or refused; a refused one keeps Stripe's reason in `error` and is shown to the operator.
    """

    __tablename__ = "usage_report"
    __table_args__ = (
        sa.Index("ix_usage_report_tenant_id_state", "tenant_id", "state"),
        sa.Index("ix_usage_report_hour", "tenant_id", "meter_id", "hour_at"),
        sa.Index(
            "ix_usage_report_refused",
            "tenant_id",
            sqlite_where=sa.text("state = 'refused'"),
            postgresql_where=sa.text("state = 'refused'"),
        ),
    )

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    meter_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("meter.id", ondelete="RESTRICT"))
    hour_at: Mapped[datetime]
    identifier: Mapped[str] = mapped_column(sa.String(100), unique=True)
    quantity: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(10), default="open")
    error: Mapped[str | None] = mapped_column(sa.String(500), default=None)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    details: Mapped[dict[str, Any] | None] = mapped_column(default=None)
