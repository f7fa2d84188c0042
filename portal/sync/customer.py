"""The one way Stripe's state becomes ours: fetch everything about a customer, write it behind the fence.

Called by the worker after webhooks, by pages that a person returns to from Stripe, by the reconciler and by the
operator. No event's content is ever applied, so order, duplicates and losses of events cannot change the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway.errors import GatewayError
from portal.kit.clock import utcnow
from portal.sync.fence import Ticket, draw_ticket, passes
from portal.sync.fetch import CALLS, Picture, fetch_picture
from portal.sync.mark import mark_customer, mark_details
from portal.sync.models import SyncRun
from portal.sync.write import write_picture
from portal.web.unit_of_work import unit_of_work

TRIES = 3
Outcome = Literal["written", "overtaken", "skipped"]


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """How a sync ended: `written`; `overtaken` by others three times (its keyed job will do it); `skipped` because
    Stripe does not know the customer yet. `changes` names what moved, by object; `ticket` is the last one drawn."""

    outcome: Outcome
    changes: dict[str, Any]
    calls: int
    ticket: int = 0


def sync_customer(customer_id: int, *, trigger: str) -> SyncOutcome:
    """Bring our picture of a customer to Stripe's. Opens its own units of work: call it outside any transaction.

    `trigger` (webhook, return, change, reconcile, operator) is kept in the run record. Raises the gateway's errors
    after noting the failed run.
    """
    started_at = utcnow()
    ticket: Ticket | None = None
    for attempt in range(1, TRIES + 1):
        ticket = draw_ticket(customer_id)
        if ticket is None:
            break
        try:
            picture = fetch_picture(ticket.stripe_id)
        except GatewayError:
            with unit_of_work():
                _note(ticket, trigger, "failed", {}, attempt, started_at)
            raise
        changes = write_behind_fence(ticket, picture, trigger=trigger, attempt=attempt, started_at=started_at)
        if changes is not None:
            return SyncOutcome("written", changes, attempt * CALLS, ticket.number)
    if ticket is None:
        return SyncOutcome("skipped", {}, 0)
    with unit_of_work():
        _note(ticket, trigger, "overtaken", {}, TRIES, started_at)
        mark_customer(customer_id, ticket.tenant_id, trigger=trigger)
    return SyncOutcome("overtaken", {}, TRIES * CALLS, ticket.number)


def write_behind_fence(
    ticket: Ticket, picture: Picture, *, trigger: str, attempt: int = 1, started_at: datetime | None = None
) -> dict[str, Any] | None:
    """Write a picture if its ticket is still the newest, in one transaction; return what changed.

    Returns None, and writes nothing, when a later ticket was drawn.
    """
    with unit_of_work():
        if not passes(ticket):
            return None
        row = db.session.get_one(Customer, ticket.customer_id, populate_existing=True)
        changes = write_picture(row, picture)
        if changes:
            mark_details(ticket.customer_id, ticket.tenant_id)
        _note(ticket, trigger, "written", changes, attempt, started_at or utcnow())
    return changes


def _note(
    ticket: Ticket, trigger: str, outcome: str, changes: dict[str, Any], attempt: int, started_at: datetime
) -> None:
    db.session.add(
        SyncRun(
            tenant_id=ticket.tenant_id,
            trigger=trigger,
            ticket=ticket.number,
            calls=attempt * CALLS,
            outcome=outcome,
            changes=changes,
            started_at=started_at,
            finished_at=utcnow(),
        )
    )
