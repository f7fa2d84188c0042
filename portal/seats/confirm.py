"""Applies a quote for seats: exactly what it says, once, or not at all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import structlog

from portal.audit.record import record
from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway import subscriptions
from portal.gateway.client import Gateway
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.clock import from_unix, to_unix, utcnow
from portal.kit.errors import Conflict, NotFound
from portal.kit.ids import is_public_id
from portal.seats.change import basis_of, seat_item, wanted_change
from portal.seats.limits import lock_seats
from portal.subscriptions.models import Quote, Subscription

log = structlog.get_logger("seats")


class QuoteStale(Conflict):
    """The quote is too old, or what it was computed from has moved."""

    code = "quote_stale"
    public_message = (
        "The price has to be computed again, because something changed or it is over 15 minutes old."
    )


class QuoteUsed(Conflict):
    """The quote was confirmed before; a second click must not change anything."""

    code = "quote_used"
    public_message = "This change has been made already."


class ChangeUnderWay(Conflict):
    """Another change of seats is not finished yet."""

    code = "change_under_way"
    public_message = "Another change of your seats is still being processed. Please try again in a minute."


def quote_by_id(tenant_id: int, public_id: str, *, lock: bool = False) -> Quote:
    """Return the tenant's quote for seats. Raises NotFound, also for another tenant's."""
    if not is_public_id(public_id):
        raise NotFound("not the form of a quote's id")
    statement = sa.select(Quote).where(
        Quote.tenant_id == tenant_id, Quote.public_id == public_id, Quote.kind == "seats"
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    quote = db.session.scalars(statement).one_or_none()
    if quote is None:
        raise NotFound(f"quote {public_id!r} of tenant {tenant_id}")
    return quote


def is_valid(quote: Quote) -> bool:
    """Tell whether the quote can still be confirmed: not used, not expired, resting on what is true now."""
    if quote.confirmed_at is not None or utcnow() >= quote.expires_at:
        return False
    subscription, item = seat_item(quote.tenant_id)
    if billing_now(quote.tenant_id) >= item.current_period_end_at:
        return False
    return quote.basis == basis_of(subscription, item)


def confirm(tenant_id: int, public_id: str, actor_user_id: int) -> Intent:
    """Write the intent that applies a quote; call it in a unit of work and carry the intent out after it.

    Raises NotFound, QuoteUsed, ChangeUnderWay, QuoteStale, and the refusals of `wanted_change`, which are checked
    again under the lock under which seats are given.
    """
    lock_seats(tenant_id)
    quote = quote_by_id(tenant_id, public_id, lock=True)
    if quote.confirmed_at is not None:
        raise QuoteUsed(public_id)
    if _is_under_way(tenant_id):
        raise ChangeUnderWay(public_id)
    if not is_valid(quote) or quote.proration_at is None:
        raise QuoteStale(public_id)
    change = wanted_change(tenant_id, int(quote.change["seats"]))
    quote.confirmed_at = utcnow()
    params = {
        "quote": quote.public_id,
        "subscription": change.subscription.stripe_id,
        "item": change.item.stripe_id,
        "quantity": change.quantity,
        "before": change.item.quantity,
        "proration_at": to_unix(quote.proration_at),
        "invoice_before": _newest_invoice(change.subscription),
    }
    return write.open_intent("seats", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Set the quantity at Stripe and report the invoice the change made, if it made one."""
    changed = subscriptions.set_quantity(
        gateway,
        intent.params["subscription"],
        item=intent.params["item"],
        quantity=intent.params["quantity"],
        proration_at=from_unix(intent.params["proration_at"]),
        key=intent.idempotency_key,
    )
    invoice = changed.invoice
    if invoice is None or invoice.stripe_id == intent.params["invoice_before"]:
        return {"invoice": None, "charged": 0}
    return {"invoice": invoice.stripe_id, "charged": invoice.due_amount}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the seats were changed, and what was charged compared with what was shown."""
    write.finish(intent, result)
    quote = quote_by_id(intent.tenant_id, intent.params["quote"], lock=True)
    quote.invoice_stripe_id, quote.charged_amount = result["invoice"], result["charged"]
    record(
        "seats.changed",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        before=intent.params["before"],
        after=intent.params["quantity"],
        quoted=quote.due_now_amount,
        charged=quote.charged_amount,
        currency=quote.currency,
    )
    if quote.charged_amount != quote.due_now_amount:
        log.error(
            "charge_differs_from_quote",
            quote=quote.public_id,
            quoted=quote.due_now_amount,
            charged=quote.charged_amount,
        )


def _is_under_way(tenant_id: int) -> bool:
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    Intent.tenant_id == tenant_id,
                    Intent.kind == "seats",
                    Intent.state == IntentState.OPEN,
                )
            )
        )
    )


def _newest_invoice(subscription: Subscription) -> str | None:
    newest = subscription.stripe_object.get("latest_invoice")
    return newest["id"] if isinstance(newest, dict) else newest
