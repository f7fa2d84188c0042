"""Which event means what to us: a hint that a customer's billing state moved, that its details moved, or nothing.

A type that is not here is stored, answered and counted, and changes nothing. No route says what to write: whatever
the event tells is asked again from Stripe.
"""

from __future__ import annotations

from enum import StrEnum

from portal.sync.mark import DETAILS, SYNC


class Hint(StrEnum):
    """The job that an event marks for its customer."""

    STATE = SYNC
    CARDS = DETAILS


_BY_REASON: dict[tuple[Hint, str], tuple[str, ...]] = {
    (Hint.STATE, "the customer's name, address, balance, or default card moved, or it is gone"): (
        "customer.created",
        "customer.updated",
        "customer.deleted",
    ),
    (Hint.STATE, "a subscription began, changed, paused, resumed or ended"): (
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired",
        "customer.subscription.trial_will_end",
    ),
    (Hint.STATE, "a change was planned, or a plan was carried out or dropped"): (
        "subscription_schedule.created",
        "subscription_schedule.updated",
        "subscription_schedule.released",
        "subscription_schedule.canceled",
        "subscription_schedule.completed",
        "subscription_schedule.aborted",
    ),
    (Hint.STATE, "an invoice appeared, moved on, was paid or could not be"): (
        "invoice.created",
        "invoice.finalized",
        "invoice.finalization_failed",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.voided",
        "invoice.marked_uncollectible",
        "invoice.overdue",
        "invoice.deleted",
    ),
    (Hint.STATE, "money came or went back after the invoice was settled"): (
        "charge.refunded",
        "credit_note.created",
        "credit_note.updated",
        "credit_note.voided",
    ),
    (Hint.STATE, "a person finished at Checkout, or a slow payment method gave its answer"): (
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    ),
    (Hint.CARDS, "a card on file came, changed or went"): (
        "payment_method.attached",
        "payment_method.detached",
        "payment_method.updated",
        "payment_method.automatically_updated",
        "setup_intent.succeeded",
    ),
    (Hint.CARDS, "a discount came, changed or went, which only the next invoice shows"): (
        "customer.discount.created",
        "customer.discount.updated",
        "customer.discount.deleted",
    ),
    (Hint.CARDS, "the next invoice is near: its preview should be fresh"): ("invoice.upcoming",),
}

# Left out on purpose: invoice.payment_succeeded and invoice_payment.paid come with invoice.paid, payment_intent.*
# and charge.* with the invoice's own events, and products and prices are ours: we pushed them.
ROUTES: dict[str, tuple[Hint, str]] = {
    type_: (hint, reason) for (hint, reason), types in _BY_REASON.items() for type_ in types
}


def event_types() -> list[str]:
    """Return the types an endpoint at Stripe has to be subscribed to, sorted."""
    return sorted(ROUTES)
