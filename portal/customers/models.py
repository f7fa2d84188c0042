"""The Stripe customer of a tenant, with the freshness fence of its mirror, and its payment methods."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class Customer(Model):
    """One row per tenant, made with the tenant; `stripe_id` is NULL until Stripe has answered.

    `sync_ticket` counts the syncs begun, `synced_ticket` is the ticket of the last one written: a sync writes only
    while its ticket is the newest begun; `details_ticket` does the same for payment methods and the next invoice.
    `clock_at` is the time of the customer's test clock (NULL: real time).
    `balance_amount` is negative for a credit, in minor units of `currency` (NULL until the first invoice).
    """

    __tablename__ = "customer"

    tenant_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"), unique=True
    )
    stripe_id: Mapped[str | None] = mapped_column(sa.String(255), unique=True, default=None)
    test_clock: Mapped[str | None] = mapped_column(sa.String(255), default=None)
    email: Mapped[str | None] = mapped_column(sa.String(512), default=None)
    name: Mapped[str | None] = mapped_column(sa.String(512), default=None)
    balance_amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    currency: Mapped[str | None] = mapped_column(sa.String(3), default=None)
    delinquent: Mapped[bool] = mapped_column(default=False)
    livemode: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)
    default_payment_method_stripe_id: Mapped[str | None] = mapped_column(sa.String(255), default=None)
    clock_at: Mapped[datetime | None] = mapped_column(default=None)
    sync_ticket: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    synced_ticket: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    synced_at: Mapped[datetime | None] = mapped_column(default=None)
    details_ticket: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    details_synced_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    stripe_object: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class PaymentMethod(Model):
    """A payment method as Stripe shows it; never holds card data beyond brand, last four digits and expiry."""

    __tablename__ = "payment_method"
    __table_args__ = (sa.Index("ix_payment_method_tenant_id", "tenant_id"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    type: Mapped[str] = mapped_column(sa.String(40))
    brand: Mapped[str | None] = mapped_column(sa.String(40))
    last4: Mapped[str | None] = mapped_column(sa.String(4))
    exp_month: Mapped[int | None]
    exp_year: Mapped[int | None]
