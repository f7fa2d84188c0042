"""Pausing a subscription and resuming it (docs.stripe.com/billing/subscriptions/pausing): while it is paused it makes
no invoices and its periods do not advance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.gateway.client import Gateway
from portal.gateway.plain import plain
from portal.gateway.snapshots import SubscriptionSnapshot

if TYPE_CHECKING:
    from stripe.params import SubscriptionPauseParams, SubscriptionResumeParams


def pause(gateway: Gateway, stripe_id: str, *, key: str) -> SubscriptionSnapshot:
    """Pause a subscription at once: an invoice charges what was used so far and credits the rest of the period.

    Raises GatewayRefused for one that a schedule governs, or that is paused or over.
    """
    params: SubscriptionPauseParams = {"type": "subscription", "invoicing_behavior": "invoice"}
    return SubscriptionSnapshot.read(
        plain(
            gateway.call(
                "subscriptions.pause",
                lambda client: client.v1.subscriptions.pause(stripe_id, params, {"idempotency_key": key}),
                about=stripe_id,
            )
        )
    )


def resume(gateway: Gateway, stripe_id: str, *, key: str) -> SubscriptionSnapshot:
    """Resume a paused subscription with a period that begins now and is invoiced at once; if that is not paid at
    once, it stays paused until it is. Raises GatewayRefused if it is not paused."""
    params: SubscriptionResumeParams = {
        "billing_cycle_anchor": {"type": "now"},
        "payment_behavior": "resume_on_payment_success",
    }
    return SubscriptionSnapshot.read(
        plain(
            gateway.call(
                "subscriptions.resume_paused",
                lambda client: client.v1.subscriptions.resume(stripe_id, params, {"idempotency_key": key}),
                about=stripe_id,
            )
        )
    )
