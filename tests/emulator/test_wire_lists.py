"""Lists: order, cursors, limits, filters, and the SDK's own paging over them."""

from __future__ import annotations

import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.emulator.conftest import Receiver, WallClock
from tests.fixtures.emulator import client_of


def _named(client: StripeClient, number: int) -> list[str]:
    return [client.v1.customers.create({"name": str(index)}).id for index in range(number)]


def test_the_newest_comes_first(stripe_client: StripeClient) -> None:
    made = _named(stripe_client, 3)
    assert [customer.id for customer in stripe_client.v1.customers.list().data] == made[::-1]


def test_a_page_is_ten_unless_said_otherwise(stripe_client: StripeClient) -> None:
    _named(stripe_client, 12)
    page = stripe_client.v1.customers.list()
    assert (len(page.data), page.has_more, page.url) == (10, True, "/v1/customers")


def test_paging_forward_and_backward_meet(stripe_client: StripeClient) -> None:
    made = _named(stripe_client, 5)[::-1]
    forward = stripe_client.v1.customers.list({"limit": 2, "starting_after": made[1]})
    backward = stripe_client.v1.customers.list({"limit": 2, "ending_before": made[3]})
    assert [customer.id for customer in forward.data] == made[2:4]
    assert [customer.id for customer in backward.data] == made[1:3]
    assert (forward.has_more, backward.has_more) == (True, True)


def test_the_sdk_pages_through_everything(stripe_client: StripeClient) -> None:
    made = _named(stripe_client, 23)
    found = [customer.id for customer in stripe_client.v1.customers.list({"limit": 7}).auto_paging_iter()]
    assert found == made[::-1]


def test_the_sdk_pages_through_a_nested_list(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create()
    made = [
        stripe_client.v1.customers.tax_ids.create(
            customer.id, {"type": "us_ein", "value": f"12-345678{index}"}
        ).id
        for index in range(5)
    ]
    first = stripe_client.v1.customers.tax_ids.list(customer.id, {"limit": 2})
    assert [tax_id.id for tax_id in first.auto_paging_iter()] == made[::-1]


def test_a_list_can_be_limited_to_a_time(receiver: Receiver) -> None:
    clock = WallClock()
    client = client_of(Emulator(deliver=receiver, wall_clock=clock))
    first = client.v1.customers.create()
    clock.now += 100
    second = client.v1.customers.create()
    later = client.v1.customers.list({"created": {"gt": first.created}}).data
    exact = client.v1.customers.list({"created": first.created}).data
    assert ([customer.id for customer in later], [customer.id for customer in exact]) == (
        [second.id],
        [first.id],
    )


def test_customers_can_be_found_by_email(stripe_client: StripeClient) -> None:
    stripe_client.v1.customers.create({"email": "a@example.com"})
    made = stripe_client.v1.customers.create({"email": "b@example.com"})
    found = stripe_client.v1.customers.list({"email": "b@example.com"})
    assert [customer.id for customer in found.data] == [made.id]


def test_customers_under_a_test_clock_are_listed_by_it_only(stripe_client: StripeClient) -> None:
    clock = stripe_client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})
    made = stripe_client.v1.customers.create({"test_clock": clock.id})
    assert stripe_client.v1.customers.list().data == []
    assert [c.id for c in stripe_client.v1.customers.list({"test_clock": clock.id}).data] == [made.id]
    assert made.created == 1_800_000_000


def test_what_lives_under_a_test_clock_is_listed_by_its_owner_only(account: Account) -> None:
    customer, v1 = account.customer().id, account.v1
    sub = account.subscribe(customer, account.price()).id
    assert v1.subscriptions.list().data == v1.subscriptions.list({"status": "all"}).data == []
    assert v1.invoices.list().data == v1.charges.list().data == v1.payment_intents.list().data == []
    for found in (
        v1.subscriptions.list({"customer": customer}),
        v1.subscriptions.list({"test_clock": account.clock}),
        v1.invoices.list({"customer": customer}),
        v1.invoices.list({"subscription": sub}),
        v1.charges.list({"customer": customer}),
    ):
        assert len(found.data) == 1


def test_an_empty_list_is_a_list(stripe_client: StripeClient) -> None:
    page = stripe_client.v1.coupons.list()
    assert isinstance(page, stripe.ListObject)
    assert (page.data, page.has_more) == ([], False)
