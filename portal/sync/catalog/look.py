"""What is there: at Stripe under our names, and in our own rows. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from portal.extensions import db
from portal.gateway import catalog as stripe
from portal.gateway import coupons, portal_configuration
from portal.gateway import prices as stripe_prices
from portal.gateway.client import Gateway
from portal.plans.catalog import Catalog
from portal.plans.models import Price
from portal.pricing.models import PriceModel
from portal.subscriptions.models import ENDED, Subscription, SubscriptionItem
from portal.subscriptions.queries import prices_in_use
from portal.sync.catalog.want import wanted_features, wanted_prices, wanted_products
from portal.web.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Mirror:
    """What our own rows say. `models`: how each known price is computed, by its id; `on_sale`: lookup key and product
    of those that are sold; `newest`: the last price made under each lookup key; `kept`: the prices that a subscription
    has or is planned to have, `kept_products` theirs; `subscribers`: how many running subscriptions have each price;
    `products`: every product we ever sold."""

    models: dict[str, PriceModel]
    on_sale: dict[str, tuple[str, str]]
    newest: dict[str, str]
    kept: set[str]
    kept_products: set[str]
    subscribers: Counter[str]
    products: set[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there. `prices` by lookup key; `stale`: prices we sold that lost their lookup key and are still active;
    `attached`: the id of the attachment by product and feature; `has_coupon`: the retention offer can be redeemed."""

    mirror: Mirror
    products: dict[str, stripe.ProductSnapshot]
    prices: dict[str, stripe_prices.PriceSnapshot]
    stale: list[stripe_prices.PriceSnapshot]
    meters: dict[str, stripe.MeterSnapshot]
    features: dict[str, stripe.FeatureSnapshot]
    attached: dict[str, dict[str, str]]
    configuration: str | None
    has_coupon: bool


def look(gateway: Gateway, catalog: Catalog) -> Found:
    """Read what the catalogue is compared with. Call it outside any transaction. Raises the gateway's errors."""
    with unit_of_work():
        mirror = _read_mirror()
    keys = [price.lookup_key for price in wanted_prices(catalog)]
    keys += sorted({key for key, _product in mirror.on_sale.values()} - set(keys))
    prices = stripe_prices.prices(gateway, keys)
    products = stripe.products(gateway, sorted({*wanted_products(catalog), *mirror.products}))
    return Found(
        mirror=mirror,
        products=products,
        prices=prices,
        stale=_stale(gateway, mirror, {price.stripe_id for price in prices.values()}),
        meters=stripe.meters(gateway) if catalog.meters else {},
        features=stripe.features(gateway) if catalog.features else {},
        attached={
            product: stripe.features_of(gateway, product)
            for product in wanted_features(catalog)
            if product in products
        },
        configuration=portal_configuration.find(gateway),
        has_coupon=catalog.retention is not None
        and coupons.exists(gateway, catalog.retention.coupon_stripe_id),
    )


def _stale(gateway: Gateway, mirror: Mirror, holders: set[str]) -> list[stripe_prices.PriceSnapshot]:
    """A push that broke off left them, or another portal on the same account. What is missing belonged to another
    account, or to an emulator that was reset."""
    lost = [stripe_id for stripe_id in mirror.on_sale if stripe_id not in holders | mirror.kept]
    found = [stripe_prices.find_price(gateway, stripe_id) for stripe_id in lost]
    return [price for price in found if price is not None and price.active]


def _read_mirror() -> Mirror:
    rows = list(db.session.scalars(sa.select(Price).order_by(Price.id)))
    kept = prices_in_use()
    return Mirror(
        models={row.stripe_id: PriceModel.from_json(row.definition) for row in rows},
        on_sale={row.stripe_id: (row.lookup_key, row.product_stripe_id) for row in rows if row.active},
        newest={row.lookup_key: row.stripe_id for row in rows},
        kept=kept,
        kept_products={row.product_stripe_id for row in rows if row.stripe_id in kept},
        subscribers=_subscribers(),
        products={row.product_stripe_id for row in rows},
    )


def _subscribers() -> Counter[str]:
    rows = db.session.execute(
        sa.select(
            SubscriptionItem.price_stripe_id,
            sa.func.count(sa.distinct(Subscription.id)).label("subscriptions"),
        )
        .join(SubscriptionItem.subscription)
        .where(Subscription.status.not_in(ENDED))
        .group_by(SubscriptionItem.price_stripe_id)
    )
    return Counter({row.price_stripe_id: row.subscriptions for row in rows})
