"""Prices at Stripe, found by lookup key. What a price costs can never change there; a price is replaced by another one
that takes over its lookup key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayMissing
from portal.gateway.plain import plain, plain_list

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams, PriceCreateParamsTier

MOST = 10_000
LOOKUP_KEYS_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier up to and including `up_to` units (None: all further ones). `unit_rate` in minor units per unit."""

    up_to: int | None
    unit_rate: Decimal
    flat_amount: int


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What a recurring price costs, either per unit (or package) by `unit_rate`, or in `tiers`.

    `unit_rate` in minor units, per `package_size` units rounded up when that is given. `tiers_mode` is graduated
    or volume, and None without tiers. `meter_stripe_id` makes it a metered price.
    """

    currency: str
    interval: str
    unit_rate: Decimal | None = None
    package_size: int | None = None
    tiers_mode: str | None = None
    tiers: tuple[Tier, ...] = ()
    meter_stripe_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price to create. `fingerprint` is stored with it, as the mark of a price that a push made."""

    product_stripe_id: str
    lookup_key: str
    nickname: str
    fingerprint: str
    terms: PriceTerms


@dataclass(frozen=True, slots=True)
class PriceSnapshot:
    """A price. `terms` None: it is of a kind no push makes (not recurring, several intervals at once, …).
    `fingerprint` None: it was not made by a push."""

    stripe_id: str
    product_stripe_id: str
    lookup_key: str | None
    active: bool
    fingerprint: str | None
    terms: PriceTerms | None

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> PriceSnapshot:
        product = raw["product"]
        return cls(
            stripe_id=raw["id"],
            product_stripe_id=product["id"] if isinstance(product, dict) else product,
            lookup_key=raw.get("lookup_key"),
            active=raw["active"],
            fingerprint=(raw.get("metadata") or {}).get("fingerprint"),
            terms=_terms(raw),
        )


def prices(gateway: Gateway, lookup_keys: Sequence[str]) -> dict[str, PriceSnapshot]:
    """Return the prices that hold these lookup keys now, by lookup key."""
    found: dict[str, PriceSnapshot] = {}
    for start in range(0, len(lookup_keys), LOOKUP_KEYS_PER_CALL):
        for price in _prices_with(gateway, list(lookup_keys[start : start + LOOKUP_KEYS_PER_CALL])):
            assert price.lookup_key is not None, "it was found by it"
            found[price.lookup_key] = price
    return found


def _prices_with(gateway: Gateway, keys: list[str]) -> list[PriceSnapshot]:
    found = gateway.call(
        "prices.list",
        lambda client: plain_list(
            client.v1.prices.list({"lookup_keys": keys, "limit": 100, "expand": ["data.tiers"]}), most=MOST
        ),
    )
    return [PriceSnapshot.read(raw) for raw in found]


def active_prices(gateway: Gateway) -> list[PriceSnapshot]:
    """Return every price of the account that is on sale, the oldest first."""
    found = gateway.call(
        "prices.list",
        lambda client: plain_list(
            client.v1.prices.list({"active": True, "limit": 100, "expand": ["data.tiers"]}), most=MOST
        ),
    )
    return [PriceSnapshot.read(raw) for raw in reversed(found)]


def find_price(gateway: Gateway, stripe_id: str) -> PriceSnapshot | None:
    """Return a price by its id, or None if the account has no such price."""
    try:
        raw = gateway.call(
            "prices.retrieve",
            lambda client: client.v1.prices.retrieve(stripe_id, {"expand": ["tiers"]}),
            about=stripe_id,
        )
    except GatewayMissing:
        return None
    return PriceSnapshot.read(plain(raw))


def create_price(gateway: Gateway, new: NewPrice, *, key: str) -> PriceSnapshot:
    """Create a price and move its lookup key to it from the price that had it. The same `key` makes no second one."""
    terms = new.terms
    params: PriceCreateParams = {
        "product": new.product_stripe_id,
        "currency": terms.currency,
        "nickname": new.nickname,
        "lookup_key": new.lookup_key,
        "transfer_lookup_key": True,
        "metadata": {"fingerprint": new.fingerprint},
        "recurring": {"interval": terms.interval},
    }
    if terms.meter_stripe_id is not None:
        params["recurring"]["usage_type"] = "metered"
        params["recurring"]["meter"] = terms.meter_stripe_id
    if terms.tiers:
        params["billing_scheme"] = "tiered"
        params["tiers_mode"] = terms.tiers_mode or "graduated"
        params["tiers"] = [_tier(tier) for tier in terms.tiers]
    else:
        assert terms.unit_rate is not None
        params["unit_amount_decimal"] = terms.unit_rate
        if terms.package_size is not None:
            params["transform_quantity"] = {"divide_by": terms.package_size, "round": "up"}
    created = gateway.call(
        "prices.create",
        lambda client: client.v1.prices.create(params, {"idempotency_key": key}),
        about=new.lookup_key,
    )
    return PriceSnapshot.read(plain(created))


def retire_price(gateway: Gateway, stripe_id: str, *, archive: bool) -> None:
    """Stop selling a price: it loses its lookup key. Subscriptions that have it keep it.

    Without `archive` it stays active, so that subscriptions that have it can be planned on with it.
    """
    gateway.call(
        "prices.retire",
        lambda client: client.v1.prices.update(stripe_id, {"active": not archive, "lookup_key": ""}),
        about=stripe_id,
    )


def _tier(tier: Tier) -> PriceCreateParamsTier:
    sent: PriceCreateParamsTier = {
        "up_to": "inf" if tier.up_to is None else tier.up_to,
        "unit_amount_decimal": tier.unit_rate,
    }
    if tier.flat_amount:
        sent["flat_amount"] = tier.flat_amount
    return sent


def _terms(raw: Mapping[str, Any]) -> PriceTerms | None:
    recurring, packages = raw.get("recurring"), raw.get("transform_quantity")
    tiers, rate = raw.get("tiers"), raw.get("unit_amount_decimal")
    if recurring is None or recurring["interval_count"] != 1 or not (tiers or rate):
        return None
    if packages is not None and packages["round"] != "up":
        return None
    return PriceTerms(
        currency=raw["currency"],
        interval=recurring["interval"],
        unit_rate=None if tiers else Decimal(str(rate)),
        package_size=packages["divide_by"] if packages is not None else None,
        tiers_mode=raw.get("tiers_mode"),
        tiers=tuple(
            Tier(tier["up_to"], Decimal(tier.get("unit_amount_decimal") or 0), tier.get("flat_amount") or 0)
            for tier in tiers or ()
        ),
        meter_stripe_id=recurring.get("meter"),
    )
