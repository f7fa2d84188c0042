"""The coupon that is offered to who wants to leave. A coupon never changes at Stripe: another offer is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list
from portal.gateway.snapshots import SubscriptionSnapshot

if TYPE_CHECKING:
    from stripe.params import SubscriptionUpdateParams

MOST = 10_000


def exists(gateway: Gateway, stripe_id: str) -> bool:
    """Tell whether a coupon can be redeemed. Asked by a list, because that there is none yet is no failure."""
    found = gateway.call(
        "coupons.list", lambda client: plain_list(client.v1.coupons.list({"limit": 100}), most=MOST)
    )
    return any(raw["id"] == stripe_id and raw["valid"] for raw in found)


def create(gateway: Gateway, stripe_id: str, *, name: str, percent_off: int, months: int) -> None:
    """Make a coupon that takes `percent_off` percent off all invoices of so many months. Raises GatewayRefused if
    there is one of this id."""
    gateway.call(
        "coupons.create",
        lambda client: client.v1.coupons.create(
            {
                "id": stripe_id,
                "name": name,
                "percent_off": percent_off,
                "duration": "repeating",
                "duration_in_months": months,
            }
        ),
        about=stripe_id,
    )


def give(gateway: Gateway, subscription: str, coupon: str, *, key: str) -> SubscriptionSnapshot:
    """Let a coupon reduce the coming invoices of a subscription, instead of any other. Raises GatewayRefused if it
    cannot be redeemed."""
    params: SubscriptionUpdateParams = {"discounts": [{"coupon": coupon}]}
    return SubscriptionSnapshot.read(
        plain(
            gateway.call(
                "subscriptions.give_coupon",
                lambda client: client.v1.subscriptions.update(subscription, params, {"idempotency_key": key}),
                about=subscription,
            )
        )
    )
