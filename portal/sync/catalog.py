"""Brings the catalogue to Stripe: products, prices, meters, features and the Customer Portal's configuration.
Idempotent: what is there already is left alone, so a second push writes nothing. A changed price becomes a new
price under the same lookup key; subscriptions keep the one they have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from portal.extensions import db
from portal.gateway import catalog as stripe
from portal.gateway import current_gateway, portal_configuration
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayMissing
from portal.kit.errors import PortalError
from portal.plans.catalog import Catalog, Component, Interval, Plan, current_catalog
from portal.plans.models import CatalogPush, Price
from portal.plans.rates import price_model
from portal.pricing.models import PriceModel
from portal.pricing.tiers import tiers_of
from portal.subscriptions.queries import prices_in_use
from portal.usage.models import Meter
from portal.web.unit_of_work import unit_of_work


class MeterCannotChange(PortalError):
    """The catalogue wants another aggregation for a meter that exists; Stripe never changes one."""

    code = "meter_cannot_change"
    status = 409
    public_message = "A meter's way of adding up cannot change. Give the new one another key."


@dataclass(slots=True)
class PushReport:
    """What a push wrote at Stripe, as short phrases; empty when everything was there already."""

    writes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A price the catalogue sells, ready to be compared with what Stripe has."""

    plan: Plan
    component: Component
    interval: Interval
    model: PriceModel
    new: stripe.NewPrice


def push_catalog() -> PushReport:
    """Push the running app's catalogue. Call it outside any transaction.

    Raises MeterCannotChange and the gateway's errors. A push that broke off is completed by the next one.
    """
    gateway, catalog, report = current_gateway(), current_catalog(), PushReport()
    _push_products(gateway, catalog, report)
    meters = _push_meters(gateway, catalog, report)
    wanted = [_wanted(catalog, meters, *each) for each in catalog.prices()]
    sold = _push_prices(gateway, wanted, report)
    _push_features(gateway, catalog, report)
    configuration = portal_configuration.find(gateway)
    if configuration is None:
        configuration = portal_configuration.create(gateway)
        report.writes.append("portal configuration")
    _retire_prices(gateway, set(sold.values()), report)
    with unit_of_work():
        _store_meters(catalog, meters)
        _store_prices(wanted, sold)
        _store_push(wanted, configuration)
    return report


def product_id(plan: Plan, component: Component) -> str:
    """Return the id of the product a component is sold as. One product each, so that invoices name them apart."""
    return f"portal_{plan.key}_{component.key.replace(':', '_')}"


def _product_name(catalog: Catalog, plan: Plan, component: Component) -> str:
    if component.meter is not None:
        return f"{plan.name} {catalog.meters[component.meter].name}"
    return f"{plan.name} seat" if component.kind == "seat" else plan.name


def _push_products(gateway: Gateway, catalog: Catalog, report: PushReport) -> None:
    names = {
        product_id(plan, component): _product_name(catalog, plan, component)
        for plan in catalog.plans.values()
        for component in plan.components
    }
    there = stripe.products(gateway, list(names))
    for stripe_id, name in names.items():
        found = there.get(stripe_id)
        if found is None:
            stripe.create_product(gateway, stripe_id, name=name)
        elif found.name != name or not found.active:
            stripe.update_product(gateway, stripe_id, name=name)
        else:
            continue
        report.writes.append(f"product {stripe_id}")


def _push_meters(gateway: Gateway, catalog: Catalog, report: PushReport) -> dict[str, str]:
    """Make the missing meters; return the id of each by key. Hours are reported as sums, so count is sum there."""
    there = stripe.meters(gateway) if catalog.meters else {}
    ids: dict[str, str] = {}
    for meter in catalog.meters.values():
        formula = "last" if meter.aggregation == "last" else "sum"
        found = there.get(meter.event_name)
        if found is None:
            found = stripe.create_meter(
                gateway, event_name=meter.event_name, name=meter.name, formula=formula
            )
            report.writes.append(f"meter {meter.key}")
        elif found.formula != formula:
            raise MeterCannotChange(f"{meter.key}: {found.formula} at Stripe, {formula} in the catalogue")
        elif found.name != meter.name:
            stripe.rename_meter(gateway, found.stripe_id, name=meter.name)
            report.writes.append(f"meter {meter.key}")
        ids[meter.key] = found.stripe_id
    return ids


def _wanted(
    catalog: Catalog,
    meters: Mapping[str, str],
    plan: Plan,
    component: Component,
    interval: Interval,
    currency: str,
) -> _Wanted:
    model = price_model(component, interval, currency)
    tiers = tiers_of(model)
    meter = meters[component.meter] if component.meter is not None else None
    product = product_id(plan, component)
    facts = {"model": model.to_json(), "interval": interval, "product": product, "meter": meter}
    new = stripe.NewPrice(
        product_stripe_id=product,
        lookup_key=plan.lookup_key(component, interval, currency),
        currency=currency,
        interval=interval,
        nickname=f"{_product_name(catalog, plan, component)}, {interval}ly",
        fingerprint=_fingerprint(facts),
        meter_stripe_id=meter,
        unit_rate=None if tiers else model.rate,
        package_size=model.package_size if model.kind == "package" else None,
        tiers_mode="volume" if model.kind == "volume" else "graduated",
        tiers=tuple(stripe.Tier(tier.up_to, tier.rate, tier.flat_amount) for tier in tiers),
    )
    return _Wanted(plan, component, interval, model, new)


def _push_prices(gateway: Gateway, wanted: list[_Wanted], report: PushReport) -> dict[str, str]:
    """Make the missing and the changed prices; return the id of each by lookup key."""
    there = stripe.prices(gateway, [each.new.lookup_key for each in wanted])
    ids: dict[str, str] = {}
    for each in wanted:
        found = there.get(each.new.lookup_key)
        if found is None or not found.active or found.fingerprint != each.new.fingerprint:
            # The price that is replaced is in the key: going back to an earlier amount makes a new price again.
            before = found.stripe_id if found else "none"
            key = _fingerprint({"lookup_key": each.new.lookup_key, "is": each.new.fingerprint, "was": before})
            found = stripe.create_price(gateway, each.new, key=f"price-{key}")
            report.writes.append(f"price {each.new.lookup_key}")
        ids[each.new.lookup_key] = found.stripe_id
    return ids


def _retire_prices(gateway: Gateway, on_sale: set[str], report: PushReport) -> None:
    """Take what is no longer in the catalogue off sale. The rows follow later: a broken-off push finds them again.

    A price that somebody has, or is going to have, stays active at Stripe, which plans changes only between active
    prices; its row alone says that it is no longer sold.
    """
    with unit_of_work():
        active = list(db.session.scalars(sa.select(Price.stripe_id).where(Price.active.is_(True))))
        kept = prices_in_use()
    for stripe_id in active:
        if stripe_id not in on_sale and stripe_id not in kept:
            # A price that is missing belonged to another account, or to an emulator that was reset.
            with suppress(GatewayMissing):
                stripe.retire_price(gateway, stripe_id)
            report.writes.append(f"price {stripe_id} retired")


def _push_features(gateway: Gateway, catalog: Catalog, report: PushReport) -> None:
    there = stripe.features(gateway) if catalog.features else {}
    ids: dict[str, str] = {}
    for feature in catalog.features.values():
        found = there.get(feature.key)
        if found is None:
            found = stripe.create_feature(gateway, lookup_key=feature.key, name=feature.name)
            report.writes.append(f"feature {feature.key}")
        elif found.name != feature.name:
            stripe.rename_feature(gateway, found.stripe_id, name=feature.name)
            report.writes.append(f"feature {feature.key}")
        ids[feature.key] = found.stripe_id
    for plan in catalog.plans.values():
        if plan.components:
            _attach_features(gateway, product_id(plan, plan.components[0]), plan.features, ids, report)


def _attach_features(
    gateway: Gateway, product: str, wanted: tuple[str, ...], ids: Mapping[str, str], report: PushReport
) -> None:
    attached = stripe.features_of(gateway, product)
    for key in wanted:
        if key not in attached:
            stripe.attach_feature(gateway, product, ids[key])
            report.writes.append(f"feature {key} on {product}")
    for key, attachment in attached.items():
        if key not in wanted:
            stripe.detach_feature(gateway, product, attachment)
            report.writes.append(f"feature {key} off {product}")


def _store_meters(catalog: Catalog, ids: Mapping[str, str]) -> None:
    rows = {row.key: row for row in db.session.scalars(sa.select(Meter))}
    for meter in catalog.meters.values():
        row = rows.get(meter.key)
        if row is None:
            row = Meter(key=meter.key, event_name=meter.event_name)
            db.session.add(row)
        row.name, row.unit, row.scale = meter.name, meter.unit, meter.scale
        row.aggregation, row.stripe_id = meter.aggregation, ids[meter.key]


def _store_prices(wanted: list[_Wanted], ids: Mapping[str, str]) -> None:
    rows = {row.stripe_id: row for row in db.session.scalars(sa.select(Price))}
    on_sale = set(ids.values())
    for row in rows.values():
        if row.stripe_id not in on_sale:
            row.active = False
    # The old row must leave the unique index of active lookup keys before the new one enters it.
    db.session.flush()
    for each in wanted:
        stripe_id = ids[each.new.lookup_key]
        if stripe_id in rows:
            rows[stripe_id].active = True
            continue
        db.session.add(
            Price(
                stripe_id=stripe_id,
                product_stripe_id=each.new.product_stripe_id,
                lookup_key=each.new.lookup_key,
                plan_key=each.plan.key,
                component=each.component.key,
                interval=each.interval,
                currency=each.model.currency,
                definition=each.model.to_json(),
            )
        )


def _store_push(wanted: list[_Wanted], configuration: str) -> None:
    fingerprint = _fingerprint([each.new.fingerprint for each in wanted])
    last = db.session.scalars(sa.select(CatalogPush).order_by(CatalogPush.id.desc()).limit(1)).one_or_none()
    if last is None or (last.fingerprint, last.portal_configuration_stripe_id) != (
        fingerprint,
        configuration,
    ):
        db.session.add(CatalogPush(fingerprint=fingerprint, portal_configuration_stripe_id=configuration))


def _fingerprint(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
