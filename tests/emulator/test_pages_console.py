"""The console: who there is, moving time, the event log with its deliveries, mishaps on request, starting over."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import Customer

from portal.emulator.app import Emulator
from portal.emulator.deliveries import mode_of
from tests.emulator.account import DAY, START, Account
from tests.emulator.conftest import Receiver
from tests.emulator.site import Visitor

ENDPOINT = "https://shop.example.com/webhooks"


@pytest.fixture
def customer(account: Account) -> Customer:
    """A customer under the clock, with a card and a subscription at $20.00 a month."""
    made = account.customer(name="Ada Ltd")
    account.subscribe(made.id, account.price())
    return made


def listening(account: Account) -> str:
    """Register an endpoint for everything and return its id."""
    return account.v1.webhook_endpoints.create({"url": ENDPOINT, "enabled_events": ["*"]}).id


def test_an_empty_account_says_so(visitor: Visitor) -> None:
    assert "No customer yet" in visitor.open("/").text


def test_customers_are_listed_with_what_comes_next(visitor: Visitor, customer: Customer) -> None:
    page = visitor.open("/").text
    assert "Ada Ltd" in page
    assert "renews 10 February 2026" in page
    assert f"/console/customers/{customer.id}" in page


def test_open_checkout_pages_of_guests_are_linked(account: Account, visitor: Visitor) -> None:
    book: Any = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Book"}}
    session = account.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://shop.example.com/",
            "line_items": [{"price_data": book, "quantity": 1}],
        }
    )
    page = visitor.open("/").text
    assert f'href="/c/pay/{session.id}"' in page
    assert "$15.00" in page


def test_a_long_list_of_customers_goes_on_on_another_page(account: Account, visitor: Visitor) -> None:
    for number in range(51):
        account.v1.customers.create({"name": f"Customer {number:02d}"})
    assert "Customer 00" not in visitor.open("/").text
    oldest = account.v1.customers.list({"limit": 100}).data[-2]
    assert "Customer 00" in visitor.open(f"/?after={oldest.id}").text


def test_a_customers_page_links_to_their_hosted_pages(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    (invoice,) = account.v1.invoices.list({"customer": customer.id}).data
    page = visitor.open(f"/console/customers/{customer.id}").text
    assert str(invoice.hosted_invoice_url) in page
    assert str(invoice.invoice_pdf) in page
    visitor.submit("Open Customer Portal")
    assert "<h1>Billing</h1>" in visitor.page.text


def test_a_month_ahead_the_renewal_is_paid(account: Account, visitor: Visitor, customer: Customer) -> None:
    visitor.open(f"/console/customers/{customer.id}")
    visitor.submit("1 month")
    assert "renews 10 March 2026" in visitor.page.text
    newest = account.v1.invoices.list({"customer": customer.id}).data[0]
    assert (newest.billing_reason, newest.status) == ("subscription_cycle", "paid")


@pytest.mark.parametrize(("button", "seconds"), [("1 hour", 3600), ("1 day", DAY), ("1 week", 7 * DAY)])
def test_a_clock_moves_by_a_step(account: Account, visitor: Visitor, button: str, seconds: int) -> None:
    visitor.open("/console/clocks")
    visitor.submit(button)
    assert account.now() == START + seconds


def test_a_clock_moves_to_a_date(account: Account, visitor: Visitor) -> None:
    visitor.open("/console/clocks")
    visitor.submit("Go", to="2026-01-20")
    assert "20 January 2026, 12:00:00 UTC" in visitor.page.text


@pytest.mark.parametrize("to", ["2025-12-31", "soon", "2199-01-01"])
def test_a_date_time_cannot_move_to_is_refused(account: Account, visitor: Visitor, to: str) -> None:
    visitor.open("/console/clocks")
    assert visitor.submit("Go", to=to).status_code == 422
    assert account.now() == START


def test_events_are_listed_by_type_and_family(account: Account, visitor: Visitor, customer: Customer) -> None:
    everything = visitor.open("/console/events").text
    assert ">customer.created</code>" in everything
    only = visitor.open("/console/events?type=invoice.*").text
    assert ">invoice.paid</code>" in only
    assert ">customer.created</code>" not in only


def test_an_events_page_shows_its_payload_and_how_it_was_answered(
    account: Account, visitor: Visitor, receiver: Receiver
) -> None:
    listening(account)
    receiver.status = 500
    account.v1.customers.create({"name": "Ada"})
    account.emulator.deliver_due()
    (event,) = account.v1.events.list({"type": "customer.created"}).data
    page = visitor.open(f"/console/events/{event.id}").text
    assert "&#34;type&#34;: &#34;customer.created&#34;" in page
    assert "Answered 500" in page


def test_an_event_can_be_sent_again(account: Account, visitor: Visitor, receiver: Receiver) -> None:
    listening(account)
    account.v1.customers.create({"name": "Ada"})
    account.emulator.deliver_due()
    (event,) = account.v1.events.list({"type": "customer.created"}).data
    before = len(receiver.received)
    visitor.open(f"/console/events/{event.id}")
    visitor.submit("Resend")
    (again,) = receiver.received[before:]
    assert event.id.encode() in again[1]


def test_the_mishaps_of_an_endpoint_are_chosen(account: Account, visitor: Visitor) -> None:
    endpoint = listening(account)
    visitor.open("/console/webhooks")
    visitor.submit("Save", order="shuffled", copies="2", signature="stale", retry_after_seconds="5")
    with account.emulator.store.transaction(write=False) as tx:
        mode = mode_of(tx, endpoint)
    assert (mode.order, mode.copies, mode.signature, mode.retry_after_seconds) == ("shuffled", 2, "stale", 5)


@pytest.mark.parametrize(
    "wrong",
    [{"copies": "many"}, {"copies": "11"}, {"order": "sideways"}, {"delay_seconds": "9" * 25}],
)
def test_a_mishap_there_is_not_is_refused(account: Account, visitor: Visitor, wrong: dict[str, str]) -> None:
    endpoint = listening(account)
    visitor.open("/console/webhooks")
    assert visitor.submit("Save", **wrong).status_code == 422
    with account.emulator.store.transaction(write=False) as tx:
        assert mode_of(tx, endpoint).copies == 1


def test_what_waits_can_be_sent_now(account: Account, visitor: Visitor, receiver: Receiver) -> None:
    listening(account)
    visitor.open("/console/webhooks")
    visitor.submit("Save", delay_seconds="600")
    account.customer(card=None)
    visitor.open("/console/webhooks")
    visitor.submit("Send what is due")
    assert receiver.received == []
    visitor.submit("Send what waits, too")
    assert len(receiver.received) == 1
    assert "Everything is delivered" in visitor.page.text


def test_a_fault_befalls_the_next_call_and_is_gone(account: Account, visitor: Visitor) -> None:
    visitor.open("/console/faults")
    visitor.submit("Add fault", kind="rate_limit", path="/v1/customers*", method="GET")
    assert "429: too many requests" in visitor.page.text
    with pytest.raises(stripe.RateLimitError):
        account.v1.customers.list()
    assert account.v1.customers.list().data == []


def test_a_fault_can_be_switched_off(account: Account, visitor: Visitor) -> None:
    visitor.open("/console/faults")
    visitor.submit("Add fault", kind="error_before", times="")
    assert "Every time" in visitor.page.text
    visitor.submit("Switch off")
    assert account.v1.customers.list().data == []


def test_a_malformed_fault_is_refused(emulator: Emulator, visitor: Visitor) -> None:
    visitor.open("/console/faults")
    assert visitor.submit("Add fault", times="often").status_code == 422
    assert emulator.faults.listed() == []


def test_what_follows_failed_payments_is_a_setting(account: Account, visitor: Visitor) -> None:
    visitor.open("/console/settings")
    visitor.submit("Save", retry_days="1", after_retries="unpaid")
    made = account.customer("pm_card_visa")
    subscription = account.subscribe(made.id, account.price())
    account.use_card(made.id, "pm_card_chargeCustomerFail")
    account.advance(31 + 2)
    assert account.subscription(subscription.id).status == "unpaid"


def test_days_that_are_no_numbers_are_refused(visitor: Visitor) -> None:
    visitor.open("/console/settings")
    assert visitor.submit("Save", retry_days="a, b").status_code == 422


def test_new_customers_can_get_a_living_clock(account: Account, visitor: Visitor) -> None:
    visitor.open("/console/settings")
    visitor.submit("Save", living="on")
    made = account.v1.customers.create({"name": "Ada"})
    assert "Follows real time" in visitor.open(f"/console/customers/{made.id}").text


def test_resetting_asks_first_and_then_forgets_everything(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    visitor.open("/console/reset")
    assert account.v1.customers.retrieve(customer.id).name == "Ada Ltd"
    visitor.submit("Forget everything")
    assert "No customer yet" in visitor.page.text


@pytest.mark.parametrize(
    "path",
    [
        "/console/customers/cus_1",
        "/console/events/evt_1",
        "/console/nothing",
        "/nowhere",
        "/static/../app.py",
    ],
)
def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert visitor.open(path).status_code == 404


def test_orders_from_other_machines_and_sites_are_refused(
    emulator: Emulator, account: Account, visitor: Visitor, customer: Customer
) -> None:
    assert Visitor(emulator, remote_address="192.0.2.7").post("/console/reset").status_code == 403
    assert visitor.post("/console/reset", site="same-site").status_code == 403
    assert account.v1.customers.retrieve(customer.id).name == "Ada Ltd"


def test_every_page_forbids_scripts_and_framing(visitor: Visitor) -> None:
    policy = visitor.open("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_look_is_served(visitor: Visitor) -> None:
    assert visitor.open("/static/emulator.css").mimetype == "text/css"
    assert visitor.open("/static/inter-latin-wght-normal.woff2").mimetype == "font/woff2"
    for nothing in ("x" * 300, "LICENSE", "..%2fapp.py"):
        assert visitor.open(f"/static/{nothing}").status_code == 404
