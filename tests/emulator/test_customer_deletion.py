"""What a deleted customer leaves behind, and that nothing about them goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account


def draft_of(account: Account, customer: str) -> str:
    """An invoice that would be finalized by itself."""
    account.v1.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd"})
    return account.v1.invoices.create({"customer": customer, "auto_advance": True}).id


def test_time_does_nothing_to_the_invoices_of_a_deleted_customer(account: Account) -> None:
    customer = account.customer(card="pm_card_chargeCustomerFail").id
    draft = draft_of(account, customer)
    unpaid = account.subscribe(customer, account.price()).latest_invoice
    account.v1.customers.delete(customer)
    account.news()
    account.advance(20)
    assert account.news() == ["test_helpers.test_clock.advancing", "test_helpers.test_clock.ready"]
    assert [account.v1.invoices.retrieve(str(one)).status for one in (draft, unpaid)] == ["draft", "open"]
    assert not account.v1.invoices.retrieve(draft).auto_advance


def test_a_schedule_that_has_not_started_is_canceled_with_its_customer(account: Account) -> None:
    customer = account.customer().id
    phase: Any = {"items": [{"price": account.price().id}], "duration": {"interval": "month"}}
    schedule = account.v1.subscription_schedules.create(
        {"customer": customer, "start_date": START + 5 * DAY, "phases": [phase]}
    )
    account.v1.customers.delete(customer)
    assert "subscription_schedule.canceled" in account.news()
    account.advance(10)
    assert account.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert account.v1.subscriptions.list({"customer": customer, "status": "all"}).data == []


CALLS: dict[str, Callable[[Account, str, str], object]] = {
    "finalize": lambda account, draft, _: account.v1.invoices.finalize_invoice(draft),
    "send": lambda account, draft, _: account.v1.invoices.send_invoice(draft),
    "pay": lambda account, draft, _: account.v1.invoices.pay(draft),
    "credit": lambda account, _, paid: account.v1.credit_notes.create({"invoice": paid, "amount": 100}),
    "void a credit": lambda account, _, paid: account.v1.credit_notes.void_credit_note(
        account.v1.credit_notes.list({"invoice": paid}).data[0].id
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_needs_the_customer_is_refused(
    account: Account, call: Callable[[Account, str, str], object]
) -> None:
    customer = account.customer().id
    paid = str(account.subscribe(customer, account.price()).latest_invoice)
    account.v1.credit_notes.create({"invoice": paid, "amount": 100})
    draft = draft_of(account, customer)
    account.v1.customers.delete(customer)
    before = account.emulator.store.snapshot()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call(account, draft, paid)
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")
    assert refused.value.param == "customer"
    assert account.emulator.store.snapshot() == before


def test_what_was_charged_can_still_be_refunded(account: Account) -> None:
    customer = account.customer().id
    account.subscribe(customer, account.price())
    charge = account.v1.charges.list({"customer": customer}).data[0].id
    account.v1.customers.delete(customer)
    assert account.v1.refunds.create({"charge": charge}).status == "succeeded"
