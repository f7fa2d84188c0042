"""Renewals under a test clock: notice, new period, draft, an hour, payment; and what happens when it fails."""

from __future__ import annotations

from datetime import UTC, datetime

from portal.emulator.billing.retry_schedule import change_billing_settings
from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def test_a_renewal_comes_in_stripes_order(account: Account) -> None:
    account.subscribe(account.customer().id, account.price())
    account.advance_to(END - 8 * DAY)
    account.news()
    account.advance_to(END - 6 * DAY)
    assert account.news() == [
        "test_helpers.test_clock.advancing",
        "invoice.upcoming",
        "test_helpers.test_clock.ready",
    ]
    account.advance_to(END)
    assert account.news()[1:-1] == ["customer.subscription.updated", "invoice.created"]
    account.advance_to(END + 3600)
    assert account.news()[1:-1] == [
        "invoice.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice_payment.paid",
        "invoice.payment_succeeded",
    ]


def test_the_period_moves_before_the_money_does(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.advance_to(END)
    (item,) = account.subscription(sub.id)["items"].data
    assert (item.current_period_start, item.current_period_end) == (END, END + 28 * DAY)
    draft = account.invoices(sub.id)[-1]
    assert (draft.status, draft.automatically_finalizes_at) == ("draft", END + 3600)
    assert (draft.period_start, draft.period_end) == (START, END)
    event = account.last_event("customer.subscription.updated")
    assert event["created"] == END
    assert set(event["data"]["previous_attributes"]) == {"items", "latest_invoice"}


def test_months_end_where_the_calendar_does_and_come_back_to_the_anchors_day(account: Account) -> None:
    account.advance_to(int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()))
    sub = account.subscribe(account.customer().id, account.price())
    ends = []
    for _ in range(4):
        end = account.subscription(sub.id)["items"].data[0].current_period_end
        ends.append(datetime.fromtimestamp(end, UTC).strftime("%d %b"))
        account.advance_to(end)
    assert ends == ["28 Feb", "31 Mar", "30 Apr", "31 May"]


def test_a_failed_renewal_is_tried_again_and_then_ends_the_subscription(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + 3600)
    first = account.invoices(sub.id)[-1]
    assert account.subscription(sub.id).status == "past_due"
    assert (first.status, first.attempt_count, first.next_payment_attempt) == (
        "open",
        1,
        END + 3600 + 3 * DAY,
    )
    assert account.v1.customers.retrieve(customer.id).delinquent is True
    account.advance_to(END + 3600 + 8 * DAY)
    second = account.invoices(sub.id)[-1]
    assert (second.attempt_count, second.next_payment_attempt) == (3, END + 3600 + 15 * DAY)
    account.advance_to(END + 3600 + 15 * DAY)
    ended = account.subscription(sub.id)
    assert ended.status == "canceled"
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "payment_failed"
    assert account.invoices(sub.id)[-1].next_payment_attempt is None


def test_the_events_of_a_failed_renewal_come_in_stripes_order(account: Account) -> None:
    customer = account.customer()
    account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END)
    account.news()
    account.advance_to(END + 3600)
    assert account.news()[1:-1] == [
        "invoice.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.updated",
        "customer.subscription.updated",
    ]


def test_a_new_card_lets_the_next_attempt_succeed(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + DAY)
    account.use_card(customer.id, "pm_card_mastercard")
    account.advance_to(END + 4 * DAY)
    assert account.subscription(sub.id).status == "active"
    assert account.invoices(sub.id)[-1].status == "paid"
    assert account.v1.customers.retrieve(customer.id).delinquent is False


def test_paying_by_hand_ends_the_dunning(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + DAY)
    account.v1.invoices.pay(account.invoices(sub.id)[-1].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"
    account.advance_to(END + 20 * DAY)
    assert account.invoices(sub.id)[-1].attempt_count == 1


def test_the_account_can_leave_unpaid_subscriptions_unpaid(account: Account) -> None:
    with account.emulator.store.transaction() as tx:
        change_billing_settings(tx, after_retries="unpaid", retry_days=[1])
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + 3 * DAY)
    assert account.subscription(sub.id).status == "unpaid"
    account.advance_to(END + 29 * DAY)
    draft = account.invoices(sub.id)[-1]
    assert (draft.status, draft.auto_advance, draft.automatically_finalizes_at) == ("draft", False, None)


def test_a_renewal_without_any_card_goes_past_due(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    for method in account.v1.payment_methods.list({"customer": customer.id}).data:
        account.v1.payment_methods.detach(method.id)
    account.advance_to(END + 3600)
    assert account.subscription(sub.id).status == "past_due"
    assert account.invoices(sub.id)[-1].attempt_count == 1


def test_a_card_that_always_asks_for_3d_secure_fails_when_nobody_is_there(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_authenticationRequired")
    account.advance_to(END + 3600)
    assert account.subscription(sub.id).status == "past_due"
    assert "invoice.payment_action_required" in account.news()


def test_a_yearly_subscription_renews_after_a_year(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(20000, "year"))
    account.advance(366)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [20000, 20000]


def test_monthly_and_yearly_items_renew_in_their_own_rhythm(account: Account) -> None:
    monthly, yearly = account.price(1000), account.price(9000, "year")
    sub = account.subscribe(account.customer().id, monthly, yearly)
    account.advance_to(END + 3600)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [10000, 1000]


def test_collection_can_be_paused_in_each_way(account: Account) -> None:
    seen = {}
    for behavior in ("keep_as_draft", "mark_uncollectible", "void"):
        sub = account.subscribe(account.customer().id, account.price())
        account.v1.subscriptions.update(sub.id, {"pause_collection": {"behavior": behavior}})
        seen[sub.id] = behavior
    account.advance_to(END + 2 * 3600)
    states = {behavior: account.invoices(sub)[-1].status for sub, behavior in seen.items()}
    assert states == {"keep_as_draft": "draft", "mark_uncollectible": "uncollectible", "void": "void"}
    assert {account.subscription(sub).status for sub in seen} == {"active"}
