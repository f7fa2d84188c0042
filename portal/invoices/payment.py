"""What became of the payment of a change that was confirmed: made, waiting for the bank, declined or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.invoices.models import Invoice
from portal.plans.catalog import current_catalog
from portal.subscriptions.models import Quote
from portal.subscriptions.quotes import quote_by_id
from portal.subscriptions.waiting_payment import intent_of
from portal.web.filters import plural

State = Literal["unknown", "waiting", "made", "declined", "given_up"]
STATES: dict[str, State] = {
    IntentState.OPEN: "unknown",
    IntentState.WAITING: "waiting",
    IntentState.DONE: "made",
    IntentState.FAILED: "declined",
    IntentState.ABANDONED: "given_up",
}


@dataclass(frozen=True, slots=True)
class ChangePayment:
    """A confirmed quote and its payment. `invoice` None: the mirror does not show one."""

    quote: Quote
    intent: Intent
    invoice: Invoice | None

    @property
    def state(self) -> State:
        """How the payment stands."""
        return STATES[self.intent.state]

    @property
    def wanted(self) -> str:
        """What the change makes of the plan, in words: a plan with its interval, or a number of seats."""
        change = self.quote.change
        if self.quote.kind == "seats":
            return plural(change["seats"], "seat")
        plan = current_catalog().plans.get(change["plan"])
        return f"{plan.name if plan is not None else 'another plan'}, billed by the {change['interval']}"


def payment_of(tenant_id: int, quote_public_id: str) -> ChangePayment:
    """Return the payment of a confirmed quote. Raises NotFound, also for another tenant's or one not confirmed."""
    intent = intent_of(tenant_id, quote_public_id)
    quote = quote_by_id(tenant_id, quote_public_id, intent.kind)
    invoice = db.session.scalars(
        sa.select(Invoice).where(Invoice.tenant_id == tenant_id, Invoice.stripe_id == intent.stripe_id)
    ).one_or_none()
    return ChangePayment(quote, intent, invoice)
