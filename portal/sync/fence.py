"""Keeps an older picture of Stripe from overwriting a newer one.

Every sync draws a ticket before it asks Stripe. It may write only while no later ticket was drawn: whoever drew
later also asks later, so their picture is at least as new. Comparing with the last ticket *written* would not do: a
sync that drew first but asked last may write first, and then be overwritten by the later ticket's older picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.web.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to write the customer's next picture, as long as `number` is the newest drawn."""

    customer_id: int
    tenant_id: int
    stripe_id: str
    number: int


def draw_ticket(customer_id: int) -> Ticket | None:
    """Draw the next ticket in a short transaction of its own; None while Stripe does not know the customer."""
    with unit_of_work():
        row = db.session.execute(
            sa.update(Customer)
            .where(Customer.id == customer_id, Customer.stripe_id.is_not(None))
            .values(sync_ticket=Customer.sync_ticket + 1)
            .returning(Customer.tenant_id, Customer.stripe_id, Customer.sync_ticket)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    if row is None or row.stripe_id is None:
        return None
    return Ticket(customer_id, row.tenant_id, row.stripe_id, row.sync_ticket)


def passes(ticket: Ticket) -> bool:
    """Tell whether the ticket is still the newest, and hold that true until the transaction ends.

    Must be the first statement of the writing transaction.
    """
    passed = db.session.execute(
        sa.update(Customer)
        .where(Customer.id == ticket.customer_id, Customer.sync_ticket == ticket.number)
        .values(synced_ticket=ticket.number, synced_at=utcnow())
        .returning(Customer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return passed is not None
