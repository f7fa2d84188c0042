"""The Customer Portal's configuration: what a customer may do on Stripe's own page. Changing plans and seats is
left out on purpose, because Stripe's page cannot change a subscription with several items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list

if TYPE_CHECKING:
    from stripe.params.billing_portal import ConfigurationCreateParams

VERSION = "1"
"""Raise it when the parameters below change: the next push then makes a new configuration, which is used from then."""
_PARAMS: ConfigurationCreateParams = {
    "name": "Billing portal",
    "metadata": {"billing_portal": VERSION},
    "features": {
        "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "mode": "at_period_end",
            "cancellation_reason": {
                "enabled": True,
                "options": ["too_expensive", "missing_features", "switched_service", "unused", "other"],
            },
        },
        "subscription_update": {"enabled": False},
    },
}


def find(gateway: Gateway) -> str | None:
    """Return the id of the active configuration that `create` made at this version, or None."""
    found = gateway.call(
        "portal.configurations.list",
        lambda client: plain_list(
            client.v1.billing_portal.configurations.list({"active": True, "limit": 100}), most=1000
        ),
    )
    ours = [raw["id"] for raw in found if (raw.get("metadata") or {}).get("billing_portal") == VERSION]
    return str(ours[0]) if ours else None


def create(gateway: Gateway) -> str:
    """Create the configuration and return its id."""
    created = gateway.call(
        "portal.configurations.create",
        lambda client: client.v1.billing_portal.configurations.create(_PARAMS),
    )
    return str(plain(created)["id"])
