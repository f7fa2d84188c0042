"""Brings the catalogue to Stripe: products, prices, meters, features and the Customer Portal's configuration.
Idempotent: what is there already is left alone, so a second push writes nothing. A changed price becomes a new
price under the same lookup key; subscriptions keep the one they have."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.gateway import current_gateway
from portal.plans.catalog import Catalog, current_catalog
from portal.plans.models import CatalogPush, Price
from portal.sync.catalog.change import Change, Made
from portal.sync.catalog.compare import changes, made_already
from portal.sync.catalog.look import look
from portal.sync.catalog.want import fingerprint, wanted_prices
from portal.usage.models import Meter
from portal.web.unit_of_work import unit_of_work


def plan_catalog() -> list[Change]:
    """Return what a push of the running app's catalogue would change now. Call it outside any transaction.

    Writes nothing. Raises MeterCannotChange and the gateway's errors.
    """
    return changes(current_catalog(), look(current_gateway(), current_catalog()))


def push_catalog() -> list[Change]:
    """Push the running app's catalogue and return what that changed. Call it outside any transaction.

    Raises MeterCannotChange and the gateway's errors. A push that broke off is completed by the next one.
    """
    gateway, catalog = current_gateway(), current_catalog()
    found = look(gateway, catalog)
    made, planned = made_already(catalog, found), changes(catalog, found)
    for change in planned:
        change.carry_out(gateway, made)
    with unit_of_work():
        _store_meters(catalog, made)
        _store_prices(catalog, made)
        _store_push(made)
    return planned


def _store_meters(catalog: Catalog, made: Made) -> None:
    rows = {row.key: row for row in db.session.scalars(sa.select(Meter))}
    for meter in catalog.meters.values():
        row = rows.get(meter.key)
        if row is None:
            row = Meter(key=meter.key, event_name=meter.event_name)
            db.session.add(row)
        row.name, row.unit, row.scale = meter.name, meter.unit, meter.scale
        row.aggregation, row.stripe_id = meter.aggregation, made.meters[meter.key]


def _store_prices(catalog: Catalog, made: Made) -> None:
    rows = {row.stripe_id: row for row in db.session.scalars(sa.select(Price))}
    on_sale = set(made.prices.values())
    for row in rows.values():
        if row.stripe_id not in on_sale:
            row.active = False
    # The old row must leave the unique index of active lookup keys before the new one enters it.
    db.session.flush()
    for each in wanted_prices(catalog):
        stripe_id = made.prices[each.lookup_key]
        if stripe_id not in rows:
            rows[stripe_id] = Price(
                stripe_id=stripe_id,
                product_stripe_id=each.product_stripe_id,
                lookup_key=each.lookup_key,
                plan_key=each.plan.key,
                component=each.component.key,
                interval=each.interval,
                currency=each.model.currency,
            )
            db.session.add(rows[stripe_id])
        rows[stripe_id].definition, rows[stripe_id].active = each.model.to_json(), True


def _store_push(made: Made) -> None:
    mark = fingerprint(made.prices)
    last = db.session.scalars(sa.select(CatalogPush).order_by(CatalogPush.id.desc()).limit(1)).one_or_none()
    if last is None or (last.fingerprint, last.portal_configuration_stripe_id) != (mark, made.configuration):
        db.session.add(CatalogPush(fingerprint=mark, portal_configuration_stripe_id=made.configuration))
