"""Brings all mirrors of a tenant to one picture of Stripe, in the caller's transaction, and lets each slice announce
what changed."""

from __future__ import annotations

from typing import Any

from portal.customers import mirror as customers_mirror
from portal.customers.models import Customer
from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway.snapshots import SubscriptionSnapshot
from portal.invoices import announce as invoices_announce
from portal.invoices import mirror as invoices_mirror
from portal.seats import mirror as seats_mirror
from portal.seats.give_way import give_way
from portal.subscriptions import announce as subscriptions_announce
from portal.subscriptions import mirror as subscriptions_mirror
from portal.subscriptions.models import LIVE
from portal.sync.fetch import Picture
from portal.sync.paid_checkout import look_at_checkout
from portal.sync.waiting_payment import settle_waiting
from portal.tenants.models import Tenant


def write_picture(row: Customer, picture: Picture) -> dict[str, Any]:
    """Write a picture behind the fence. Returns what changed, by object: {"subscription sub_...": {field: pair}}."""
    tenant_id = row.tenant_id
    changed: dict[str, Any] = {}
    customer = customers_mirror.write(row, picture.customer, charged_to=_charged_to(picture.subscriptions))
    if customer:
        changed[f"customer {row.stripe_id}"] = customer
    subscriptions = subscriptions_mirror.write(
        tenant_id, picture.subscriptions, unpaid_since=invoices_mirror.unpaid_since(picture.invoices)
    )
    changed |= {f"subscription {each.row.stripe_id}": each.fields for each in subscriptions}
    look_at_checkout(tenant_id, subscriptions, picture.subscriptions)
    invoices = invoices_mirror.write(tenant_id, picture.invoices)
    changed |= {f"invoice {each.row.stripe_id}": each.fields for each in invoices}
    # Queries follow: the seats bought are those of the current subscription, the time is that of the test clock.
    db.session.flush()
    seats = seats_mirror.write(tenant_id) if subscriptions else {}
    if seats:
        changed["seats"] = seats
    settle_waiting(tenant_id, picture.invoices)
    for each in subscriptions:
        if each.row.is_live and {"plan_key", "interval"} & each.fields.keys():
            give_way(each.row)
    if subscriptions or invoices:
        tenant, now = db.session.get_one(Tenant, tenant_id), billing_now(tenant_id)
        subscriptions_announce.announce(tenant, subscriptions, now=now, run=row.sync_ticket)
        invoices_announce.announce(tenant, invoices, now=now, awaited=_awaited(picture.subscriptions))
    return changed


def _awaited(snapshots: tuple[SubscriptionSnapshot, ...]) -> set[str]:
    """The invoices that a change waits for; they are asked for on its page."""
    return {each.latest_invoice_stripe_id or "" for each in snapshots if each.pending_until is not None}


def _charged_to(snapshots: tuple[SubscriptionSnapshot, ...]) -> str | None:
    return next(
        (
            each.default_payment_method_stripe_id
            for each in snapshots
            if each.status in LIVE and each.default_payment_method_stripe_id is not None
        ),
        None,
    )
