"""`portal catalog plan`: what a push would change, said beforehand by the computation the push itself uses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import stripe

from portal.cli.__main__ import run
from portal.cli.parser import parser
from portal.emulator.app import Emulator
from portal.extensions import db
from portal.plans.catalog import Catalog, Plan, Retention, current_catalog
from portal.plans.models import Price
from portal.plans.prices import prices_on_sale
from portal.sync.catalog.change import Change
from portal.sync.catalog.push import plan_catalog
from portal.sync.catalog.show import NOTHING, shown
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Push, Subscribe
from tests.fixtures.webhooks import Stripe
from tests.plans.test_every_model_equals_invoices import plan_with
from tests.plans.test_push_catalog import at_stripe, with_seat_price


def without(key: str) -> Catalog:
    catalog = current_catalog()
    return msgspec.structs.replace(
        catalog, plans={name: plan for name, plan in catalog.plans.items() if name != key}
    )


def _dearer(value: Any) -> Any:
    """Raise every price in a plan's tables by a minor unit."""
    if isinstance(value, list | tuple):
        return [_dearer(each) for each in value]
    if isinstance(value, dict):
        return {
            key: str(Decimal(each) + 1) if key in ("amount", "unit_amount") and each else _dearer(each)
            for key, each in value.items()
        }
    return value


def planned(app: Portal, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    db.session.commit()
    monkeypatch.setitem(app.extensions, "catalog", catalog)
    return plan_catalog()


def test_a_plan_reads_and_writes_nothing(stripe_account: Stripe, emulator: Emulator) -> None:
    assert {change.sign for change in plan_catalog()} == {"+"}
    assert {method for method, _path in stripe_account.seen} == {"GET"}
    assert db.session.query(Price).count() == 0


def test_before_the_first_push_everything_is_to_be_created(app: Portal) -> None:
    text = shown(plan_catalog(), done=False)
    assert "+ product portal_pro_seat\n    Pro seat\n" in text
    assert "+ price pro.seat.month.usd\n    $15.00 per seat and month\n" in text
    assert "+ meter api_calls\n    API calls\n" in text
    assert "+ feature sso on portal_enterprise_base\n" in text
    assert "+ Customer Portal configuration\n" in text
    assert text.endswith(" to create, 0 to change, 0 to archive.")


def test_after_a_push_there_is_nothing_to_do(catalog_at_stripe: None, push: Push) -> None:
    assert shown(plan_catalog(), done=False) == NOTHING
    assert shown(push(), done=True) == NOTHING


def test_the_push_does_what_the_plan_said(
    app: Portal, catalog_at_stripe: None, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = planned(app, with_seat_price(1_900), monkeypatch)
    assert said == push(with_seat_price(1_900)) != []
    assert plan_catalog() == []


def test_a_changed_price_is_shown_old_and_new_with_who_keeps_the_old_one(
    app: Portal, cast: Cast, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    assert shown(planned(app, with_seat_price(1_900), monkeypatch), done=False) == (
        "~ price pro.seat.month.usd\n"
        "    $15.00 per seat and month -> $19.00 per seat and month\n"
        "    1 subscription keeps the old price\n"
        "\n"
        "0 to create, 1 to change, 0 to archive."
    )


def test_a_plan_that_left_the_catalogue_is_archived_with_its_products(
    catalog_at_stripe: None, push: Push, emulator: Emulator
) -> None:
    done = push(without("starter"))
    assert {(change.sign, change.what) for change in done} == {
        ("-", "product portal_starter_base"),
        *(("-", f"price starter.base.{each}.{cur}") for each in ("month", "year") for cur in ("usd", "eur")),
    }
    assert at_stripe(emulator, "product", id="portal_starter_base", active=False) == 1
    assert at_stripe(emulator, "price", product="portal_starter_base", active=True) == 0
    assert push(without("starter")) == []


def test_what_subscribers_still_have_stays_active_and_is_no_longer_sold(
    cast: Cast, subscribe: Subscribe, push: Push, emulator: Emulator
) -> None:
    subscribe(cast.tenant, "starter")
    kept = prices_on_sale(current_catalog().plans["starter"], "month", "usd")["base"].stripe_id
    done = push(without("starter"))
    assert (
        Change(
            "-",
            "price starter.base.month.usd",
            (kept, "1 subscription keeps the old price"),
            lambda _gateway, _made: None,
        )
        in done
    )
    assert at_stripe(emulator, "price", id=kept, active=True, lookup_key=None) == 1
    assert at_stripe(emulator, "product", id="portal_starter_base", active=True) == 1
    assert push(without("starter")) == []


def test_a_plan_that_comes_back_is_sold_again(
    catalog_at_stripe: None, push: Push, emulator: Emulator
) -> None:
    whole = current_catalog()
    push(without("starter"))
    done = push(whole)
    assert ("~", "product portal_starter_base", ("back on sale",)) in [
        (change.sign, change.what, change.details) for change in done
    ]
    assert at_stripe(emulator, "price", lookup_key="starter.base.month.usd", active=True) == 1


def test_a_price_that_was_archived_in_the_dashboard_is_made_again(
    catalog_at_stripe: None, push: Push, stripe_client: stripe.StripeClient
) -> None:
    price = prices_on_sale(current_catalog().plans["starter"], "month", "usd")["base"].stripe_id
    stripe_client.v1.prices.update(price, {"active": False})
    (change,) = push()
    assert change.details[0] == "$29.00 per month (archived at Stripe) -> $29.00 per month"
    assert push() == []


def test_a_push_that_broke_off_between_new_and_old_price_is_completed_by_the_next(
    catalog_at_stripe: None, push: Push, emulator: Emulator, stripe_client: stripe.StripeClient
) -> None:
    old = prices_on_sale(current_catalog().plans["pro"], "month", "usd")["seat"].stripe_id
    db.session.commit()
    stripe_client.v1.prices.create(
        {
            "product": "portal_pro_seat",
            "currency": "usd",
            "unit_amount": 1_900,
            "recurring": {"interval": "month"},
            "lookup_key": "pro.seat.month.usd",
            "transfer_lookup_key": True,
        }
    )
    done = push(with_seat_price(1_900))
    assert [(change.sign, change.what) for change in done] == [
        ("-", "price pro.seat.month.usd"),
        ("~", "the portal's own record of prices"),
    ]
    assert at_stripe(emulator, "price", id=old, active=False) == 1
    assert push(with_seat_price(1_900)) == []


def test_a_renamed_meter_and_feature_are_renamed_at_stripe(catalog_at_stripe: None, push: Push) -> None:
    catalog = current_catalog()
    calls = msgspec.structs.replace(catalog.meters["api_calls"], name="Requests")
    sso = msgspec.structs.replace(catalog.features["sso"], name="SAML")
    renamed = msgspec.structs.replace(
        catalog,
        meters={**catalog.meters, "api_calls": calls},
        features={**catalog.features, "sso": sso},
    )
    done = [(change.sign, change.what, change.details) for change in push(renamed)]
    assert done == [
        ("~", "meter api_calls", ("API calls -> Requests",)),
        ("~", "feature sso", ("Single sign-on -> SAML",)),
        ("~", "product portal_enterprise_meter_api_calls", ("Enterprise API calls -> Enterprise Requests",)),
    ]
    assert push(renamed) == []


def test_without_rows_of_its_own_the_old_price_is_read_from_stripe(
    app: Portal, catalog_at_stripe: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.execute(sa.delete(Price))
    catalog = current_catalog()
    twice = {
        key: msgspec.convert(_dearer(msgspec.to_builtins(plan)), Plan, strict=False)
        for key, plan in catalog.plans.items()
    }
    found = planned(app, msgspec.structs.replace(catalog, plans=twice), monkeypatch)
    old = {change.what: change.details[0] for change in found}
    assert old["price starter.base.month.usd"] == "$29.00 per month -> $29.01 per month"
    assert old["price pro.seat.month.usd"] == "$15.00 per seat and month -> $15.01 per seat and month"
    assert old["price enterprise.meter.storage_gb.month.usd"].startswith("$0.50 for every 100 GB-days begun")
    assert old["price enterprise.meter.emails.month.usd"].startswith("Up to 50,000 e-mails: $0.001 each; ")


def test_the_coupon_of_the_retention_offer_is_made_once(
    catalog_at_stripe: None, push: Push, emulator: Emulator
) -> None:
    offering = msgspec.structs.replace(current_catalog(), retention=Retention(percent_off=30, months=2))
    done = push(offering)
    assert [(change.sign, change.what, change.details) for change in done] == [
        ("+", "coupon portal_retention_30_2", ("30% off for 2 months",))
    ]
    assert at_stripe(emulator, "coupon", id="portal_retention_30_2") == 1
    assert push(offering) == []


def test_a_price_that_is_only_said_otherwise_stays(app: Portal, push: Push) -> None:
    tiers = [{"up_to": 4}, {"unit_amount": "15"}]
    said_in_tiers = plan_with({"model": "graduated", "tiers": tiers})
    push(msgspec.structs.replace(current_catalog(), plans={"probe": said_in_tiers}))
    said_otherwise = plan_with({"model": "per_unit", "amount": "15", "included": 4})
    done = push(msgspec.structs.replace(current_catalog(), plans={"probe": said_otherwise}))
    assert [change.what for change in done] == ["the portal's own record of prices"]
    assert prices_on_sale(said_otherwise, "month", "usd")["seat"].definition["included"] == 4


@pytest.mark.parametrize(("flags", "status"), [((), 0), (("--detailed-exitcode",), 2)])
def test_the_exit_status_tells_of_changes_only_if_asked(
    app: Portal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    status: int,
) -> None:
    monkeypatch.setattr("portal.cli.catalogue.create_app", lambda **_patience: app)
    arguments = parser().parse_args(["catalog", "plan", *flags])
    assert run(arguments) == status
    assert "to create" in capsys.readouterr().out
