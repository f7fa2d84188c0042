"""Ends changes that wait for their payment, by what became of their invoice. Called in the transaction that writes
Stripe's picture, so that it does not matter who saw first that it was paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.gateway.snapshots import InvoiceSnapshot
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.seats import confirm as seats
from portal.subscriptions import confirm_change
from portal.subscriptions.pause import drop_unpaid
from portal.subscriptions.waiting_payment import KINDS

OVER = ("void", "uncollectible")


class _Ending(NamedTuple):
    settle: Callable[[Intent, dict[str, Any]], None]
    after: Callable[[Intent], None]


_ENDINGS = {
    "change": _Ending(confirm_change.settle, confirm_change.after_payment),
    "seats": _Ending(seats.settle, seats.after_payment),
}


def settle_waiting(tenant_id: int, invoices: Sequence[InvoiceSnapshot]) -> None:
    """Finish the tenant's waiting changes whose invoice is paid, and give up those whose invoice is void, as well as
    the end of a pause whose invoice is.

    An invoice that the picture does not hold yet decides nothing: the picture is older than the change.
    """
    status_of = {each.stripe_id: each.status for each in invoices}
    void = {stripe_id for stripe_id, status in status_of.items() if status == "void"}
    if void:
        drop_unpaid(tenant_id, void)
    waiting = db.session.scalars(
        sa.select(Intent)
        .where(Intent.tenant_id == tenant_id, Intent.kind.in_(KINDS), Intent.state == IntentState.WAITING)
        .with_for_update()
    ).all()
    for intent in waiting:
        status = status_of.get(intent.stripe_id or "")
        if status == "paid":
            ending = _ENDINGS[intent.kind]
            ending.settle(intent, {**(intent.result or {}), "waits_until": None})
            ending.after(intent)
        elif status in OVER:
            write.abandon(intent, "not_paid")
            record(
                f"{intent.kind}.not_paid",
                tenant_id=tenant_id,
                object_type="invoice",
                object_id=intent.stripe_id or "",
                actor="stripe",
            )
