"""Coupons, promotion codes, tax rates and tax ids."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe
from stripe import Coupon, StripeClient

from portal.emulator.app import Emulator
from portal.emulator.pages.promotion import typed_code
from portal.emulator.wire.errors import StripeError
from tests.emulator.account import START, Account
from tests.emulator.conftest import Receiver, WallClock
from tests.fixtures.emulator import client_of


def test_a_coupon_keeps_what_it_was_created_with(stripe_client: StripeClient) -> None:
    product = stripe_client.v1.products.create({"name": "Pro"}).id
    stripe_client.v1.coupons.create(
        {
            "id": "SPRING",
            "amount_off": 500,
            "currency": "usd",
            "duration": "repeating",
            "duration_in_months": 3,
            "applies_to": {"products": [product]},
            "currency_options": {"eur": {"amount_off": 450}},
            "name": "Spring",
        }
    )
    found = stripe_client.v1.coupons.retrieve("SPRING", {"expand": ["applies_to", "currency_options"]})
    assert (found.amount_off, found.duration_in_months, found.valid) == (500, 3, True)
    assert found.applies_to is not None
    assert found.applies_to.products == [product]
    assert found.currency_options is not None
    assert {name: found.currency_options[name].amount_off for name in ("usd", "eur")} == {
        "usd": 500,
        "eur": 450,
    }


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 10, "amount_off": 5}, "percent_off"),
        ({"percent_off": 0}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"amount_off": 100}, "currency"),
        ({"amount_off": 0, "currency": "usd"}, "amount_off"),
        ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 10, "duration": "forever", "duration_in_months": 2}, "duration_in_months"),
        ({"percent_off": 10, "max_redemptions": 0}, "max_redemptions"),
        ({"percent_off": 10, "redeem_by": 1}, "redeem_by"),
        ({"percent_off": 10, "id": "a b"}, "id"),
        ({"percent_off": 10, "applies_to": {"products": ["prod_none"]}}, "applies_to[products][0]"),
        ({"percent_off": 10, "duration": "always"}, "duration"),
    ],
)
def test_a_coupon_that_cannot_be_is_refused(stripe_client: StripeClient, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.coupons.create(params)
    assert refused.value.param == param
    assert stripe_client.v1.coupons.list().data == []


def test_a_coupon_past_its_date_is_not_valid(receiver: Receiver) -> None:
    clock = WallClock()
    client = client_of(Emulator(deliver=receiver, wall_clock=clock))
    coupon = client.v1.coupons.create({"percent_off": 10, "redeem_by": int(clock.now) + 10})
    clock.now += 10
    assert client.v1.coupons.list().data[0].valid is False
    assert client.v1.coupons.update(coupon.id, {"name": "Old"}).valid is False


def test_a_deleted_coupon_is_gone(stripe_client: StripeClient) -> None:
    coupon = stripe_client.v1.coupons.create({"percent_off": 10})
    assert stripe_client.v1.coupons.delete(coupon.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        stripe_client.v1.coupons.retrieve(coupon.id)


def test_a_promotion_code_names_its_coupon(stripe_client: StripeClient) -> None:
    coupon = stripe_client.v1.coupons.create({"percent_off": 10})
    code = stripe_client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": "HELLO",
            "expand": ["promotion.coupon"],
        }
    )
    assert isinstance(code.promotion.coupon, Coupon)
    found = stripe_client.v1.promotion_codes.list({"code": "HELLO", "active": True, "coupon": coupon.id})
    assert [entry.id for entry in found.data] == [code.id]
    assert stripe_client.v1.promotion_codes.retrieve(code.id).code == "HELLO"


def test_a_word_is_used_by_one_active_code_at_a_time(stripe_client: StripeClient) -> None:
    coupon = stripe_client.v1.coupons.create({"percent_off": 10})
    base: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HELLO"}
    first = stripe_client.v1.promotion_codes.create(base)
    shouted: Any = {**base, "code": "hello"}
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        stripe_client.v1.promotion_codes.create(shouted)
    stripe_client.v1.promotion_codes.update(first.id, {"active": False})
    stripe_client.v1.promotion_codes.create(base)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        stripe_client.v1.promotion_codes.update(first.id, {"active": True})


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"promotion": {"type": "coupon"}}, "promotion[coupon]"),
        ({"promotion": {"type": "coupon", "coupon": "none"}}, "promotion[coupon]"),
        ({"code": "two words"}, "code"),
        ({"customer": "cus_none"}, "customer"),
        ({"expires_at": 1}, "expires_at"),
        ({"max_redemptions": 0}, "max_redemptions"),
        ({"restrictions": {"minimum_amount": 5}}, "restrictions[minimum_amount_currency]"),
    ],
)
def test_a_promotion_code_that_cannot_be_is_refused(
    stripe_client: StripeClient, changes: dict[str, Any], param: str
) -> None:
    coupon = stripe_client.v1.coupons.create({"percent_off": 10})
    params: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}}
    params |= changes
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.promotion_codes.create(params)
    assert refused.value.param == param


def test_a_tax_rate_can_be_archived_but_not_changed(stripe_client: StripeClient) -> None:
    rate = stripe_client.v1.tax_rates.create(
        {"display_name": "VAT", "percentage": 20, "inclusive": True, "country": "FR", "tax_type": "vat"}
    )
    assert stripe_client.v1.tax_rates.update(rate.id, {"active": False}).percentage == 20
    assert stripe_client.v1.tax_rates.list({"active": True}).data == []
    assert stripe_client.v1.tax_rates.retrieve(rate.id).country == "FR"
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.tax_rates.create({"display_name": "VAT", "percentage": 120, "inclusive": True})


@pytest.mark.parametrize(
    ("kind", "value", "status", "country"),
    [
        ("eu_vat", "DE123456789", "pending", "DE"),
        ("eu_vat", "EL123456789", "pending", "GR"),
        ("eu_vat", "DE000000000", "verified", "DE"),
        ("gb_vat", "GB111111111", "unverified", "GB"),
        ("us_ein", "12-3456789", "unavailable", "US"),
    ],
)
def test_a_tax_id_is_verified_by_its_test_value(
    stripe_client: StripeClient, kind: Any, value: str, status: str, country: str
) -> None:
    customer = stripe_client.v1.customers.create({"name": "Ada"}).id
    made = stripe_client.v1.customers.tax_ids.create(customer, {"type": kind, "value": value})
    found = stripe_client.v1.customers.tax_ids.retrieve(customer, made.id)
    assert found.verification is not None
    assert (found.verification.status, found.country) == (status, country)
    stripe_client.v1.customers.tax_ids.delete(customer, made.id)
    assert stripe_client.v1.customers.tax_ids.list(customer).data == []


@pytest.mark.parametrize(("kind", "value"), [("eu_vat", "123"), ("us_ein", "x"), ("made_up", "123456789")])
def test_a_tax_id_of_the_wrong_shape_is_refused(stripe_client: StripeClient, kind: Any, value: str) -> None:
    customer = stripe_client.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.customers.tax_ids.create(customer, {"type": kind, "value": value})


def test_a_customer_has_five_tax_ids_at_most_and_nobody_elses(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create().id
    made = [
        stripe_client.v1.customers.tax_ids.create(customer, {"type": "us_ein", "value": f"12-345678{n}"}).id
        for n in range(5)
    ]
    with pytest.raises(stripe.InvalidRequestError, match="at most 5"):
        stripe_client.v1.customers.tax_ids.create(customer, {"type": "us_ein", "value": "12-3456789"})
    stranger = stripe_client.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.customers.tax_ids.delete(stranger, made[0])


def test_a_promotion_code_does_not_outlast_its_coupon(stripe_client: StripeClient) -> None:
    ends = int(time.time()) + 1000
    coupon = stripe_client.v1.coupons.create({"percent_off": 10, "max_redemptions": 2, "redeem_by": ends}).id
    promotion: Any = {"type": "coupon", "coupon": coupon}
    for name, limit in (("expires_at", ends + 1), ("max_redemptions", 3)):
        beyond: Any = {"promotion": promotion, name: limit}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            stripe_client.v1.promotion_codes.create(beyond)
        assert refused.value.param == name
    code = stripe_client.v1.promotion_codes.create(
        {"promotion": promotion, "max_redemptions": 2, "active": False}
    )
    stripe_client.v1.coupons.delete(coupon)
    with pytest.raises(stripe.InvalidRequestError) as gone:
        stripe_client.v1.promotion_codes.update(code.id, {"active": True})
    assert gone.value.param == "active"


def test_a_promotion_code_can_ask_for_an_order_of_some_size(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    code = account.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon},
            "restrictions": {"minimum_amount": 4000, "minimum_amount_currency": "usd"},
        }
    ).id
    price, wanted = account.price(2000), [{"promotion_code": code}]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(account.customer().id, price, discounts=wanted)
    assert refused.value.param == "discounts[0][promotion_code]"
    sub = account.subscribe(account.customer().id, {"price": price.id, "quantity": 2}, discounts=wanted)
    assert account.invoices(sub.id)[0].total == 3600


def test_a_discount_is_its_owners_as_long_as_it_lasts(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    price = account.price()
    first = account.subscribe(account.customer().id, price, discounts=[{"coupon": coupon}])
    used: Any = [{"discount": str(first.discounts[0])}]
    with pytest.raises(stripe.InvalidRequestError) as foreign:
        account.subscribe(account.customer().id, price, discounts=used)
    assert (foreign.value.param, foreign.value.code) == ("discounts[0][discount]", "resource_missing")
    account.news()
    account.v1.subscriptions.update(first.id, {"discounts": []})
    account.v1.subscriptions.update(first.id, {"discounts": ""})
    assert account.news() == ["customer.discount.deleted", "customer.subscription.updated"]
    with pytest.raises(stripe.InvalidRequestError) as ended:
        account.v1.subscriptions.update(first.id, {"discounts": used})
    assert ended.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="No active discount") as none:
        account.v1.subscriptions.delete_discount(first.id)
    assert none.value.http_status == 404


def test_an_amount_off_in_another_currency_is_refused(account: Account) -> None:
    coupon = account.v1.coupons.create({"amount_off": 500, "currency": "eur", "duration": "forever"}).id
    customer, price, wanted = account.customer().id, account.price(), [{"coupon": coupon}]
    sent: Any = {"customer": customer, "amount": 900, "currency": "usd", "discounts": wanted}
    item: Any = {"price": price.id, "discounts": wanted}
    calls: list[tuple[str, Any]] = [
        ("discounts[0][coupon]", lambda: account.subscribe(customer, price, discounts=wanted)),
        ("items[0][discounts][0][coupon]", lambda: account.subscribe(customer, item)),
        ("discounts[0][coupon]", lambda: account.v1.invoice_items.create(sent)),
    ]
    for param, call in calls:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            call()
        assert refused.value.param == param
    in_both: Any = {"usd": {"amount_off": 600}}
    account.v1.coupons.update(coupon, {"currency_options": in_both})
    assert account.invoices(account.subscribe(customer, price, discounts=wanted).id)[0].total == 1400


def test_a_deleted_coupon_is_a_stub_on_the_discounts_it_made(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    sub = account.subscribe(account.customer().id, account.price(), discounts=[{"coupon": coupon}])
    account.v1.coupons.delete(coupon)
    found = account.v1.subscriptions.retrieve(sub.id, {"expand": ["discounts.source.coupon"]})
    (discount,) = found.discounts
    assert isinstance(discount, stripe.Discount)
    assert isinstance(discount.source.coupon, Coupon)
    assert discount.source.coupon.deleted
    account.advance(32)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [1800, 1800]


def test_an_archived_tax_rate_stays_where_it_is_and_goes_nowhere_else(account: Account) -> None:
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False}).id
    price = account.price()
    sub = account.subscribe(account.customer().id, price, default_tax_rates=[rate])
    account.v1.tax_rates.update(rate, {"active": False})
    account.v1.subscriptions.update(sub.id, {"default_tax_rates": [rate]})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(account.customer().id, price, default_tax_rates=[rate])
    assert refused.value.param == "default_tax_rates[0]"


def test_automatic_tax_needs_to_know_where_the_customer_lives(account: Account) -> None:
    customer, price = account.customer().id, account.price()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(customer, price, automatic_tax={"enabled": True})
    assert refused.value.code == "customer_tax_location_invalid"
    sub = account.subscribe(customer, price)
    with pytest.raises(stripe.InvalidRequestError) as again:
        account.v1.subscriptions.update(sub.id, {"automatic_tax": {"enabled": True}})
    assert again.value.code == "customer_tax_location_invalid"
    account.v1.customers.update(customer, {"address": {"country": "DE"}})
    changed = account.v1.subscriptions.update(sub.id, {"automatic_tax": {"enabled": True}})
    assert changed.automatic_tax.enabled


def test_a_promotion_code_is_active_as_long_as_its_coupon_is_good(receiver: Receiver) -> None:
    clock = WallClock()
    client = client_of(Emulator(deliver=receiver, wall_clock=clock))
    ends = int(clock.now) + 10
    coupon = client.v1.coupons.create({"percent_off": 10, "redeem_by": ends}).id
    promotion: Any = {"type": "coupon", "coupon": coupon}
    code = client.v1.promotion_codes.create({"promotion": promotion, "code": "Hello"})
    assert [found.id for found in client.v1.promotion_codes.list({"code": "HELLO"}).data] == [code.id]
    clock.now += 10
    assert not client.v1.promotion_codes.retrieve(code.id).active
    assert client.v1.promotion_codes.list({"active": True}).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.promotion_codes.update(code.id, {"active": True})
    assert refused.value.code == "coupon_expired"
    again: Any = {"type": "coupon", "coupon": client.v1.coupons.create({"percent_off": 20}).id}
    assert client.v1.promotion_codes.create({"promotion": again, "code": "Hello"}).active


def test_of_several_codes_of_one_word_the_customers_own_is_taken(account: Account) -> None:
    promotion: Any = {"type": "coupon", "coupon": account.v1.coupons.create({"percent_off": 10}).id}
    customers = [account.customer(None).id for _ in range(2)]
    for customer in customers:
        account.v1.promotion_codes.create({"promotion": promotion, "code": "HELLO", "customer": customer})
    with account.emulator.store.transaction(write=False) as tx:
        for customer in customers:
            assert typed_code(tx, "hello", tx.get("customer", customer), START)["customer"] == customer
        with pytest.raises(StripeError, match="not valid for this customer"):
            typed_code(tx, "hello", None, START)
