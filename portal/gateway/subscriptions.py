"""Subscriptions and Checkout: start, cancel, resume, preview the next invoice. Changes of their items
stand in `gateway.changes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayMissing
from portal.gateway.plain import plain, plain_list
from portal.gateway.snapshots import CheckoutSnapshot, InvoiceSnapshot, SubscriptionSnapshot
from portal.kit.clock import to_unix

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceCreatePreviewParams,
        SubscriptionCancelParams,
        SubscriptionUpdateParams,
    )
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

Lines = Sequence[tuple[str, int | None]]
"""Price id and quantity; None for a metered price."""


def list_for(gateway: Gateway, customer: str) -> list[SubscriptionSnapshot]:
    """List every subscription of a customer, ended ones too, newest first."""
    return gateway.call(
        "subscriptions.list",
        lambda client: [
            SubscriptionSnapshot.read(each)
            for each in plain_list(
                client.v1.subscriptions.list(
                    {"customer": customer, "status": "all", "limit": 100, "expand": ["data.schedule"]}
                ),
                most=200,
            )
        ],
        about=customer,
    )


def open_checkout(
    gateway: Gateway,
    *,
    customer: str,
    lines: Lines,
    success_url: str,
    cancel_url: str,
    reference: str,
    metadata: Mapping[str, str],
    key: str,
    trial_days: int | None = None,
    expires_at: datetime | None = None,
) -> CheckoutSnapshot:
    """Open a Checkout Session that starts a subscription. `success_url` may hold {CHECKOUT_SESSION_ID}.

    The metadata goes to the session and to the subscription it makes. The page asks for a billing address, because
    every invoice needs one, and takes a tax id and a promotion code.
    """
    items: list[SessionCreateParamsLineItem] = [
        {"price": price} if quantity is None else {"price": price, "quantity": quantity}
        for price, quantity in lines
    ]
    params: SessionCreateParams = {
        "mode": "subscription",
        "customer": customer,
        "line_items": items,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "client_reference_id": reference,
        "metadata": dict(metadata),
        "subscription_data": {"metadata": dict(metadata)},
        "allow_promotion_codes": True,
        "billing_address_collection": "required",
        "customer_update": {"address": "auto", "name": "auto"},
        "tax_id_collection": {"enabled": True},
    }
    if trial_days:
        params["subscription_data"]["trial_period_days"] = trial_days
    if expires_at is not None:
        params["expires_at"] = to_unix(expires_at)
    return CheckoutSnapshot.read(
        plain(
            gateway.call(
                "checkout.sessions.create",
                lambda client: client.v1.checkout.sessions.create(params, {"idempotency_key": key}),
                about=reference,
            )
        )
    )


def retrieve_checkout(gateway: Gateway, stripe_id: str) -> CheckoutSnapshot:
    """Fetch a Checkout Session. Raises GatewayMissing."""
    return CheckoutSnapshot.read(
        plain(
            gateway.call(
                "checkout.sessions.retrieve",
                lambda client: client.v1.checkout.sessions.retrieve(stripe_id),
                about=stripe_id,
            )
        )
    )


def expire_checkout(gateway: Gateway, stripe_id: str) -> CheckoutSnapshot:
    """Close an open Checkout Session. Raises GatewayRefused if it is no longer open."""
    return CheckoutSnapshot.read(
        plain(
            gateway.call(
                "checkout.sessions.expire",
                lambda client: client.v1.checkout.sessions.expire(stripe_id),
                about=stripe_id,
            )
        )
    )


def set_cancel_at_period_end(
    gateway: Gateway, stripe_id: str, *, cancel: bool, key: str
) -> SubscriptionSnapshot:
    """Plan the end of a subscription for when everything it has paid for is over, or take that back.

    Where items are billed in different intervals, Stripe takes the end of the period for the earliest one.
    """
    params: SubscriptionUpdateParams = {"cancel_at": "max_period_end" if cancel else ""}
    return SubscriptionSnapshot.read(
        plain(
            gateway.call(
                "subscriptions.cancel_at_period_end" if cancel else "subscriptions.resume",
                lambda client: client.v1.subscriptions.update(stripe_id, params, {"idempotency_key": key}),
                about=stripe_id,
            )
        )
    )


def cancel_now(gateway: Gateway, stripe_id: str, *, prorate: bool, comment: str) -> SubscriptionSnapshot:
    """End a subscription at once, with a last invoice for what was used so far; `prorate` credits the rest of the
    period on it. `comment` is kept at Stripe.

    Stripe keeps no idempotency keys for deletions, so one that was ended with this very comment counts as ended by
    this call. Raises GatewayMissing if it was ended otherwise.
    """
    params: SubscriptionCancelParams = {
        "invoice_now": True,
        "prorate": prorate,
        "cancellation_details": {"comment": comment},
    }
    try:
        ended = plain(
            gateway.call(
                "subscriptions.cancel",
                lambda client: client.v1.subscriptions.cancel(stripe_id, params),
                about=stripe_id,
            )
        )
    except GatewayMissing:
        ended = plain(
            gateway.call(
                "subscriptions.retrieve",
                lambda client: client.v1.subscriptions.retrieve(stripe_id),
                about=stripe_id,
            )
        )
        if (ended.get("cancellation_details") or {}).get("comment") != comment:
            raise
    return SubscriptionSnapshot.read(ended)


def preview_upcoming(gateway: Gateway, stripe_id: str, *, schedule: str | None = None) -> InvoiceSnapshot:
    """Preview the next invoice of a subscription, under the schedule that governs it. Raises GatewayRefused when there
    will be none."""
    params: InvoiceCreatePreviewParams = {"schedule": schedule} if schedule else {"subscription": stripe_id}
    return preview_invoice(gateway, params, stripe_id)


def preview_invoice(gateway: Gateway, params: InvoiceCreatePreviewParams, about: str) -> InvoiceSnapshot:
    """Preview an invoice; nothing is made or charged. Raises GatewayRefused when there is none to preview."""
    return InvoiceSnapshot.read(
        plain(
            gateway.call(
                "invoices.create_preview",
                lambda client: client.v1.invoices.create_preview(params),
                about=about,
            )
        )
    )
