"""Customers, their payment methods, and the hand-off to the Customer Portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list
from portal.gateway.snapshots import CustomerSnapshot, PaymentMethodSnapshot

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams
    from stripe.params.billing_portal import SessionCreateParams


def create(
    gateway: Gateway, *, email: str, name: str, tenant_public_id: str, key: str, test_clock: str | None = None
) -> CustomerSnapshot:
    """Create the tenant's customer. The same `key` never makes a second one."""
    params: CustomerCreateParams = {"email": email, "name": name, "metadata": {"tenant": tenant_public_id}}
    if test_clock is not None:
        params["test_clock"] = test_clock
    return CustomerSnapshot.read(
        plain(
            gateway.call(
                "customers.create",
                lambda client: client.v1.customers.create(params, {"idempotency_key": key}),
                about=tenant_public_id,
            )
        )
    )


def retrieve(gateway: Gateway, stripe_id: str) -> CustomerSnapshot:
    """Fetch a customer with its default payment method and test clock. Raises GatewayMissing."""
    return CustomerSnapshot.read(
        plain(
            gateway.call(
                "customers.retrieve",
                lambda client: client.v1.customers.retrieve(
                    stripe_id, {"expand": ["invoice_settings.default_payment_method", "test_clock"]}
                ),
                about=stripe_id,
            )
        )
    )


def find(gateway: Gateway, *, email: str, tenant_public_id: str) -> CustomerSnapshot | None:
    """Return the customer that was created for a tenant under this address, or None.

    Lists by address instead of searching by metadata, because Stripe's search lags behind its writes.
    """
    found = gateway.call(
        "customers.list",
        lambda client: plain_list(client.v1.customers.list({"email": email, "limit": 100}), most=1000),
        about=tenant_public_id,
    )
    ours = [raw for raw in found if (raw.get("metadata") or {}).get("tenant") == tenant_public_id]
    return CustomerSnapshot.read(ours[0]) if ours else None


def payment_methods(gateway: Gateway, stripe_id: str) -> list[PaymentMethodSnapshot]:
    """List the payment methods attached to a customer, newest first."""
    return gateway.call(
        "customers.payment_methods",
        lambda client: [
            PaymentMethodSnapshot.read(each)
            for each in plain_list(
                client.v1.customers.payment_methods.list(stripe_id, {"limit": 100}), most=100
            )
        ],
        about=stripe_id,
    )


def portal_url(
    gateway: Gateway,
    stripe_id: str,
    *,
    return_url: str,
    configuration: str | None = None,
    flow: Literal["payment_method_update"] | None = None,
) -> str:
    """Open a Customer Portal session and return its address, a bearer secret: redirect to it, never log it.

    `flow` leads straight to one form, and back when it was sent.
    """
    params: SessionCreateParams = {"customer": stripe_id, "return_url": return_url}
    if configuration is not None:
        params["configuration"] = configuration
    if flow is not None:
        params["flow_data"] = {
            "type": flow,
            "after_completion": {"type": "redirect", "redirect": {"return_url": return_url}},
        }
    return str(
        gateway.call(
            "portal.sessions.create",
            lambda client: client.v1.billing_portal.sessions.create(params),
            about=stripe_id,
        ).url
    )
