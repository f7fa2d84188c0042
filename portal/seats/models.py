"""Seats: who holds one now, and an append-only ledger of everything that moved."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.clock import utcnow
from portal.kit.db import BigId, Model


class SeatMove(StrEnum):
    """What moved: the number bought (from Stripe), or one seat to or from a member."""

    BOUGHT = "bought"
    ASSIGNED = "assigned"
    RELEASED = "released"


class SeatAssignment(Model):
    """A member holds one seat. The row goes when the seat is released; the ledger keeps the history."""

    __tablename__ = "seat_assignment"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "membership_id"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    membership_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("membership.id", ondelete="RESTRICT"), unique=True
    )
    assigned_at: Mapped[datetime] = mapped_column(default=utcnow)


class SeatLedgerEntry(Model):
    """One movement, never changed. `quantity` is the change (+1, -1, or the change of the number bought);
    `total` is the number bought after a BOUGHT entry, else the number assigned after it."""

    __tablename__ = "seat_ledger_entry"
    __table_args__ = (sa.Index("ix_seat_ledger_entry_tenant_id_at", "tenant_id", "at"),)

    tenant_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("tenant.id", ondelete="RESTRICT"))
    move: Mapped[str] = mapped_column(sa.String(12))
    quantity: Mapped[int]
    total: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    actor_user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("user.id", ondelete="RESTRICT"))
    at: Mapped[datetime] = mapped_column(default=utcnow)
