"""Test clocks and real time: what is due happens in order, at its own moment, however time moves."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.emulator.app import Emulator
from tests.emulator.account import DAY, START, Account
from tests.emulator.conftest import WallClock
from tests.fixtures.emulator import client_of

END = START + 31 * DAY
STOPS = st.lists(st.integers(START + 1, START + 57 * DAY), max_size=4)


def lived(stops: list[int]) -> list[Any]:
    """What an account has been through after a clock stopped at each of these instants."""
    emulator = Emulator(wall_clock=WallClock())
    account = Account(emulator, client_of(emulator))
    customer = account.customer()
    paying = account.subscribe(customer.id, account.price(1999), account.metered())
    failing = account.subscribe(account.customer().id, account.price(500), trial_period_days=5)
    account.use_card(str(failing.customer), "pm_card_chargeCustomerFail")
    account.use(customer.id, 321)
    account.v1.subscriptions.update(paying.id, {"cancel_at": START + 50 * DAY})
    planned = account.subscribe(account.customer().id, account.price(700))
    pause: Any = {
        "pause": {"pause_at": {"type": "timestamp", "timestamp": START + 12 * DAY}},
        "resume": {"resume_at": {"type": "duration", "duration": {"interval": "week"}}},
    }
    schedule = account.v1.subscription_schedules.create(
        {"from_subscription": planned.id, "pause_schedules": [pause]}
    )
    now: Any = {"items": [{"price": planned["items"].data[0].price.id}], "end_date": START + 31 * DAY}
    later: Any = {"items": [{"price": account.price(900).id}], "end_date": START + 55 * DAY}
    account.v1.subscription_schedules.update(schedule.id, {"phases": [now, later]})
    account.news()
    for stop in stops:
        account.advance_to(stop)
    with emulator.store.transaction(write=False) as tx:
        happened = [
            (event["type"], event["created"])
            for event in tx.all("event")
            if not event["type"].startswith("test_helpers")
        ]
    states = [
        (account.subscription(sub).status, [(i.status, i.total, i.created) for i in account.invoices(sub)])
        for sub in (paying.id, failing.id, planned.id)
    ]
    return [happened, states]


def lives_alike(stops: list[int]) -> bool:
    """Whether it makes no difference that a clock stops on the way."""
    end = START + 57 * DAY + 1
    return lived([*sorted(set(stops)), end]) == lived([end])


@settings(max_examples=4, deadline=None)
@given(STOPS)
def test_it_makes_no_difference_how_often_a_clock_stops_on_the_way(stops: list[int]) -> None:
    assert lives_alike(stops)


@pytest.mark.nightly
@settings(max_examples=300, deadline=None)
@given(STOPS)
def test_it_never_makes_a_difference_how_often_a_clock_stops(stops: list[int]) -> None:
    assert lives_alike(stops)


def test_advancing_answers_advancing_and_is_ready_afterwards(account: Account) -> None:
    clock = account.v1.test_helpers.test_clocks.advance(account.clock, {"frozen_time": START + DAY})
    assert clock.status == "advancing"
    assert clock.status_details.advancing is not None
    assert clock.status_details.advancing.target_frozen_time == START + DAY
    ready = account.v1.test_helpers.test_clocks.retrieve(account.clock)
    assert (ready.status, ready.frozen_time) == ("ready", START + DAY)
    assert account.news()[-2:] == ["test_helpers.test_clock.advancing", "test_helpers.test_clock.ready"]


def test_a_clock_does_not_go_back_or_stand(account: Account) -> None:
    for at in (START, START - 1):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            account.advance_to(at)
        assert refused.value.param == "frozen_time"


def test_a_clock_goes_two_periods_of_its_shortest_subscription_at_a_time(account: Account) -> None:
    account.subscribe(account.customer().id, account.price(interval="week"))
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        account.advance_to(START + 14 * DAY + 1)
    account.advance_to(START + 14 * DAY)
    assert account.now() == START + 14 * DAY


def test_without_subscriptions_a_clock_goes_two_years(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="two years"):
        account.advance_to(START + 731 * DAY)
    account.advance_to(START + 730 * DAY)
    assert account.now() == START + 730 * DAY


def test_everything_that_happens_carries_its_own_moment(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.advance_to(END + 10 * DAY)
    renewal = account.invoices(sub.id)[-1]
    assert renewal.created == END
    assert renewal.status_transitions.finalized_at == END + 3600
    assert renewal.status_transitions.paid_at == END + 3600
    assert account.last_event("invoice.paid")["created"] == END + 3600


def test_deleting_a_clock_deletes_what_lives_under_it(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    assert account.v1.test_helpers.test_clocks.delete(account.clock).deleted is True
    for gone in (
        lambda: account.v1.customers.retrieve(customer.id),
        lambda: account.v1.subscriptions.retrieve(sub.id),
        lambda: account.v1.subscription_items.retrieve(sub["items"].data[0].id),
        lambda: account.v1.invoices.retrieve(str(sub.latest_invoice)),
        lambda: account.v1.test_helpers.test_clocks.retrieve(account.clock),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            gone()
        assert refused.value.http_status == 404
    assert account.v1.test_helpers.test_clocks.list().data == []


def test_nothing_of_a_deleted_clocks_customers_is_left(account: Account) -> None:
    customer, price = account.customer().id, account.price()
    account.subscribe(customer, price)
    account.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": customer,
            "success_url": "https://example.com/",
            "line_items": [{"price": price.id, "quantity": 1}],
        }
    )
    account.v1.billing_portal.sessions.create({"customer": customer})
    account.v1.test_helpers.test_clocks.delete(account.clock)
    with account.emulator.store.transaction(write=False) as tx:
        left = {name for (name,) in tx.connection.execute("SELECT DISTINCT object FROM objects")}
    assert left == {"billing_portal.configuration", "event", "price", "product"}


@pytest.mark.parametrize("frozen_time", [-1, 1_768_053_600_000])
def test_an_instant_that_is_not_in_seconds_is_refused(account: Account, frozen_time: int) -> None:
    for send in (
        lambda: account.v1.test_helpers.test_clocks.create({"frozen_time": frozen_time}),
        lambda: account.advance_to(frozen_time),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            send()
        assert refused.value.param == "frozen_time"


def test_a_name_that_is_too_long_is_refused(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "x" * 301})
    assert refused.value.param == "name"


def test_while_a_clock_advances_it_is_neither_advanced_nor_deleted(account: Account) -> None:
    clocks = account.v1.test_helpers.test_clocks
    seen: list[str] = []
    answered = threading.Event()

    def advance() -> None:
        try:
            seen.append(clocks.advance(account.clock, {"frozen_time": START + DAY}).status)
        except stripe.RateLimitError as refused:
            seen.append(str(refused.user_message))
        answered.set()

    # The store is held, so neither can finish before the other came.
    with account.emulator.store.transaction():
        threads = [threading.Thread(target=advance) for _ in range(2)]
        for thread in threads:
            thread.start()
        answered.wait(10)
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["Test clock advancement underway - cannot perform modifications.", "advancing"]


def test_what_time_brings_is_nobodys_request(account: Account) -> None:
    account.subscribe(account.customer().id, account.price())
    account.advance_to(END + 3600)
    requests = {
        name: account.last_event(name)["request"]["id"]
        for name in (
            "customer.created",
            "test_helpers.test_clock.advancing",
            "invoice.paid",
            "test_helpers.test_clock.ready",
        )
    }
    assert [request is None for request in requests.values()] == [False, False, True, True]


def test_clocks_do_not_touch_one_another(account: Account) -> None:
    other = account.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "other"})
    price = account.price()
    customer = account.v1.customers.create({"test_clock": other.id})
    account.use_card(customer.id, "pm_card_visa")
    still = account.subscribe(customer.id, price)
    moved = account.subscribe(account.customer().id, price)
    account.advance_to(END + 3600)
    assert (len(account.invoices(moved.id)), len(account.invoices(still.id))) == (2, 1)


def test_without_a_clock_customers_live_in_real_time() -> None:
    wall = WallClock()
    emulator = Emulator(wall_clock=wall)
    v1 = client_of(emulator).v1
    product = v1.products.create({"name": "Pro"})
    price = v1.prices.create(
        {"currency": "usd", "unit_amount": 2000, "product": product.id, "recurring": {"interval": "month"}}
    )
    customer = v1.customers.create({})
    method = v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    began = int(wall.now)
    sub = v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    period_end = sub["items"].data[0].current_period_end
    wall.now += 70 * DAY
    emulator.let_time_pass()
    invoices = list(v1.invoices.list({"subscription": sub.id}).data)[::-1]
    assert [invoice.status for invoice in invoices] == ["paid", "paid", "paid"]
    assert [invoice.created for invoice in invoices][:2] == [began, period_end]
    assert v1.subscriptions.retrieve(sub.id).status == "active"


def test_what_belongs_to_a_customer_through_an_invoice_lives_under_their_clock(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    assert account.last_event("invoice_payment.paid")["created"] == START
    invoice = account.invoices(sub.id)[0].id
    account.v1.test_helpers.test_clocks.delete(account.clock)
    with account.emulator.store.transaction(write=False) as tx:
        assert tx.all("invoice_payment", {"invoice": invoice}) == []
