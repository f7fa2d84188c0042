"""What is sold, at Stripe: products, meters and features; prices are in prices.py. Everything here is found by our own
names (product id, event name, lookup key), so that a push can tell what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list

if TYPE_CHECKING:
    from stripe.params import ProductListParams

MOST = 10_000
IDS_PER_CALL = 100


@dataclass(frozen=True, slots=True)
class ProductSnapshot:
    """A product. Its id is ours."""

    stripe_id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class MeterSnapshot:
    """A meter. `formula` is sum, count or last and can never change."""

    stripe_id: str
    event_name: str
    name: str
    formula: str
    active: bool


@dataclass(frozen=True, slots=True)
class FeatureSnapshot:
    """A feature that products can carry."""

    stripe_id: str
    lookup_key: str
    name: str


def products(gateway: Gateway, ids: Sequence[str]) -> dict[str, ProductSnapshot]:
    """Return those of the products that exist, by id."""
    found: dict[str, ProductSnapshot] = {}
    for start in range(0, len(ids), IDS_PER_CALL):
        found |= _products_with(gateway, {"ids": list(ids[start : start + IDS_PER_CALL])})
    return found


def active_products(gateway: Gateway) -> dict[str, ProductSnapshot]:
    """Return every product of the account that is on sale, by id, the oldest first."""
    return dict(reversed(_products_with(gateway, {"active": True}).items()))


def _products_with(gateway: Gateway, where: ProductListParams) -> dict[str, ProductSnapshot]:
    found = gateway.call(
        "products.list",
        lambda client: plain_list(client.v1.products.list({**where, "limit": 100}), most=MOST),
    )
    return {raw["id"]: ProductSnapshot(raw["id"], raw["name"], raw["active"]) for raw in found}


def create_product(gateway: Gateway, stripe_id: str, *, name: str) -> None:
    """Create a product under an id of ours. Raises GatewayRefused if the id is taken."""
    gateway.call(
        "products.create",
        lambda client: client.v1.products.create({"id": stripe_id, "name": name}),
        about=stripe_id,
    )


def update_product(gateway: Gateway, stripe_id: str, *, name: str) -> None:
    """Name a product and put it (back) on sale."""
    gateway.call(
        "products.update",
        lambda client: client.v1.products.update(stripe_id, {"name": name, "active": True}),
        about=stripe_id,
    )


def archive_product(gateway: Gateway, stripe_id: str) -> None:
    """Take a product off sale."""
    gateway.call(
        "products.archive",
        lambda client: client.v1.products.update(stripe_id, {"active": False}),
        about=stripe_id,
    )


def meters(gateway: Gateway) -> dict[str, MeterSnapshot]:
    """Return the active meters of the account by event name."""
    found = gateway.call(
        "meters.list",
        lambda client: plain_list(
            client.v1.billing.meters.list({"status": "active", "limit": 100}), most=MOST
        ),
    )
    return {raw["event_name"]: _meter(raw) for raw in found}


def create_meter(gateway: Gateway, *, event_name: str, name: str, formula: str) -> MeterSnapshot:
    """Create a meter whose events carry `stripe_customer_id` and `value`."""
    created = gateway.call(
        "meters.create",
        lambda client: client.v1.billing.meters.create(
            {
                "event_name": event_name,
                "display_name": name,
                "default_aggregation": {"formula": formula},
                "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                "value_settings": {"event_payload_key": "value"},
            }
        ),
        about=event_name,
    )
    return _meter(plain(created))


def rename_meter(gateway: Gateway, stripe_id: str, *, name: str) -> None:
    """Change the name a meter is shown under."""
    gateway.call(
        "meters.update",
        lambda client: client.v1.billing.meters.update(stripe_id, {"display_name": name}),
        about=stripe_id,
    )


def features(gateway: Gateway) -> dict[str, FeatureSnapshot]:
    """Return the features of the account by lookup key."""
    found = gateway.call(
        "features.list",
        lambda client: plain_list(client.v1.entitlements.features.list({"limit": 100}), most=MOST),
    )
    return {raw["lookup_key"]: FeatureSnapshot(raw["id"], raw["lookup_key"], raw["name"]) for raw in found}


def create_feature(gateway: Gateway, *, lookup_key: str, name: str) -> FeatureSnapshot:
    """Create a feature. Raises GatewayRefused if the lookup key is taken."""
    raw = plain(
        gateway.call(
            "features.create",
            lambda client: client.v1.entitlements.features.create({"lookup_key": lookup_key, "name": name}),
            about=lookup_key,
        )
    )
    return FeatureSnapshot(raw["id"], raw["lookup_key"], raw["name"])


def rename_feature(gateway: Gateway, stripe_id: str, *, name: str) -> None:
    """Change the name a feature is shown under."""
    gateway.call(
        "features.update",
        lambda client: client.v1.entitlements.features.update(stripe_id, {"name": name}),
        about=stripe_id,
    )


def features_of(gateway: Gateway, product: str) -> dict[str, str]:
    """Return which features a product carries: lookup key to the id of the attachment."""
    found = gateway.call(
        "products.features.list",
        lambda client: plain_list(client.v1.products.features.list(product, {"limit": 100}), most=MOST),
        about=product,
    )
    return {raw["entitlement_feature"]["lookup_key"]: raw["id"] for raw in found}


def attach_feature(gateway: Gateway, product: str, feature: str) -> None:
    """Let a product carry a feature."""
    gateway.call(
        "products.features.create",
        lambda client: client.v1.products.features.create(product, {"entitlement_feature": feature}),
        about=product,
    )


def detach_feature(gateway: Gateway, product: str, attachment: str) -> None:
    """Take a feature from a product; whoever has the product loses it."""
    gateway.call(
        "products.features.delete",
        lambda client: client.v1.products.features.delete(product, attachment),
        about=product,
    )


def _meter(raw: Mapping[str, Any]) -> MeterSnapshot:
    return MeterSnapshot(
        stripe_id=raw["id"],
        event_name=raw["event_name"],
        name=raw["display_name"],
        formula=raw["default_aggregation"]["formula"],
        active=raw["status"] == "active",
    )
