"""Tells people and the audit trail what became of an invoice: paid, failed, paid after all. Called in the transaction
that wrote the change, so that each step is told exactly once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.audit.record import record
from portal.invoices.mirror import InvoiceChange, Progress
from portal.invoices.models import Invoice
from portal.mail.send import send_mail
from portal.subscriptions.announce import NEWS_FOR
from portal.tenants.models import Tenant
from portal.web.addresses import public_url_of

FIRST, CHANGE = "subscription_create", "subscription_update"
MAILED = {
    "invoice.paid": "invoice_paid",
    "payment.failed": "payment_failed",
    "payment.recovered": "payment_recovered",
}


def announce(
    tenant: Tenant, changes: Sequence[InvoiceChange], *, now: datetime, awaited: Collection[str] = ()
) -> None:
    """Write audit rows and mails for what the changes mean, in the caller's transaction. `now` is the tenant's
    billing time; a payment longer ago than a week is written down, but nobody is mailed. `awaited` are the invoices
    whose payment a person is confirming: that it was not made at once is no failure."""
    for change in changes:
        step = step_of(change.before, change.after, reason=change.row.billing_reason)
        if step is not None and not (step == "payment.failed" and change.row.stripe_id in awaited):
            _tell(tenant, change.row, step, now=now)


def step_of(before: Progress | None, after: Progress, *, reason: str | None) -> str | None:
    """Return what happened to an invoice, or None: invoice.paid, payment.recovered, payment.failed, invoice.voided
    or invoice.marked_uncollectible.

    The first invoice of a subscription is paid on Checkout's page, which tells the person itself when a card fails;
    the invoice of a change on a page of its own, if it is not paid at once.
    """
    status_before = before.status if before is not None else None
    if after.status != status_before:
        if after.status == "paid":
            struggled = before is not None and before.status == "open" and before.attempt_count > 0
            return "payment.recovered" if struggled and reason not in (FIRST, CHANGE) else "invoice.paid"
        if after.status == "void":
            return "invoice.voided"
        if after.status == "uncollectible":
            return "invoice.marked_uncollectible"
    attempts_before = before.attempt_count if before is not None else 0
    if after.status == "open" and after.attempt_count > attempts_before and reason != FIRST:
        return "payment.failed"
    return None


def _tell(tenant: Tenant, row: Invoice, step: str, *, now: datetime) -> None:
    is_credit = step == "invoice.paid" and row.total_amount < 0
    record(
        "invoice.credited" if is_credit else step,
        tenant_id=tenant.id,
        object_type="invoice",
        object_id=row.stripe_id,
        actor="stripe",
        number=row.number,
        amount=row.remaining_amount if step == "payment.failed" else abs(row.total_amount),
        currency=row.currency,
        attempt=row.attempt_count,
    )
    happened_at = row.paid_at or now
    # A free trial and a renewal covered by credit end in invoices of nothing: no reason to write to anybody.
    if step not in MAILED or row.total_amount <= 0 or now - happened_at >= NEWS_FOR:
        return
    turn = f":{row.attempt_count}" if step == "payment.failed" else ""
    send_mail(
        MAILED[step],
        tenant.billing_email,
        _context(tenant, row),
        tenant_id=tenant.id,
        once_key=f"{step}:{row.stripe_id}{turn}",
    )


def _context(tenant: Tenant, row: Invoice) -> dict[str, Any]:
    zone = ZoneInfo(tenant.time_zone)
    again_at = row.next_payment_attempt_at
    return {
        "tenant": tenant.name,
        "number": row.number,
        "total": row.total_amount,
        "owed": row.remaining_amount,
        "currency": row.currency,
        "issued_on": row.issued_at.astimezone(zone).date(),
        "paid_on": row.paid_at.astimezone(zone).date() if row.paid_at else None,
        "tried_again_on": again_at.astimezone(zone).date() if again_at else None,
        "link": public_url_of("invoices.index", slug=tenant.slug),
        "overview_link": public_url_of("subscriptions.overview", slug=tenant.slug),
    }
