"""`expand` on reads, writes and lists."""

from __future__ import annotations

import pytest
import stripe
from stripe import PaymentMethod, Product, StripeClient


def test_an_id_becomes_the_object_it_names(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create({"payment_method": "pm_card_visa"})
    method = stripe_client.v1.customers.payment_methods.list(customer.id).data[0]
    found = stripe_client.v1.customers.update(
        customer.id,
        {
            "invoice_settings": {"default_payment_method": method.id},
            "expand": ["invoice_settings.default_payment_method"],
        },
    )
    assert found.invoice_settings is not None
    assert isinstance(found.invoice_settings.default_payment_method, PaymentMethod)


def test_a_chosen_id_is_found_by_its_field(stripe_client: StripeClient) -> None:
    stripe_client.v1.products.create({"id": "pro", "name": "Pro"})
    price = stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 100, "product": "pro", "expand": ["product"]}
    )
    assert isinstance(price.product, Product)
    assert price.product.name == "Pro"


def test_a_list_expands_every_element(stripe_client: StripeClient) -> None:
    product = stripe_client.v1.products.create({"name": "Pro"})
    for amount in (100, 200):
        stripe_client.v1.prices.create({"currency": "usd", "unit_amount": amount, "product": product.id})
    listed = stripe_client.v1.prices.list({"expand": ["data.product", "data.tiers"]})
    assert [price.product.id for price in listed.data if isinstance(price.product, Product)] == [
        product.id
    ] * 2


def test_fields_on_request_are_absent_without_it(stripe_client: StripeClient) -> None:
    product = stripe_client.v1.products.create({"name": "Pro"})
    price = stripe_client.v1.prices.create({"currency": "usd", "unit_amount": 100, "product": product.id})
    assert "tiers" not in price
    assert "currency_options" not in price


def test_null_stays_null(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create(
        {"expand": ["invoice_settings.default_payment_method", "test_clock"]}
    )
    assert customer.test_clock is None


def test_several_levels_are_expanded(stripe_client: StripeClient) -> None:
    stripe_client.v1.products.create(
        {"id": "pro", "name": "Pro", "default_price_data": {"currency": "usd", "unit_amount": 100}}
    )
    product = stripe_client.v1.products.retrieve("pro", {"expand": ["default_price.product.default_price"]})
    assert isinstance(product.default_price, stripe.Price)
    assert isinstance(product.default_price.product, Product)
    assert isinstance(product.default_price.product.default_price, stripe.Price)


@pytest.mark.parametrize("path", ["email", "nothing", "address.city", "metadata", "invoice_settings"])
def test_what_cannot_be_expanded_is_refused(stripe_client: StripeClient, path: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        stripe_client.v1.customers.create(
            {"email": "a@example.com", "address": {"city": "Paris"}, "expand": [path]}
        )
    assert stripe_client.v1.customers.list().data == []
