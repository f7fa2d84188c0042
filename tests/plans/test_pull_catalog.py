"""Reading the catalogue back from Stripe: what a push made there, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import stripe

from portal.cli.__main__ import run
from portal.cli.parser import parser
from portal.extensions import db
from portal.plans.catalog import Catalog, Plan, current_catalog
from portal.plans.read_catalog import load_catalog, parse_catalog
from portal.plans.write_catalog import write_catalog
from portal.sync.catalog.pull import Pulled, pull_catalog
from portal.sync.catalog.want import wanted_prices
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Push, Subscribe
from tests.fixtures.webhooks import Stripe
from tests.plans.test_every_model_equals_invoices import MODELS, plan_with
from tests.plans.test_plan_catalog import planned, without
from tests.plans.test_push_catalog import with_plan, with_seat_price

BOUNDED = "graduated with some included, a minimum and a cap"


def pulled(base: Catalog | None = None) -> Pulled:
    db.session.commit()
    return pull_catalog(base)


def test_pulling_what_was_pushed_gives_the_same_catalogue(catalog_at_stripe: None) -> None:
    assert pulled(current_catalog()) == Pulled(current_catalog(), ())


def test_pulling_writes_nothing(catalog_at_stripe: None, stripe_account: Stripe) -> None:
    pulled(current_catalog())
    assert {method for method, _path in stripe_account.seen} == {"GET"}


def test_without_a_base_it_is_what_stripe_holds(
    app: Portal, catalog_at_stripe: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, ours = pulled().catalog, current_catalog()
    assert parse_catalog(write_catalog(found), name="pulled.toml") == found
    assert {each.lookup_key: each.terms("mtr") for each in wanted_prices(found)} == {
        each.lookup_key: each.terms("mtr") for each in wanted_prices(ours)
    }
    assert [(plan.name, set(plan.features)) for plan in found.plans.values()] == [
        (plan.name, set(plan.features)) for plan in ours.plans.values()
    ]
    assert found.features == ours.features
    assert {key: meter.name for key, meter in found.meters.items()} == {
        key: meter.name for key, meter in ours.meters.items()
    }
    # The cap came back as tiers, so how one price is said has changed; nothing at Stripe would.
    assert [change.what for change in planned(app, found, monkeypatch)] == [
        "the portal's own record of prices"
    ]


def test_prices_at_stripe_win_over_the_base(catalog_at_stripe: None, push: Push) -> None:
    before = current_catalog()
    dearer = with_seat_price(1_900)
    push(dearer)
    assert pulled(before).catalog == dearer


def test_a_price_with_bounds_comes_back_as_it_was_said_or_else_as_tiers(
    app: Portal, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = msgspec.structs.replace(
        current_catalog(),
        currencies=("usd",),
        plans={"free": Plan(name="Free", key="free"), "probe": plan_with(MODELS[BOUNDED])},
    )
    push(said)
    assert pulled(said).catalog == said
    in_tiers = pulled().catalog
    assert in_tiers.plans["probe"].components[0].model == "graduated"
    assert in_tiers.plans["probe"].components[0].included == 0
    assert [change.what for change in planned(app, in_tiers, monkeypatch)] == [
        "the portal's own record of prices",
    ]


def test_a_rate_that_changed_leaves_the_others_as_they_were_said(catalog_at_stripe: None, push: Push) -> None:
    before = current_catalog()
    enterprise = before.plans["enterprise"]
    calls = enterprise.components[2]
    capped = msgspec.structs.replace(calls.rates["month"]["usd"], cap_amount=300_000)
    dearer = msgspec.structs.replace(calls, rates={"month": {**calls.rates["month"], "usd": capped}})
    others = (*enterprise.components[:2], dearer, *enterprise.components[3:])
    push(with_plan(msgspec.structs.replace(enterprise, components=others)))
    found = pulled(before).catalog.plans["enterprise"].components[2].rates["month"]
    assert list(found) == ["usd", "eur"]
    assert found["eur"] == calls.rates["month"]["eur"]
    assert [tier.up_to for tier in found["usd"].tiers] == [10_000, 50_000, 9_996_666, 9_996_667, None]


def test_what_others_made_in_the_account_is_left_out_and_counted(
    catalog_at_stripe: None, stripe_client: stripe.StripeClient
) -> None:
    product = stripe_client.v1.products.create({"name": "T-shirt"})
    stripe_client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 2_000})
    stripe_client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "lookup_key": "shirts.base.month.usd",
        }
    )
    stripe_client.v1.entitlements.features.create({"lookup_key": "gift", "name": "Gift"})
    assert pulled(current_catalog()) == Pulled(
        current_catalog(),
        tuple(
            f"left out, not made by this portal: {each}"
            for each in ("products (1)", "prices (2)", "features (1)")
        ),
    )


def test_what_is_only_kept_by_subscribers_is_left_out(cast: Cast, subscribe: Subscribe, push: Push) -> None:
    whole = current_catalog()
    subscribe(cast.tenant, "starter")
    push(without("starter"))
    found = pulled(whole)
    assert "starter" not in found.catalog.plans
    assert found.notes == (
        "left out, no longer sold but kept by subscriptions: prices (1)",
        "left out, not on sale at Stripe: plan starter",
    )


def test_the_command_writes_a_file_and_never_over_one_unless_told(
    app: Portal, catalog_at_stripe: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.commit()
    monkeypatch.setattr("portal.cli.catalogue.create_app", lambda **_patience: app)
    base, written = tmp_path / "base.toml", tmp_path / "written.toml"
    base.write_text(write_catalog(current_catalog()), encoding="utf-8")
    words = ["catalog", "pull", "--base", str(base), "--output", str(written)]
    statuses = []
    for more in ([], [], ["--force"]):
        arguments = parser().parse_args([*words, *more])
        statuses.append(run(arguments))
    assert statuses == [0, 1, 0]
    assert load_catalog(written) == current_catalog()
