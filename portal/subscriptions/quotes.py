"""Quotes of every kind: what one rests on, whether it still holds, and the claim that lets it be applied once. What a
quote is for, and what applying it does, stands with each kind (`seats`, `change`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway.changes import Changed
from portal.gateway.snapshots import InvoiceSnapshot
from portal.intents.models import Intent, IntentState
from portal.kit.clock import to_unix, utcnow
from portal.kit.errors import Conflict, NotFound
from portal.kit.ids import is_public_id
from portal.subscriptions.models import Quote, Subscription

VALID_FOR = timedelta(minutes=15)
CHANGING = ("seats", "change", "keep", "replan", "complete")
"""The intents that change what a subscription is made of, now or at the end of its period."""
STOPPING = ("cancel", "resume", "pause", "unpause")
"""The intents that change whether a subscription goes on."""
log = structlog.get_logger("quotes")


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


class PaymentAwaited(Conflict):
    """A change waits for its payment to be confirmed."""

    code = "payment_awaited"
    public_message = (
        "The payment for your last change has not been confirmed yet. Please confirm it, or drop that change."
    )


class ChangeUnderWay(Conflict):
    """Another change of the subscription is not finished yet."""

    code = "change_under_way"
    public_message = (
        "Another change of your plan or seats is still being processed. Please try again in a minute."
    )


def quote_by_id(tenant_id: int, public_id: str, kind: str, *, lock: bool = False) -> Quote:
    """Return the tenant's quote of a kind. Raises NotFound, also for another tenant's."""
    if not is_public_id(public_id):
        raise NotFound("not the form of a quote's id")
    statement = sa.select(Quote).where(
        Quote.tenant_id == tenant_id, Quote.public_id == public_id, Quote.kind == kind
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    quote = db.session.scalars(statement).one_or_none()
    if quote is None:
        raise NotFound(f"quote {public_id!r} of tenant {tenant_id}")
    return quote


def fingerprint(subscription: Subscription, *more: Any) -> str:
    """Hash what a quote rests on: items, prices, quantities, period, discounts, planned end and change, our own last
    change, and `more` facts of the kind."""
    last_change = db.session.scalar(
        sa.select(sa.func.max(Intent.id)).where(
            Intent.tenant_id == subscription.tenant_id,
            Intent.kind.in_(CHANGING),
            Intent.state.in_((IntentState.OPEN, IntentState.DONE)),
        )
    )
    items = [
        (
            item.stripe_id,
            item.price_stripe_id,
            item.quantity,
            item.current_period_start_at,
            item.current_period_end_at,
        )
        for item in subscription.items
    ]
    facts = (
        subscription.stripe_id,
        subscription.status,
        subscription.cancel_at,
        subscription.schedule_stripe_id,
        subscription.stripe_object.get("discounts"),
        sorted(items),
        last_change,
        more,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def valid_until(subscription: Subscription, since: datetime) -> datetime:
    """Return until when a quote made now holds: 15 minutes, but not beyond the next invoice. `since` is the tenant's
    billing time now."""
    return utcnow() + min(VALID_FOR, subscription.next_invoice_at - since)


def holds(quote: Quote, subscription: Subscription, basis: str) -> bool:
    """Tell whether a quote can still be confirmed: not used, not expired, resting on what is true now."""
    if quote.confirmed_at is not None or utcnow() >= quote.expires_at:
        return False
    if billing_now(quote.tenant_id) >= subscription.next_invoice_at:
        return False
    return quote.basis == basis


def claim(tenant_id: int, public_id: str, kind: str) -> Quote:
    """Return a quote, locked, that nobody confirmed yet, while nothing else changes the subscription.

    Raises NotFound, QuoteUsed, ChangeUnderWay or PaymentAwaited. Whether it still holds is the caller's to check.
    """
    quote = quote_by_id(tenant_id, public_id, kind, lock=True)
    if quote.confirmed_at is not None:
        raise QuoteUsed(public_id)
    refuse_while_changing(tenant_id)
    return quote


def refuse_while_changing(tenant_id: int, kinds: Sequence[str] = (*CHANGING, *STOPPING)) -> None:
    """Raise ChangeUnderWay while the outcome of another change of these kinds is not known, PaymentAwaited while one
    waits for its payment."""
    state = db.session.scalar(
        sa.select(Intent.state)
        .where(
            Intent.tenant_id == tenant_id,
            Intent.kind.in_(kinds),
            Intent.state.in_((IntentState.OPEN, IntentState.WAITING)),
        )
        .limit(1)
    )
    if state == IntentState.WAITING:
        raise PaymentAwaited(f"tenant {tenant_id}")
    if state is not None:
        raise ChangeUnderWay(f"tenant {tenant_id}")


def newest_invoice(subscription: Subscription) -> str | None:
    """Return the invoice the subscription made last, so that a change's own invoice can be told from it."""
    newest = subscription.stripe_object.get("latest_invoice")
    return newest["id"] if isinstance(newest, dict) else newest


def lines_of(invoice: InvoiceSnapshot) -> list[dict[str, Any]]:
    """Return the lines of a preview as a quote keeps them; with what discounts take off, they add up to the total
    before tax."""
    lines: list[dict[str, Any]] = [
        {"description": line.description, "amount": line.amount} for line in invoice.lines
    ]
    if invoice.discount_amount:
        lines.append({"description": "Discount", "amount": -invoice.discount_amount})
    return lines


def charge_of(changed: Changed, invoice_before: str | None) -> dict[str, Any]:
    """Return the invoice a change made and what it charges, as an intent's result; no invoice, no charge.
    `waits_until` (Unix seconds) is there while nothing is charged yet, because the bank asks for the card's owner."""
    invoice = changed.invoice
    if invoice is None or invoice.stripe_id == invoice_before:
        return {"invoice": None, "charged": 0}
    charge = {"invoice": invoice.stripe_id, "charged": invoice.due_amount}
    waits_until = changed.subscription.pending_until
    return charge if waits_until is None else {**charge, "waits_until": to_unix(waits_until)}


def note_charge(quote: Quote, result: dict[str, Any]) -> None:
    """Write down what was charged for a quote, and complain if that is not what was shown."""
    quote.invoice_stripe_id, quote.charged_amount = result["invoice"], result["charged"]
    if quote.charged_amount != quote.due_now_amount:
        report = log.error if quote.proration_at is not None else log.info
        report(
            "charge_differs_from_quote",
            quote=quote.public_id,
            quoted=quote.due_now_amount,
            charged=quote.charged_amount,
        )
