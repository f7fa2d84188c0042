"""What is sold, at Stripe: products, prices, meters, features and the Customer Portal's configuration. Everything
here is found by our own names (product id, lookup key, event name), so that a push can tell what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams, PriceCreateParamsTier

MOST = 1000
LOOKUP_KEYS_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class ProductSnapshot:
    """A product. Its id is ours."""

    stripe_id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class PriceSnapshot:
    """A price. `fingerprint` is what the push that made it wrote down about it (None: not made by a push)."""

    stripe_id: str
    product_stripe_id: str
    lookup_key: str | None
    active: bool
    fingerprint: str | None


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


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier up to and including `up_to` units (None: all further ones). `unit_rate` in minor units per unit."""

    up_to: int | None
    unit_rate: Decimal
    flat_amount: int


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A recurring price to create, either per unit (or package) by `unit_rate`, or in `tiers`.

    `unit_rate` in minor units, per `package_size` units rounded up when that is given. `tiers_mode` is graduated
    or volume. `meter_stripe_id` makes it a metered price. `fingerprint` is stored with it.
    """

    product_stripe_id: str
    lookup_key: str
    currency: str
    interval: str
    nickname: str
    fingerprint: str
    unit_rate: Decimal | None = None
    package_size: int | None = None
    tiers_mode: str | None = None
    tiers: tuple[Tier, ...] = ()
    meter_stripe_id: str | None = None


def products(gateway: Gateway, ids: Sequence[str]) -> dict[str, ProductSnapshot]:
    """Return those of the products that exist, by id."""
    if not ids:
        return {}
    found = gateway.call(
        "products.list",
        lambda client: plain_list(client.v1.products.list({"ids": list(ids), "limit": 100}), most=MOST),
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
    """Rename a product and put it back on sale."""
    gateway.call(
        "products.update",
        lambda client: client.v1.products.update(stripe_id, {"name": name, "active": True}),
        about=stripe_id,
    )


def prices(gateway: Gateway, lookup_keys: Sequence[str]) -> dict[str, PriceSnapshot]:
    """Return the prices that hold these lookup keys now, by lookup key."""
    found: dict[str, PriceSnapshot] = {}
    for start in range(0, len(lookup_keys), LOOKUP_KEYS_PER_CALL):
        keys = list(lookup_keys[start : start + LOOKUP_KEYS_PER_CALL])
        for raw in _prices_with(gateway, keys):
            found[raw["lookup_key"]] = _price(raw)
    return found


def _prices_with(gateway: Gateway, keys: list[str]) -> list[dict[str, Any]]:
    return gateway.call(
        "prices.list",
        lambda client: plain_list(client.v1.prices.list({"lookup_keys": keys, "limit": 100}), most=MOST),
    )


def create_price(gateway: Gateway, new: NewPrice, *, key: str) -> PriceSnapshot:
    """Create a price and move its lookup key to it from the price that had it. The same `key` makes no second one."""
    params: PriceCreateParams = {
        "product": new.product_stripe_id,
        "currency": new.currency,
        "nickname": new.nickname,
        "lookup_key": new.lookup_key,
        "transfer_lookup_key": True,
        "metadata": {"fingerprint": new.fingerprint},
        "recurring": {"interval": new.interval},
    }
    if new.meter_stripe_id is not None:
        params["recurring"]["usage_type"] = "metered"
        params["recurring"]["meter"] = new.meter_stripe_id
    if new.tiers:
        params["billing_scheme"] = "tiered"
        params["tiers_mode"] = new.tiers_mode or "graduated"
        params["tiers"] = [_tier(tier) for tier in new.tiers]
    else:
        assert new.unit_rate is not None
        params["unit_amount_decimal"] = new.unit_rate
        if new.package_size is not None:
            params["transform_quantity"] = {"divide_by": new.package_size, "round": "up"}
    created = gateway.call(
        "prices.create",
        lambda client: client.v1.prices.create(params, {"idempotency_key": key}),
        about=new.lookup_key,
    )
    return _price(plain(created))


def retire_price(gateway: Gateway, stripe_id: str) -> None:
    """Stop selling a price. Subscriptions that have it keep it."""
    gateway.call(
        "prices.retire",
        lambda client: client.v1.prices.update(stripe_id, {"active": False}),
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


def _tier(tier: Tier) -> PriceCreateParamsTier:
    sent: PriceCreateParamsTier = {
        "up_to": "inf" if tier.up_to is None else tier.up_to,
        "unit_amount_decimal": tier.unit_rate,
    }
    if tier.flat_amount:
        sent["flat_amount"] = tier.flat_amount
    return sent


def _price(raw: Mapping[str, Any]) -> PriceSnapshot:
    product = raw["product"]
    return PriceSnapshot(
        stripe_id=raw["id"],
        product_stripe_id=product["id"] if isinstance(product, dict) else product,
        lookup_key=raw.get("lookup_key"),
        active=raw["active"],
        fingerprint=(raw.get("metadata") or {}).get("fingerprint"),
    )


def _meter(raw: Mapping[str, Any]) -> MeterSnapshot:
    return MeterSnapshot(
        stripe_id=raw["id"],
        event_name=raw["event_name"],
        name=raw["display_name"],
        formula=raw["default_aggregation"]["formula"],
        active=raw["status"] == "active",
    )
