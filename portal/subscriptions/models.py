"""The mirror of a tenant's subscriptions and their items, and quotes: what a change will cost, before it is made."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model
from portal.kit.ids import public_id


class Status(StrEnum):
    """Stripe's subscription statuses."""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    UNPAID = "unpaid"
    PAUSED = "paused"


ENDED = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)
LIVE = (Status.TRIALING, Status.ACTIVE, Status.PAST_DUE, Status.UNPAID, Status.PAUSED)


class Subscription(Model):
    """One subscription at Stripe. The tenant's current one is chosen by `queries.current_subscription`.

    `plan_key` and `interval` are NULL when its prices are not from our catalogue. `problem_since_at` is when it
    first stopped being paid (NULL: no problem). The period is that of its licensed items. The `planned_` columns are
    the change that takes effect at `planned_at` (NULL: none is planned); `planned_seats` is NULL where the plan sells
    no seats, `planned_plan_key` where the prices are not ours.
    """

    __tablename__ = "subscription"
    __table_args__ = (sa.Index("ix_subscription_tenant_id_status", "tenant_id", "status"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    status: Mapped[str] = mapped_column(sa.String(30))
    plan_key: Mapped[str | None] = mapped_column(sa.String(40))
    interval: Mapped[str | None] = mapped_column(sa.String(10))
    currency: Mapped[str] = mapped_column(sa.String(3))
    current_period_start_at: Mapped[datetime]
    current_period_end_at: Mapped[datetime]
    cancel_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool]
    canceled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    trial_end_at: Mapped[datetime | None]
    schedule_stripe_id: Mapped[str | None] = mapped_column(sa.String(255))
    planned_at: Mapped[datetime | None] = mapped_column(default=None)
    planned_plan_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)
    planned_interval: Mapped[str | None] = mapped_column(sa.String(10), default=None)
    planned_seats: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
    problem_since_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    stripe_object: Mapped[dict[str, Any]] = mapped_column(deferred=True)

    items: Mapped[list[SubscriptionItem]] = relationship(
        back_populates="subscription",
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by="SubscriptionItem.id",
    )

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def on_trial(self) -> bool:
        return self.status == Status.TRIALING

    @property
    def past_due(self) -> bool:
        return self.status in (Status.PAST_DUE, Status.UNPAID)

    @property
    def next_invoice_at(self) -> datetime:
        """When the next invoice is made: the first end among the periods of its items."""
        return min((item.current_period_end_at for item in self.items), default=self.current_period_end_at)

    @property
    def usage_item(self) -> SubscriptionItem | None:
        """The metered item whose period ends first; NULL while no use is billed."""
        metered = [item for item in self.items if item.quantity is None]
        return min(metered, key=lambda item: item.current_period_end_at, default=None)

    @property
    def usage_interval(self) -> str | None:
        """How often use is billed, where that is not with the plan: by the month in a plan paid by the year."""
        item = self.usage_item
        return item.interval if item is not None and self.interval not in (None, item.interval) else None

    @property
    def ends_at(self) -> datetime | None:
        """When a planned cancellation takes effect; NULL while none is planned."""
        return None if self.is_ended else self.cancel_at

    def item(self, component: str) -> SubscriptionItem | None:
        """Return the item that bills a component (`base`, `seat`, `meter:<key>`), if there is one."""
        return next((item for item in self.items if item.component == component), None)


class SubscriptionItem(Model):
    """One item. `component` is NULL for a price that is not ours; `quantity` is NULL for metered prices. Items of one
    subscription may be billed in different intervals, and each has its own period then."""

    __tablename__ = "subscription_item"
    __table_args__ = (sa.Index("ix_subscription_item_tenant_id", "tenant_id"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    subscription_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("subscription.id", ondelete="CASCADE"), index=True
    )
    stripe_id: Mapped[str] = mapped_column(sa.String(255), unique=True)
    price_stripe_id: Mapped[str] = mapped_column(sa.String(255))
    component: Mapped[str | None] = mapped_column(sa.String(60))
    quantity: Mapped[int | None] = mapped_column(sa.BigInteger)
    interval: Mapped[str] = mapped_column(sa.String(10))
    current_period_start_at: Mapped[datetime]
    current_period_end_at: Mapped[datetime]

    subscription: Mapped[Subscription] = relationship(back_populates="items")


class Quote(Model):
    """What a change costs, shown before it is made; confirming applies exactly this.

    `change` is what will be asked of Stripe (`{"seats": 7}`); `basis` fingerprints what it was computed from: if
    that moved, the quote is refused. `lines` is a list of {description, amount}. Amounts in minor units of
    `currency`; a negative `total_amount` becomes a credit for later invoices. `charged_amount` is what the invoice
    later said (NULL: not applied yet).
    """

    __tablename__ = "quote"
    __table_args__ = (
        sa.Index("ix_quote_tenant_id_created_at", "tenant_id", "created_at"),
        sa.Index(
            "ix_quote_differing",
            "tenant_id",
            sqlite_where=sa.text("charged_amount <> due_now_amount"),
            postgresql_where=sa.text("charged_amount <> due_now_amount"),
        ),
    )

    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=public_id)
    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    created_by_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    change: Mapped[dict[str, Any]]
    basis: Mapped[str] = mapped_column(sa.String(64))
    currency: Mapped[str] = mapped_column(sa.String(3))
    total_amount: Mapped[int] = mapped_column(sa.BigInteger)
    due_now_amount: Mapped[int] = mapped_column(sa.BigInteger)
    tax_amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    recurring_amount: Mapped[int] = mapped_column(sa.BigInteger)
    recurring_is_estimate: Mapped[bool] = mapped_column(default=False)
    lines: Mapped[list[Any]]
    proration_at: Mapped[datetime | None]
    effective_at: Mapped[datetime]
    next_invoice_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    invoice_stripe_id: Mapped[str | None] = mapped_column(sa.String(255), default=None)
    charged_amount: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
