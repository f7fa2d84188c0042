"""Asks Stripe for the whole billing state of a customer. Three calls, no transaction open."""

from __future__ import annotations

from dataclasses import dataclass

from portal.gateway import current_gateway, customers, invoices, subscriptions
from portal.gateway.errors import GatewayMissing
from portal.gateway.snapshots import CustomerSnapshot, InvoiceSnapshot, SubscriptionSnapshot

CALLS = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A customer as Stripe showed it, invoices and subscriptions newest first."""

    customer: CustomerSnapshot
    subscriptions: tuple[SubscriptionSnapshot, ...]
    invoices: tuple[InvoiceSnapshot, ...]


def fetch_picture(stripe_id: str) -> Picture:
    """Fetch the customer, all its subscriptions and its newest invoices.

    Raises the gateway's errors; GatewayMissing when this account never had the customer.
    """
    gateway = current_gateway()
    customer = customers.retrieve(gateway, stripe_id)
    try:
        return Picture(
            customer,
            tuple(subscriptions.list_for(gateway, stripe_id)),
            tuple(invoices.list_for(gateway, stripe_id)),
        )
    except GatewayMissing:
        # The lists of a deleted customer may be refused; everything it had has ended.
        if not customer.deleted:
            raise
        return Picture(customer, (), ())
