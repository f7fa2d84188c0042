"""Reads about a tenant's invoices: the list, and the next one as Stripe foresaw it."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.kit.pagination import Page, cut

PAGE_SIZE = 20
_UPCOMING = sa.select(UpcomingInvoice).where(UpcomingInvoice.tenant_id == sa.bindparam("tenant_id"))


def invoices_of(tenant_id: int, *, page: int) -> Page[Invoice]:
    """Return one page of the tenant's invoices, newest first; drafts are left out, they are not owed yet."""
    rows = db.session.scalars(
        sa.select(Invoice)
        .where(Invoice.tenant_id == tenant_id, Invoice.status != "draft")
        .order_by(Invoice.issued_at.desc(), Invoice.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    return cut(rows, number=page, size=PAGE_SIZE)


def upcoming_invoice(tenant_id: int) -> UpcomingInvoice | None:
    """Return the stored preview of the next invoice, or None when there will be none or nobody has looked yet."""
    return db.session.scalars(_UPCOMING, {"tenant_id": tenant_id}).one_or_none()
