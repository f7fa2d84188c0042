"""What pages show beside the billing state itself: the cards on file and the next invoice as Stripe foresees it.
Fetched after the core sync found a change, so pages never have to ask Stripe."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from portal.customers import mirror as customers_mirror
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway import current_gateway, customers, subscriptions
from portal.gateway.errors import GatewayRefused
from portal.gateway.snapshots import InvoiceSnapshot, PaymentMethodSnapshot
from portal.invoices import mirror as invoices_mirror
from portal.plans.models import Price
from portal.subscriptions.queries import current_subscription
from portal.sync.fence import DETAILS, Ticket, draw_ticket, passes
from portal.sync.mark import mark_details
from portal.web.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Details:
    """The details of a customer as Stripe showed them, and the right to write them. `upcoming` None: there will be
    no next invoice."""

    ticket: Ticket
    payment_methods: tuple[PaymentMethodSnapshot, ...]
    upcoming: InvoiceSnapshot | None


def sync_details(customer_id: int) -> None:
    """Bring a customer's payment methods and next invoice to Stripe's, now. Call it outside any transaction.

    Raises the gateway's errors.
    """
    details = fetch_details(customer_id)
    if details is None:
        return
    with unit_of_work():
        write_details(details)


def fetch_details(customer_id: int) -> Details | None:
    """Ask Stripe, outside any transaction; None for a customer that Stripe does not know (any more)."""
    ticket = draw_ticket(customer_id, DETAILS)
    with unit_of_work():
        customer = db.session.get_one(Customer, customer_id, populate_existing=True)
        subscription = current_subscription(customer.tenant_id)
    if ticket is None or customer.deleted_at is not None:
        return None
    gateway = current_gateway()
    methods = customers.payment_methods(gateway, ticket.stripe_id)
    upcoming = None
    if subscription is not None and subscription.is_live:
        try:
            upcoming = subscriptions.preview_upcoming(
                gateway, subscription.stripe_id, schedule=subscription.schedule_stripe_id
            )
        except GatewayRefused:
            # Stripe refuses to preview what will not happen: the subscription ends with its period.
            upcoming = None
    return Details(ticket, tuple(methods), upcoming)


def write_details(details: Details) -> None:
    """Write the details in the caller's transaction, which must not have written before.

    When others have asked Stripe since, this picture may be the older one: it is dropped, and asked for once more in
    case they do not get to write theirs.
    """
    ticket = details.ticket
    if not passes(ticket):
        mark_details(ticket.customer_id, ticket.tenant_id)
        return
    customers_mirror.write_payment_methods(ticket.tenant_id, details.payment_methods)
    subscription = current_subscription(ticket.tenant_id)
    invoices_mirror.write_upcoming(
        ticket.tenant_id,
        details.upcoming,
        invoice_at=subscription.next_invoice_at if subscription is not None else None,
        prices=_prices(details.upcoming),
    )


def _prices(upcoming: InvoiceSnapshot | None) -> dict[str, Price]:
    wanted = {line.price_stripe_id for line in upcoming.lines} if upcoming is not None else set()
    if not wanted:
        return {}
    rows = db.session.scalars(sa.select(Price).where(Price.stripe_id.in_(wanted)))
    return {row.stripe_id: row for row in rows}
