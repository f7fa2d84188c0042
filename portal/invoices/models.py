"""The mirror of Stripe's invoices and the stored preview of the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import BigId, Model


class Invoice(Model):
    """One invoice. Amounts in minor units of `currency`. Hosted page and PDF are Stripe's links."""

    __tablename__ = "invoice"
    __table_args__ = (sa.Index("ix_invoice_tenant_id_issued_at", "tenant_id", "issued_at"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    subscription_stripe_id: Mapped[str | None] = mapped_column(sa.String(255))
    number: Mapped[str | None] = mapped_column(sa.String(100))
    status: Mapped[str] = mapped_column(sa.String(20))
    currency: Mapped[str] = mapped_column(sa.String(3))
    billing_reason: Mapped[str | None] = mapped_column(sa.String(40))
    subtotal_amount: Mapped[int] = mapped_column(sa.BigInteger)
    discount_amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    tax_amount: Mapped[int] = mapped_column(sa.BigInteger)
    total_amount: Mapped[int] = mapped_column(sa.BigInteger)
    due_amount: Mapped[int] = mapped_column(sa.BigInteger)
    paid_amount: Mapped[int] = mapped_column(sa.BigInteger)
    remaining_amount: Mapped[int] = mapped_column(sa.BigInteger)
    attempt_count: Mapped[int]
    issued_at: Mapped[datetime]
    period_start_at: Mapped[datetime]
    period_end_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    next_payment_attempt_at: Mapped[datetime | None]
    hosted_url: Mapped[str | None] = mapped_column(sa.Text)
    pdf_url: Mapped[str | None] = mapped_column(sa.Text)
    stripe_object: Mapped[dict[str, Any]] = mapped_column(deferred=True)


class UpcomingInvoice(Model):
    """The next invoice as Stripe foresaw it at `as_of_at`; one row per tenant, gone when there will be none.

    `lines` is a list of {description, amount, quantity, metered}. An estimate as far as usage is metered.
    """

    __tablename__ = "upcoming_invoice"

    tenant_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"), unique=True
    )
    currency: Mapped[str] = mapped_column(sa.String(3))
    subtotal_amount: Mapped[int] = mapped_column(sa.BigInteger)
    discount_amount: Mapped[int] = mapped_column(sa.BigInteger)
    tax_amount: Mapped[int] = mapped_column(sa.BigInteger)
    total_amount: Mapped[int] = mapped_column(sa.BigInteger)
    starting_balance_amount: Mapped[int] = mapped_column(sa.BigInteger)
    due_amount: Mapped[int] = mapped_column(sa.BigInteger)
    lines: Mapped[list[Any]]
    invoice_at: Mapped[datetime]
    as_of_at: Mapped[datetime]
