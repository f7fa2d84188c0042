"""Products and prices in all their shapes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.emulator.account import Account

RECURRING: Any = {"interval": "month"}


@pytest.fixture
def product(stripe_client: StripeClient) -> str:
    return stripe_client.v1.products.create({"name": "Pro"}).id


def test_a_product_keeps_what_it_was_created_with(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.products.create(
        {
            "id": "pro",
            "name": "Pro",
            "description": "For teams",
            "unit_label": "seat",
            "marketing_features": [{"name": "Support"}],
            "images": ["https://example.com/pro.png"],
            "metadata": {"plan": "pro"},
            "default_price_data": {
                "currency": "usd",
                "unit_amount": 2000,
                "recurring": {"interval": "month"},
            },
        }
    )
    found = stripe_client.v1.products.retrieve("pro")
    assert (found.name, found.unit_label, found.default_price) == ("Pro", "seat", made.default_price)
    assert stripe_client.v1.prices.list({"product": "pro"}).data[0].unit_amount == 2000


def test_an_updated_product_tells_what_changed(stripe_client: StripeClient, product: str) -> None:
    changed = stripe_client.v1.products.update(product, {"name": "Pro 2", "description": "", "active": False})
    assert (changed.name, changed.description, changed.active) == ("Pro 2", None, False)
    event = stripe_client.v1.events.list({"type": "product.updated"}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes["name"] == "Pro"


def test_a_product_id_cannot_be_taken_twice(stripe_client: StripeClient) -> None:
    stripe_client.v1.products.create({"id": "pro", "name": "Pro"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.products.create({"id": "pro", "name": "Pro"})
    assert refused.value.code == "resource_already_exists"


def test_a_product_with_prices_cannot_be_deleted(stripe_client: StripeClient, product: str) -> None:
    stripe_client.v1.prices.create({"currency": "usd", "unit_amount": 1, "product": product})
    with pytest.raises(stripe.InvalidRequestError, match="has one or more user-created prices"):
        stripe_client.v1.products.delete(product)


def test_a_product_without_prices_is_gone_once_deleted(stripe_client: StripeClient, product: str) -> None:
    assert stripe_client.v1.products.delete(product).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        stripe_client.v1.products.retrieve(product)


def test_products_can_be_listed_by_id_and_activity(stripe_client: StripeClient, product: str) -> None:
    other = stripe_client.v1.products.create({"name": "Old", "active": False}).id
    by_id = stripe_client.v1.products.list({"ids": [product, "prod_none"]})
    inactive = stripe_client.v1.products.list({"active": False})
    assert ([p.id for p in by_id.data], [p.id for p in inactive.data]) == ([product], [other])


def test_a_fractional_amount_has_no_whole_one(stripe_client: StripeClient, product: str) -> None:
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "product": product,
            "unit_amount_decimal": Decimal("0.05"),
            "recurring": RECURRING,
        }
    )
    assert (price.unit_amount, price.unit_amount_decimal) == (None, Decimal("0.05"))


def test_a_whole_amount_is_both(stripe_client: StripeClient, product: str) -> None:
    price = stripe_client.v1.prices.create(
        {"currency": "usd", "product": product, "unit_amount_decimal": Decimal("100.00")}
    )
    assert (price.unit_amount, price.unit_amount_decimal, price.type) == (100, Decimal("100"), "one_time")


def test_tiers_come_back_closed_and_in_both_spellings(stripe_client: StripeClient, product: str) -> None:
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "product": product,
            "recurring": RECURRING,
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [
                {"up_to": 5, "flat_amount": 1000},
                {"up_to": "inf", "unit_amount_decimal": Decimal("2.5")},
            ],
            "expand": ["tiers"],
        }
    )
    assert price.tiers is not None
    assert [(tier.up_to, tier.flat_amount, tier.unit_amount_decimal) for tier in price.tiers] == [
        (5, 1000, None),
        (None, None, Decimal("2.5")),
    ]
    assert (price.unit_amount, price.billing_scheme) == (None, "tiered")


def test_a_price_is_sold_in_packages_and_other_currencies(stripe_client: StripeClient, product: str) -> None:
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "product": product,
            "unit_amount": 500,
            "recurring": RECURRING,
            "transform_quantity": {"divide_by": 100, "round": "up"},
            "currency_options": {"eur": {"unit_amount": 450, "tax_behavior": "inclusive"}},
            "expand": ["currency_options"],
        }
    )
    assert price.transform_quantity is not None
    assert price.currency_options is not None
    assert {name: price.currency_options[name].unit_amount for name in ("usd", "eur")} == {
        "usd": 500,
        "eur": 450,
    }


def test_a_lookup_key_finds_its_price_and_moves_only_on_request(
    stripe_client: StripeClient, product: str
) -> None:
    base: Any = {"currency": "usd", "product": product, "unit_amount": 1, "lookup_key": "pro_monthly"}
    first = stripe_client.v1.prices.create(base)
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        stripe_client.v1.prices.create(base)
    base["transfer_lookup_key"] = True
    second = stripe_client.v1.prices.create(base)
    found = stripe_client.v1.prices.list({"lookup_keys": ["pro_monthly", "other"]})
    assert [price.id for price in found.data] == [second.id]
    assert stripe_client.v1.prices.retrieve(first.id).lookup_key is None


def test_prices_can_be_listed_by_what_recurs(stripe_client: StripeClient, product: str) -> None:
    made = {
        interval: stripe_client.v1.prices.create(
            {"currency": "usd", "product": product, "unit_amount": 1, "recurring": {"interval": interval}}
        ).id
        for interval in ("month", "year")
    }
    found = stripe_client.v1.prices.list(
        {"recurring": {"interval": "year"}, "type": "recurring", "active": True}
    )
    assert [price.id for price in found.data] == [made["year"]]


def test_a_price_can_be_archived_but_not_repriced(stripe_client: StripeClient, product: str) -> None:
    price = stripe_client.v1.prices.create({"currency": "usd", "product": product, "unit_amount": 1})
    assert stripe_client.v1.prices.update(price.id, {"active": False, "nickname": "old"}).active is False
    params: Any = {"unit_amount": 2}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.prices.update(price.id, params)
    assert (refused.value.param, refused.value.code) == ("unit_amount", "parameter_unknown")


def test_a_price_can_bring_its_product(stripe_client: StripeClient) -> None:
    price = stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product_data": {"name": "New", "unit_label": "call"}}
    )
    assert isinstance(price.product, str)
    assert stripe_client.v1.products.retrieve(price.product).unit_label == "call"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"unit_amount": None}, "unit_amount"),
        ({"unit_amount": -1}, "unit_amount"),
        ({"unit_amount_decimal": Decimal(1)}, "unit_amount"),
        ({"currency": "dollars"}, "currency"),
        ({"product": "prod_none"}, "product"),
        ({"recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]"),
        ({"recurring": {"interval": "month", "usage_type": "metered"}}, "recurring[meter]"),
        (
            {"recurring": {"interval": "month", "usage_type": "metered", "meter": "mtr_none"}},
            "recurring[meter]",
        ),
        ({"billing_scheme": "tiered"}, "tiers"),
        ({"tiers_mode": "volume"}, "tiers_mode"),
        ({"transform_quantity": {"divide_by": 0, "round": "up"}}, "transform_quantity[divide_by]"),
        ({"unit_amount": None, "tiers": [{"up_to": "inf", "unit_amount": 1}]}, "billing_scheme"),
        (
            {"unit_amount": None, "billing_scheme": "tiered", "tiers": [{"up_to": "inf", "unit_amount": 1}]},
            "tiers_mode",
        ),
        ({"unit_amount": None, "tiers": [{"up_to": 5, "unit_amount": 1}]}, "tiers[0][up_to]"),
        (
            {
                "unit_amount": None,
                "tiers": [{"up_to": "inf", "unit_amount": 1}, {"up_to": "inf", "unit_amount": 1}],
            },
            "tiers[0][up_to]",
        ),
        (
            {"unit_amount": None, "tiers": [{"up_to": 5, "unit_amount": 1}, {"up_to": 5, "unit_amount": 1}]},
            "tiers[1][up_to]",
        ),
        ({"unit_amount": None, "tiers": [{"up_to": "inf"}]}, "tiers[0][unit_amount]"),
        ({"currency_options": {"eur": {"unit_amount": 1, "unit_amount_decimal": Decimal(1)}}}, None),
        ({"lookup_key": "k" * 201}, "lookup_key"),
    ],
)
def test_contradictory_prices_are_refused(
    stripe_client: StripeClient, product: str, changes: dict[str, Any], param: str | None
) -> None:
    params: Any = {"currency": "usd", "product": product, "unit_amount": 100, "recurring": RECURRING}
    params |= changes
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.prices.create(params)
    assert param is None or refused.value.param == param
    assert stripe_client.v1.prices.list().data == []


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"images": ["https://example.com/"] * 9}, "images"),
        ({"marketing_features": [{"name": "Fast"}] * 16}, "marketing_features"),
    ],
)
def test_a_product_has_so_many_images_and_features(
    stripe_client: StripeClient, params: Any, param: str
) -> None:
    few: Any = {"name": "Pro", param: params[param][:-1]}
    many: Any = {"name": "Pro", **params}
    stripe_client.v1.products.create(few)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.products.create(many)
    assert refused.value.param == param


def test_a_product_with_a_default_price_is_announced_in_three_steps(account: Account) -> None:
    account.v1.products.create({"name": "Pro", "default_price_data": {"currency": "usd", "unit_amount": 100}})
    assert account.news()[-3:] == ["product.created", "price.created", "product.updated"]
    assert account.last_event("product.updated")["data"]["previous_attributes"] == {"default_price": None}


def test_the_default_price_of_a_product_cannot_be_archived(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.products.create(
        {"name": "Pro", "default_price_data": {"currency": "usd", "unit_amount": 100}}
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.prices.update(str(made.default_price), {"active": False})
    assert refused.value.param == "active"
