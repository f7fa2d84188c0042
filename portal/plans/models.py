"""What the catalogue became at Stripe: one row per price and per meter, so that an id of Stripe's finds its plan.
Rows stay when a price is replaced: subscribers keep the price they started with. And which tenants a plan by invitation
is open to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class Price(Model):
    """A price at Stripe and the plan component it bills. `active`: it is the one the catalogue sells today.

    `component` is `base`, `seat` or `meter:<meter key>`. `definition` is the component's pricing model as parsed.
    """

    __tablename__ = "price"
    __table_args__ = (
        sa.Index("ix_price_plan_key", "plan_key", "interval", "currency"),
        sa.Index(
            "uq_price_active_lookup_key",
            "lookup_key",
            unique=True,
            sqlite_where=sa.text("active"),
            postgresql_where=sa.text("active"),
        ),
    )

    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    product_stripe_id: Mapped[str] = mapped_column(sa.String(255))
    lookup_key: Mapped[str] = mapped_column(sa.String(200))
    plan_key: Mapped[str] = mapped_column(sa.String(40))
    component: Mapped[str] = mapped_column(sa.String(60))
    interval: Mapped[str] = mapped_column(sa.String(10))
    currency: Mapped[str] = mapped_column(sa.String(3))
    definition: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class CatalogPush(Model):
    """A record of each push: what the catalogue's fingerprint was and which portal configuration it made."""

    __tablename__ = "catalog_push"

    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    portal_configuration_stripe_id: Mapped[str | None] = mapped_column(sa.String(255))
    pushed_at: Mapped[datetime] = mapped_column(default=utcnow)


class PlanInvitation(Model):
    """A plan sold by invitation is open to a tenant; without a row it is not. `granted_by` is the operator's e-mail
    address, or `operator` for the command line. A row goes when the invitation is taken back."""

    __tablename__ = "plan_invitation"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "plan_key"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    plan_key: Mapped[str] = mapped_column(sa.String(40))
    granted_by: Mapped[str] = mapped_column(sa.String(254))
    granted_at: Mapped[datetime] = mapped_column(default=utcnow)
