"""Keeps an older picture of Stripe from overwriting a newer one.

Every sync draws a ticket before it asks Stripe. It may write only while no later ticket was drawn: whoever drew
later also asks later, so their picture is at least as new. Comparing with the last ticket *written* would not do: a
sync that drew first but asked last may write first, and then be overwritten by the later ticket's older picture.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.web.unit_of_work import unit_of_work

PATIENCE_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.05

_customers = Customer.metadata.tables["customer"]


class Fence:
    """Guards one picture of a customer: `issued` names the column that counts its tickets, `synced_at` the time of
    the last picture written, `written` its ticket (None: nobody waits for it)."""

    def __init__(self, issued: str, synced_at: str, written: str | None = None) -> None:
        column = _customers.c[issued]
        self.draw = (
            sa.update(_customers)
            .where(_customers.c.id == sa.bindparam("customer"), _customers.c.stripe_id.is_not(None))
            .values({issued: column + 1})
            .returning(_customers.c.tenant_id, _customers.c.stripe_id, column.label("number"))
        )
        values: dict[str, sa.BindParameter[object]] = {synced_at: sa.bindparam("now")}
        if written is not None:
            values[written] = sa.bindparam("ticket")
        self.let_pass = (
            sa.update(_customers)
            .where(_customers.c.id == sa.bindparam("customer"), column == sa.bindparam("ticket"))
            .values(values)
            .returning(_customers.c.id)
        )


BILLING = Fence("sync_ticket", "synced_at", "synced_ticket")
DETAILS = Fence("details_ticket", "details_synced_at")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to write the customer's next picture, as long as `number` is the newest drawn at its fence."""

    customer_id: int
    tenant_id: int
    stripe_id: str
    number: int
    fence: Fence


def draw_ticket(customer_id: int, fence: Fence = BILLING) -> Ticket | None:
    """Draw the next ticket in a short transaction of its own; None while Stripe does not know the customer."""
    with unit_of_work():
        row = db.session.execute(fence.draw, {"customer": customer_id}).one_or_none()
    if row is None or row.stripe_id is None:
        return None
    return Ticket(customer_id, row.tenant_id, row.stripe_id, row.number, fence)


def passes(ticket: Ticket) -> bool:
    """Tell whether the ticket is still the newest, and hold that true until the transaction ends.

    Must be the first statement of the writing transaction.
    """
    values = {"customer": ticket.customer_id, "ticket": ticket.number, "now": utcnow()}
    return db.session.execute(ticket.fence.let_pass, values).one_or_none() is not None


def is_written_soon(customer_id: int, ticket: int) -> bool:
    """Wait up to two seconds until this ticket or a later one has been written; tell whether one was.

    For a person who waits for the page that shows a change, while another sync is writing it. Call it outside any
    transaction.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        with unit_of_work():
            written = db.session.scalar(sa.select(Customer.synced_ticket).where(Customer.id == customer_id))
        if written is not None and written >= ticket:
            return True
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
