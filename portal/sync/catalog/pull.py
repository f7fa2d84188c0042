"""The catalogue as Stripe has it: what a push made there, read back. Stripe holds names, prices, meters and which
features a plan has. The rest (points, limits, trials, ranges of seats, when changes take effect, …) it does not hold;
that comes from a catalogue to start from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from portal.gateway import catalog as stripe
from portal.gateway import current_gateway
from portal.gateway import prices as stripe_prices
from portal.gateway.client import Gateway
from portal.gateway.prices import PriceSnapshot, PriceTerms
from portal.plans.catalog import INTERVALS, Catalog, Feature, Meter, Plan
from portal.sync.catalog.rebuild import Sold, components_of, in_order, read_price
from portal.sync.catalog.want import product_id, product_name, wanted_prices

_EVENT_NAME = re.compile(r"portal_([a-z][a-z0-9_]*)")
_FREE = Plan(name="Free", key="free")
Carried = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Pulled:
    """A catalogue read from Stripe; `notes` say what was left out of it."""

    catalog: Catalog
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Account:
    """What the account has on sale. `sold`: the prices a push made; `carried`: the features of each of their plans."""

    products: dict[str, stripe.ProductSnapshot]
    prices: list[PriceSnapshot]
    sold: list[Sold]
    meters: dict[str, stripe.MeterSnapshot]
    features: dict[str, stripe.FeatureSnapshot]
    carried: Carried


def pull_catalog(base: Catalog | None) -> Pulled:
    """Read the account's catalogue; `base` has what Stripe does not hold. Call it outside any transaction.

    Without `base` a plan is called by its product, is public and has no trial, and there is a free plan. Writes
    nothing. Raises the gateway's errors.
    """
    account, start = _read_account(current_gateway()), base or Catalog(currencies=(), plans={})
    meters = _meters(account, start)
    currencies = in_order((each.currency for each in account.sold), start.currencies)
    by_interval = sorted(
        account.sold,
        key=lambda each: (INTERVALS.index(each.interval), currencies.index(each.currency)),
    )
    account = replace(account, sold=by_interval)
    catalog = msgspec.structs.replace(
        start,
        currencies=currencies,
        meters=meters,
        features=_features(account, start),
        plans={plan.key: plan for plan in _plans(account, start, meters)},
    )
    return Pulled(catalog, tuple(_notes(account, catalog, start)))


def _read_account(gateway: Gateway) -> _Account:
    products, prices = stripe.active_products(gateway), stripe_prices.active_prices(gateway)
    read = [read_price(price) for price in prices if price.product_stripe_id in products]
    sold = [each for each in read if each is not None]
    carried: Carried = {each.plan: set() for each in sold}
    for plan, product in {(each.plan, each.price.product_stripe_id) for each in sold}:
        carried[plan] |= stripe.features_of(gateway, product).keys()
    return _Account(products, prices, sold, stripe.meters(gateway), stripe.features(gateway), carried)


def _meters(account: _Account, start: Catalog) -> dict[str, Meter]:
    meters = dict(start.meters)
    for event_name, held in reversed(account.meters.items()):
        if found := _EVENT_NAME.fullmatch(event_name):
            before = meters.get(found[1], Meter(name=held.name, unit="unit", key=found[1]))
            if (before.aggregation == "last") != (held.formula == "last"):
                aggregation = "last" if held.formula == "last" else "sum"
                before = msgspec.structs.replace(before, aggregation=aggregation)
            meters[before.key] = msgspec.structs.replace(before, name=held.name)
    return meters


def _features(account: _Account, start: Catalog) -> dict[str, Feature]:
    carried = {key for keys in account.carried.values() for key in keys}
    features = dict(start.features)
    for key, held in reversed(account.features.items()):
        if key in features or key in carried:
            features[key] = Feature(name=held.name, key=key)
    return features


def _plans(account: _Account, start: Catalog, meters: dict[str, Meter]) -> Iterator[Plan]:
    free = {key: plan for key, plan in start.plans.items() if plan.is_free} or {_FREE.key: _FREE}
    priced = _priced(start, account)
    for key in in_order([*free, *(each.plan for each in account.sold)], start.plans):
        sold = [each for each in account.sold if each.plan == key]
        if not sold:
            yield free[key]
            continue
        before = start.plans.get(key, Plan(name="", key=key))
        plan = msgspec.structs.replace(
            before,
            features=in_order(sorted(account.carried[key]), before.features),
            components=components_of(sold, before, priced.get(key, {})),
        )
        yield msgspec.structs.replace(plan, name=_plan_name(plan, meters, account))


def _priced(start: Catalog, account: _Account) -> dict[str, dict[str, dict[str, PriceTerms]]]:
    """Return what the catalogue to start from would cost at Stripe, by plan, component and lookup key."""
    priced: dict[str, dict[str, dict[str, PriceTerms]]] = {}
    for wanted in wanted_prices(start):
        meter = account.meters.get(f"portal_{wanted.component.meter}")
        terms = wanted.terms(meter.stripe_id if meter is not None else None)
        of_plan = priced.setdefault(wanted.plan.key, {})
        of_plan.setdefault(wanted.component.key, {})[wanted.lookup_key] = terms
    return priced


def _plan_name(plan: Plan, meters: dict[str, Meter], account: _Account) -> str:
    """Read the plan's name from its first product's, which says more for seats and meters."""
    first, nameless = plan.components[0], msgspec.structs.replace(plan, name="")
    more = product_name(Catalog(currencies=(), meters=meters, plans={}), nameless, first)
    return account.products[product_id(plan, first)].name.removesuffix(more)


def _notes(account: _Account, catalog: Catalog, start: Catalog) -> Iterator[str]:
    own = {each.price.stripe_id for each in account.sold}
    rest = [price for price in account.prices if price.stripe_id not in own]
    kept = [price for price in rest if price.fingerprint is not None]
    own_products = {each.price.product_stripe_id for each in account.sold} | {
        price.product_stripe_id for price in kept
    }
    for what, count in (
        ("products", len(account.products.keys() - own_products)),
        ("prices", len(rest) - len(kept)),
        ("meters", sum(_EVENT_NAME.fullmatch(name) is None for name in account.meters)),
        ("features", len(account.features.keys() - catalog.features.keys())),
    ):
        if count:
            yield f"left out, not made by this portal: {what} ({count})"
    if kept:
        yield f"left out, no longer sold but kept by subscriptions: prices ({len(kept)})"
    for key in start.plans:
        if key not in catalog.plans:
            yield f"left out, not on sale at Stripe: plan {key}"
