"""Pushing the catalogue: everything is made once, a second push writes nothing, a changed price is a new price."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa

from portal.emulator.app import Emulator
from portal.extensions import db
from portal.plans.catalog import Catalog, Plan, Rate, current_catalog
from portal.plans.models import CatalogPush, Price
from portal.plans.prices import prices_on_sale
from portal.pricing.models import PriceModel
from portal.sync.catalog.compare import MeterCannotChange
from portal.usage.models import Meter
from tests.fixtures.catalog import Push


def with_plan(plan: Plan) -> Catalog:
    catalog = current_catalog()
    return msgspec.structs.replace(catalog, plans={**catalog.plans, plan.key: plan})


def with_seat_price(amount: int) -> Catalog:
    pro = current_catalog().plans["pro"]
    seat = pro.components[0]
    month = {**seat.rates["month"], "usd": Rate(amount=Decimal(amount))}
    dearer = msgspec.structs.replace(seat, rates={**seat.rates, "month": month})
    return with_plan(msgspec.structs.replace(pro, components=(dearer,)))


def at_stripe(emulator: Emulator, object_type: str, **where: object) -> int:
    with emulator.store.transaction(write=False) as tx:
        return tx.count(object_type, where)


def test_every_price_of_the_catalogue_is_made_once(push: Push, emulator: Emulator) -> None:
    push()
    wanted = len(list(current_catalog().prices()))
    assert at_stripe(emulator, "price", active=True) == wanted
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Price)) == wanted


def test_a_second_push_writes_nothing(catalog_at_stripe: None, push: Push, emulator: Emulator) -> None:
    events = at_stripe(emulator, "event")
    assert push() == []
    assert at_stripe(emulator, "event") == events
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CatalogPush)) == 1


def test_the_meters_know_their_ids_at_stripe(catalog_at_stripe: None) -> None:
    meters = {meter.key: meter for meter in db.session.scalars(sa.select(Meter))}
    assert set(meters) == {"api_calls", "storage_gb", "emails"}
    assert all(meter.stripe_id for meter in meters.values())
    assert meters["storage_gb"].scale == 3


def test_a_price_row_keeps_how_the_price_is_computed(catalog_at_stripe: None) -> None:
    prices = prices_on_sale(current_catalog().plans["enterprise"], "month", "usd")
    assert set(prices) == {"base", "seat", "meter:api_calls", "meter:storage_gb", "meter:emails"}
    storage = PriceModel.from_json(prices["meter:storage_gb"].definition)
    assert (storage.kind, storage.package_size, storage.rate) == ("package", 100, Decimal(50))


def test_a_changed_price_is_a_new_price_and_the_old_one_goes_off_sale(
    push: Push, catalog_at_stripe: None, emulator: Emulator
) -> None:
    pro = current_catalog().plans["pro"]
    old = prices_on_sale(pro, "month", "usd")["seat"].stripe_id
    done = push(with_seat_price(1_900))
    new = prices_on_sale(pro, "month", "usd")["seat"].stripe_id
    assert new != old
    assert [(change.sign, change.what) for change in done] == [("~", "price pro.seat.month.usd")]
    assert at_stripe(emulator, "price", id=old, active=False) == 1
    assert db.session.scalars(sa.select(Price).where(Price.stripe_id == old)).one().active is False


def test_going_back_to_an_earlier_price_makes_a_price_that_can_be_bought(
    push: Push, catalog_at_stripe: None, emulator: Emulator
) -> None:
    for amount in (1_900, 1_500, 1_900):
        push(with_seat_price(amount))
        row = prices_on_sale(current_catalog().plans["pro"], "month", "usd")["seat"]
        assert PriceModel.from_json(row.definition).rate == amount
        assert at_stripe(emulator, "price", id=row.stripe_id, active=True) == 1


def test_a_plan_that_left_the_catalogue_goes_off_sale(push: Push, catalog_at_stripe: None) -> None:
    catalog = current_catalog()
    without = {key: plan for key, plan in catalog.plans.items() if key != "starter"}
    push(msgspec.structs.replace(catalog, plans=without))
    assert prices_on_sale(catalog.plans["starter"], "month", "usd") == {}


def test_a_push_to_an_emptied_account_makes_everything_again(
    push: Push, catalog_at_stripe: None, emulator: Emulator
) -> None:
    emulator.reset()
    push()
    row = prices_on_sale(current_catalog().plans["pro"], "month", "usd")["seat"]
    assert at_stripe(emulator, "price", id=row.stripe_id, active=True) == 1


def test_the_features_of_a_plan_follow_the_catalogue(
    push: Push, catalog_at_stripe: None, emulator: Emulator
) -> None:
    pro = current_catalog().plans["pro"]
    done = push(with_plan(msgspec.structs.replace(pro, features=("reports", "sso"))))
    assert [(change.sign, change.what) for change in done] == [
        ("+", "feature sso on portal_pro_seat"),
        ("-", "feature priority_support on portal_pro_seat"),
    ]


def test_a_renamed_plan_is_renamed_at_stripe(push: Push, catalog_at_stripe: None) -> None:
    starter = current_catalog().plans["starter"]
    done = push(with_plan(msgspec.structs.replace(starter, name="Launch")))
    assert [(change.what, change.details) for change in done] == [
        ("product portal_starter_base", ("Starter -> Launch",))
    ]


def test_another_aggregation_for_a_meter_is_refused(push: Push, catalog_at_stripe: None) -> None:
    catalog = current_catalog()
    calls = msgspec.structs.replace(catalog.meters["api_calls"], aggregation="last")
    changed = msgspec.structs.replace(catalog, meters={**catalog.meters, "api_calls": calls})
    with pytest.raises(MeterCannotChange):
        push(changed)
