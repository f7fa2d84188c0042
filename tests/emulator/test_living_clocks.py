"""Clocks that follow real time until somebody advances them."""

from __future__ import annotations

import pytest
from stripe import StripeClient

from portal.emulator.app import Emulator
from portal.emulator.living_clocks import follow_real_time, let_clocks_live
from tests.emulator.conftest import Receiver, WallClock
from tests.fixtures.emulator import client_of

DAY = 24 * 3600


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def living(receiver: Receiver, clock: WallClock) -> Emulator:
    emulator = Emulator(deliver=receiver, wall_clock=clock)
    let_clocks_live(emulator.store, on=True)
    return emulator


@pytest.fixture
def client(living: Emulator) -> StripeClient:
    return client_of(living)


def _subscribe(client: StripeClient, customer: str) -> str:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Pro"},
        }
    ).id
    method = client.v1.customers.payment_methods.list(customer).data[0].id
    return client.v1.subscriptions.create(
        {"customer": customer, "items": [{"price": price}], "default_payment_method": method}
    ).id


def test_a_new_customer_lives_in_real_time(client: StripeClient, clock: WallClock) -> None:
    first = client.v1.customers.create()
    clock.now += 30
    subscription = client.v1.subscriptions.retrieve(
        _subscribe(client, client.v1.customers.create({"payment_method": "pm_card_visa"}).id)
    )
    assert (first.test_clock is not None, subscription.created) == (True, int(clock.now))
    assert len(client.v1.customers.list().data) == 2


def test_real_time_brings_the_renewal(client: StripeClient, clock: WallClock, living: Emulator) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"}).id
    _subscribe(client, customer)
    clock.now += 32 * DAY
    assert follow_real_time(living.store) == 1
    invoices = client.v1.invoices.list({"customer": customer})
    assert [(invoice.status, invoice.billing_reason) for invoice in invoices.data] == [
        ("paid", "subscription_cycle"),
        ("paid", "subscription_create"),
    ]
    assert invoices.data[0].created - invoices.data[1].created == pytest.approx(31 * DAY, abs=3 * DAY)
    assert follow_real_time(living.store) == 0


def test_once_advanced_the_clock_stands_still(
    client: StripeClient, clock: WallClock, living: Emulator
) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    _subscribe(client, customer.id)
    clock.now += 100
    target = int(clock.now) + 40 * DAY
    client.v1.test_helpers.test_clocks.advance(str(customer.test_clock), {"frozen_time": target})
    clock.now += 5 * DAY
    assert follow_real_time(living.store) == 0
    stopped = client.v1.test_helpers.test_clocks.retrieve(str(customer.test_clock))
    assert (stopped.frozen_time, stopped.status) == (target, "ready")
    assert len(client.v1.invoices.list({"customer": customer.id}).data) == 2


def test_the_shown_time_lags_little(client: StripeClient, clock: WallClock, living: Emulator) -> None:
    customer = client.v1.customers.create()
    clock.now += 3600
    follow_real_time(living.store)
    assert client.v1.test_helpers.test_clocks.retrieve(str(customer.test_clock)).frozen_time == int(clock.now)


def test_without_the_setting_customers_have_no_clock(stripe_client: StripeClient) -> None:
    assert stripe_client.v1.customers.create().test_clock is None


def test_a_clock_advanced_to_the_present_follows_real_time(
    client: StripeClient, clock: WallClock, living: Emulator
) -> None:
    now = int(clock.now)
    begun = client.v1.test_helpers.test_clocks.create({"frozen_time": now - 40 * DAY})
    client.v1.customers.create({"test_clock": begun.id})
    client.v1.test_helpers.test_clocks.advance(begun.id, {"frozen_time": now})
    clock.now += 3 * DAY
    assert follow_real_time(living.store) == 1
    assert client.v1.test_helpers.test_clocks.retrieve(begun.id).frozen_time == int(clock.now)
