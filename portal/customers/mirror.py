"""Writes what Stripe says about a customer into its row, and its payment methods into theirs."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from portal.customers.models import Customer, PaymentMethod
from portal.extensions import db
from portal.gateway.snapshots import CustomerSnapshot, PaymentMethodSnapshot
from portal.kit.changes import Changes, assign
from portal.kit.clock import utcnow


def write(row: Customer, snapshot: CustomerSnapshot, *, charged_to: str | None) -> Changes:
    """Bring the row to the snapshot and return what changed. `charged_to` is the payment method of the running
    subscription: Checkout sets it there and not on the customer, and Stripe charges it first."""
    if snapshot.deleted:
        return assign(
            row,
            {"deleted_at": row.deleted_at or utcnow(), "default_payment_method_stripe_id": None},
        )
    default = snapshot.default_payment_method
    return assign(
        row,
        {
            "email": snapshot.email,
            "name": snapshot.name,
            "balance_amount": snapshot.balance_amount,
            "currency": snapshot.currency,
            "delinquent": snapshot.delinquent,
            "livemode": snapshot.livemode,
            "clock_at": snapshot.clock_at,
            "deleted_at": None,
            "default_payment_method_stripe_id": charged_to or (default.stripe_id if default else None),
            "stripe_object": snapshot.raw,
        },
    )


def write_payment_methods(tenant_id: int, snapshots: Sequence[PaymentMethodSnapshot]) -> Changes:
    """Make the tenant's payment methods exactly these; detached ones go. Returns what changed, by Stripe's id."""
    rows = {
        row.stripe_id: row
        for row in db.session.scalars(sa.select(PaymentMethod).where(PaymentMethod.tenant_id == tenant_id))
    }
    changes: Changes = {}
    for snapshot in snapshots:
        row = rows.pop(snapshot.stripe_id, None)
        if row is None:
            row = PaymentMethod(tenant_id=tenant_id, stripe_id=snapshot.stripe_id)
            db.session.add(row)
        changed = assign(
            row,
            {
                "type": snapshot.type,
                "brand": snapshot.brand,
                "last4": snapshot.last4,
                "exp_month": snapshot.exp_month,
                "exp_year": snapshot.exp_year,
            },
        )
        if changed:
            changes[snapshot.stripe_id] = ["", ", ".join(changed)]
    for row in rows.values():
        db.session.delete(row)
        changes[row.stripe_id] = ["attached", "detached"]
    return changes
