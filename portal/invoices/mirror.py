"""Writes what Stripe says about a tenant's invoices, and the preview of the next one, into their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from portal.extensions import db
from portal.gateway.snapshots import InvoiceSnapshot, LineSnapshot
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.kit.changes import Changes, assign
from portal.kit.clock import utcnow
from portal.plans.models import Price


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the collection of an invoice has come."""

    status: str
    attempt_count: int


@dataclass(frozen=True, slots=True)
class InvoiceChange:
    """What one write changed about one invoice. `before` is None for one we had not seen."""

    row: Invoice
    before: Progress | None
    after: Progress
    fields: Changes


def write(tenant_id: int, snapshots: Sequence[InvoiceSnapshot]) -> list[InvoiceChange]:
    """Bring the tenant's invoices to the snapshots, newest first as Stripe lists them; return what changed.

    Invoices that are not among them stay, but for drafts: Stripe deletes a draft that came to nothing.
    """
    rows = {
        row.stripe_id: row
        for row in db.session.scalars(
            sa.select(Invoice).where(Invoice.tenant_id == tenant_id).options(undefer(Invoice.stripe_object))
        )
    }
    changes = []
    for snapshot in reversed(snapshots):
        row = rows.pop(snapshot.stripe_id, None)
        before = None if row is None else Progress(row.status, row.attempt_count)
        if row is None:
            row = Invoice(tenant_id=tenant_id, stripe_id=snapshot.stripe_id)
            db.session.add(row)
        fields = assign(row, _columns(snapshot))
        if fields:
            changes.append(InvoiceChange(row, before, Progress(row.status, row.attempt_count), fields))
    for row in rows.values():
        if row.status == "draft":
            db.session.delete(row)
    return changes


def unpaid_since(snapshots: Sequence[InvoiceSnapshot]) -> dict[str, datetime]:
    """Return by subscription since when its oldest unpaid invoice has been owed."""
    since: dict[str, datetime] = {}
    for invoice in snapshots:
        if invoice.subscription_stripe_id is None or invoice.status not in ("open", "uncollectible"):
            continue
        owed_at = invoice.finalized_at or invoice.created_at
        known = since.get(invoice.subscription_stripe_id)
        since[invoice.subscription_stripe_id] = owed_at if known is None else min(known, owed_at)
    return since


def write_upcoming(
    tenant_id: int,
    snapshot: InvoiceSnapshot | None,
    *,
    invoice_at: datetime | None,
    prices: Mapping[str, Price],
) -> bool:
    """Keep the preview of the next invoice, or forget it (None: there will be none); tell whether it changed.

    `prices` are ours by Stripe's id: they tell which lines are metered and so only an estimate.
    """
    row = db.session.scalars(
        sa.select(UpcomingInvoice).where(UpcomingInvoice.tenant_id == tenant_id)
    ).one_or_none()
    if snapshot is None:
        if row is not None:
            db.session.delete(row)
        return row is not None
    if row is None:
        row = UpcomingInvoice(tenant_id=tenant_id)
        db.session.add(row)
    row.as_of_at = utcnow()
    return bool(
        assign(
            row,
            {
                "currency": snapshot.currency,
                "subtotal_amount": snapshot.subtotal_amount,
                "discount_amount": snapshot.discount_amount,
                "tax_amount": snapshot.tax_amount,
                "total_amount": snapshot.total_amount,
                "starting_balance_amount": snapshot.starting_balance_amount,
                "due_amount": snapshot.due_amount,
                "lines": [_line(line, prices) for line in snapshot.lines],
                "invoice_at": invoice_at or snapshot.next_payment_attempt_at or snapshot.period_end_at,
            },
        )
    )


def _line(line: LineSnapshot, prices: Mapping[str, Price]) -> dict[str, object]:
    price = prices.get(line.price_stripe_id or "")
    return {
        "description": line.description,
        "amount": line.amount,
        "quantity": None if line.quantity is None else str(line.quantity),
        "metered": price is not None and price.component.startswith("meter:"),
    }


def _columns(snapshot: InvoiceSnapshot) -> dict[str, object]:
    return {
        "subscription_stripe_id": snapshot.subscription_stripe_id,
        "number": snapshot.number,
        "status": snapshot.status or "draft",
        "currency": snapshot.currency,
        "billing_reason": snapshot.billing_reason,
        "subtotal_amount": snapshot.subtotal_amount,
        "discount_amount": snapshot.discount_amount,
        "tax_amount": snapshot.tax_amount,
        "total_amount": snapshot.total_amount,
        "due_amount": snapshot.due_amount,
        "paid_amount": snapshot.paid_amount,
        "remaining_amount": snapshot.remaining_amount,
        "attempt_count": snapshot.attempt_count,
        "issued_at": snapshot.finalized_at or snapshot.created_at,
        "period_start_at": snapshot.period_start_at,
        "period_end_at": snapshot.period_end_at,
        "due_at": snapshot.due_at,
        "paid_at": snapshot.paid_at,
        "next_payment_attempt_at": snapshot.next_payment_attempt_at,
        "hosted_url": snapshot.hosted_url,
        "pdf_url": snapshot.pdf_url,
        "stripe_object": snapshot.raw,
    }
