"""Features, and what a customer is entitled to by the subscriptions it has."""

from __future__ import annotations

import pytest
import stripe
from stripe import StripeClient


class Shop:
    """A product with a price, and a customer with a card."""

    def __init__(self, client: StripeClient) -> None:
        self.client = client
        self.product = client.v1.products.create({"name": "Pro"}).id
        self.price = client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 1000,
                "recurring": {"interval": "month"},
                "product": self.product,
            }
        ).id
        self.customer = client.v1.customers.create({"payment_method": "pm_card_visa"}).id
        self.method = client.v1.customers.payment_methods.list(self.customer).data[0].id

    def feature(self, key: str) -> str:
        feature = self.client.v1.entitlements.features.create({"lookup_key": key, "name": key.title()})
        return self.client.v1.products.features.create(self.product, {"entitlement_feature": feature.id}).id

    def subscribe(self) -> str:
        return self.client.v1.subscriptions.create(
            {
                "customer": self.customer,
                "items": [{"price": self.price}],
                "default_payment_method": self.method,
            }
        ).id

    def keys(self) -> list[str]:
        listed = self.client.v1.entitlements.active_entitlements.list(
            {"customer": self.customer, "limit": 100}
        )
        return [entitlement.lookup_key for entitlement in listed.data]

    def announced(self) -> list[list[str]]:
        events = self.client.v1.events.list({"type": "entitlements.active_entitlement_summary.updated"})
        return [[e.lookup_key for e in event.data.object.entitlements.data] for event in events.data]


@pytest.fixture
def shop(stripe_client: StripeClient) -> Shop:
    return Shop(stripe_client)


def test_a_subscription_entitles_to_the_features_of_its_product(shop: Shop) -> None:
    shop.feature("sso")
    shop.feature("audit")
    assert shop.keys() == []
    shop.subscribe()
    assert shop.keys() == ["sso", "audit"]
    assert shop.announced() == [["sso", "audit"]]


def test_the_end_of_the_subscription_takes_them_away(shop: Shop) -> None:
    shop.feature("sso")
    subscription = shop.subscribe()
    shop.client.v1.subscriptions.cancel(subscription)
    assert shop.keys() == []
    assert shop.announced() == [[], ["sso"]]


def test_a_feature_attached_or_detached_later_reaches_subscribers(shop: Shop) -> None:
    shop.subscribe()
    attached = shop.feature("sso")
    assert shop.keys() == ["sso"]
    entitlement = shop.client.v1.entitlements.active_entitlements.list({"customer": shop.customer}).data[0]
    assert shop.client.v1.entitlements.active_entitlements.retrieve(entitlement.id).lookup_key == "sso"
    assert shop.client.v1.products.features.retrieve(shop.product, attached).entitlement_feature.name == "Sso"
    shop.client.v1.products.features.delete(shop.product, attached)
    assert shop.keys() == []


def test_the_summary_carries_ten_and_the_list_all(shop: Shop) -> None:
    for number in range(12):
        shop.feature(f"feature-{number}")
    shop.subscribe()
    assert len(shop.keys()) == 12
    event = shop.client.v1.events.list({"type": "entitlements.active_entitlement_summary.updated"}).data[0]
    summary = event.data.object.entitlements
    assert (len(summary.data), summary.has_more) == (10, True)


def test_a_feature_can_be_renamed_and_archived(stripe_client: StripeClient) -> None:
    feature = stripe_client.v1.entitlements.features.create({"lookup_key": "sso", "name": "SSO"})
    changed = stripe_client.v1.entitlements.features.update(
        feature.id, {"name": "Single sign-on", "active": False}
    )
    assert (changed.name, changed.active) == ("Single sign-on", False)
    archived = stripe_client.v1.entitlements.features.list({"archived": True, "lookup_key": "sso"})
    assert [found.id for found in archived.data] == [feature.id]
    assert stripe_client.v1.entitlements.features.list({"archived": False}).data == []
    assert stripe_client.v1.entitlements.features.list().data == []
    assert stripe_client.v1.entitlements.features.retrieve(feature.id).lookup_key == "sso"


def test_a_lookup_key_names_one_feature(stripe_client: StripeClient) -> None:
    stripe_client.v1.entitlements.features.create({"lookup_key": "sso", "name": "SSO"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.entitlements.features.create({"lookup_key": "sso", "name": "Again"})
    assert refused.value.param == "lookup_key"
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.entitlements.features.create({"lookup_key": "k" * 81, "name": "Long"})


def test_a_feature_is_attached_once_and_only_while_active(shop: Shop) -> None:
    feature = shop.client.v1.entitlements.features.create({"lookup_key": "sso", "name": "SSO"}).id
    shop.client.v1.products.features.create(shop.product, {"entitlement_feature": feature})
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        shop.client.v1.products.features.create(shop.product, {"entitlement_feature": feature})
    old = shop.client.v1.entitlements.features.create({"lookup_key": "old", "name": "Old"}).id
    shop.client.v1.entitlements.features.update(old, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="archived"):
        shop.client.v1.products.features.create(shop.product, {"entitlement_feature": old})
    listed = shop.client.v1.products.features.list(shop.product)
    assert [found.entitlement_feature.id for found in listed.data] == [feature]
