"""Pausing and resuming subscriptions."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY
WITHOUT_CREDIT: Any = {"bill_for": {"unused_time_from": {"type": "none"}}}
ON_SUCCESS: Any = {"payment_behavior": "resume_on_payment_success"}


def paused(account: Account, card: str | None = "pm_card_visa") -> stripe.Subscription:
    """A subscription that was paused without credit after ten days, thirty days ago; the customer's card is this."""
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.advance(10)
    account.v1.subscriptions.pause(sub.id, WITHOUT_CREDIT)
    account.advance(30)
    if card is None:
        account.v1.payment_methods.detach(
            str(account.v1.payment_methods.list({"customer": customer.id}).data[0].id)
        )
    elif card != "pm_card_visa":
        account.use_card(customer.id, card)
    account.news()
    return account.subscription(sub.id)


def test_a_paused_subscription_is_not_billed_and_its_unused_time_is_credited(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.advance(10)
    account.news()
    paused = account.v1.subscriptions.pause(sub.id, {"invoicing_behavior": "invoice"})
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert "customer.subscription.paused" in account.news()
    assert account.v1.customers.retrieve(customer.id).balance == -2100
    account.advance_to(END + DAY)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, -2100]


def test_resuming_begins_a_new_period_and_charges_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    account.v1.subscriptions.pause(sub.id, WITHOUT_CREDIT)
    account.advance(50)
    account.news()
    resumed = account.v1.subscriptions.resume(sub.id, ON_SUCCESS)
    assert (resumed.status, resumed.status_details, resumed.pending_update) == ("active", None, None)
    assert resumed["items"].data[0].current_period_start == START + 60 * DAY
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, 3100]
    assert account.news() == [
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "customer.subscription.updated",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice_payment.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
        "customer.subscription.pending_update_applied",
        "customer.subscription.resumed",
    ]


def test_resuming_in_the_old_cycle_charges_the_rest_of_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(5)
    account.v1.subscriptions.pause(sub.id, WITHOUT_CREDIT)
    account.advance(16)
    resumed = account.v1.subscriptions.resume(
        sub.id,
        {
            "billing_cycle_anchor": {"type": "unchanged"},
            "proration_behavior": "always_invoice",
            "payment_behavior": "resume_on_payment_success",
        },
    )
    assert resumed["items"].data[0].current_period_end == END
    assert account.invoices(sub.id)[-1].total == 1000


def test_resuming_can_wait_for_the_payment(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.v1.subscriptions.pause(sub.id, WITHOUT_CREDIT)
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance(40)
    waiting = account.v1.subscriptions.resume(sub.id, ON_SUCCESS)
    assert (waiting.status, waiting.latest_invoice) == ("paused", account.invoices(sub.id)[-1].id)
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == account.now() + 365 * DAY
    assert account.invoices(sub.id)[-1].next_payment_attempt is not None
    account.v1.invoices.pay(account.invoices(sub.id)[-1].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"


def test_usage_so_far_is_billed_when_a_subscription_pauses(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.metered())
    account.use(customer.id, 400)
    account.advance(1)
    account.v1.subscriptions.pause(sub.id, {"invoicing_behavior": "invoice"})
    assert account.invoices(sub.id)[-1].total == 400


def test_only_a_running_flexible_subscription_can_be_paused(account: Account) -> None:
    customer, price = account.customer(), account.price()
    classic = account.subscribe(customer.id, price, billing_mode={"type": "classic"})
    with pytest.raises(stripe.InvalidRequestError, match="flexible"):
        account.v1.subscriptions.pause(classic.id)
    sub = account.subscribe(customer.id, price)
    with pytest.raises(stripe.InvalidRequestError, match="only resume"):
        account.v1.subscriptions.resume(sub.id)
    account.v1.subscriptions.pause(sub.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot pause"):
        account.v1.subscriptions.pause(sub.id)


def test_a_subscription_with_a_schedule_is_not_paused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.v1.subscription_schedules.create({"from_subscription": sub.id})
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.subscriptions.pause(sub.id)
    assert account.subscription(sub.id).status == "active"


def test_a_pause_ends_the_period_at_that_moment(account: Account) -> None:
    (item,) = paused(account)["items"].data
    assert (item.current_period_start, item.current_period_end) == (START, START + 10 * DAY)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"trial_period_days": 5}, "cannot pause"),
        ({"collection_method": "send_invoice", "days_until_due": 3}, "charge_automatically"),
    ],
)
def test_neither_a_trial_nor_what_is_paid_by_hand_can_be_paused(
    account: Account, params: dict[str, Any], message: str
) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **params)
    with pytest.raises(stripe.InvalidRequestError, match=message):
        account.v1.subscriptions.pause(sub.id)


def test_a_paused_subscription_gets_no_schedule(account: Account) -> None:
    sub = paused(account)
    with pytest.raises(stripe.InvalidRequestError, match="status `paused`"):
        account.v1.subscription_schedules.create({"from_subscription": sub.id})


def test_by_default_nothing_is_charged_and_the_pause_ends_with_the_payment(account: Account) -> None:
    sub = paused(account)
    waiting = account.v1.subscriptions.resume(sub.id)
    invoice = account.invoices(sub.id)[-1]
    assert (waiting.status, invoice.status, invoice.attempt_count) == ("paused", "open", 0)
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == account.now() + 23 * 3600
    account.v1.invoices.pay(invoice.id)
    resumed = account.subscription(sub.id)
    assert (resumed.status, resumed["items"].data[0].current_period_start) == ("active", START + 40 * DAY)


def test_by_default_a_failed_payment_ends_the_pause_past_due_without_retries(account: Account) -> None:
    sub = paused(account, "pm_card_chargeCustomerFail")
    account.v1.subscriptions.resume(sub.id)
    with pytest.raises(stripe.CardError):
        account.v1.invoices.pay(account.invoices(sub.id)[-1].id)
    assert account.subscription(sub.id).status == "past_due"
    assert account.invoices(sub.id)[-1].next_payment_attempt is None
    assert account.news().count("customer.subscription.resumed") == 1


def test_a_resumption_nobody_paid_for_is_void_after_23_hours_and_the_pause_goes_on(account: Account) -> None:
    sub = paused(account)
    account.v1.subscriptions.resume(sub.id)
    account.advance(1)
    after = account.subscription(sub.id)
    assert (after.status, after.pending_update, after["items"].data[0].current_period_end) == (
        "paused",
        None,
        START + 10 * DAY,
    )
    assert account.invoices(sub.id)[-1].status == "void"
    assert account.last_event("invoice.voided")["created"] == START + 40 * DAY + 23 * 3600
    account.v1.subscriptions.resume(sub.id, ON_SUCCESS)
    assert account.subscription(sub.id).status == "active"


@pytest.mark.parametrize(("action", "status"), [("void", "paused"), ("mark_uncollectible", "active")])
def test_writing_the_invoice_off_ends_a_pause_and_voiding_it_does_not(
    account: Account, action: str, status: str
) -> None:
    sub = paused(account)
    account.v1.subscriptions.resume(sub.id)
    invoices = account.v1.invoices
    {"void": invoices.void_invoice, "mark_uncollectible": invoices.mark_uncollectible}[action](
        account.invoices(sub.id)[-1].id
    )
    after = account.subscription(sub.id)
    assert (after.status, after.pending_update) == (status, None)


def test_resuming_again_drops_the_invoice_that_still_waits(account: Account) -> None:
    sub = paused(account)
    account.v1.subscriptions.resume(sub.id)
    account.v1.subscriptions.resume(sub.id, ON_SUCCESS)
    assert [invoice.status for invoice in account.invoices(sub.id)] == ["paid", "void", "paid"]
    assert account.subscription(sub.id).status == "active"


def test_charging_at_once_needs_a_card(account: Account) -> None:
    sub = paused(account, None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.resume(sub.id, ON_SUCCESS)
    assert refused.value.code == "resource_missing"
    assert [invoice.status for invoice in account.invoices(sub.id)] == ["paid"]


def test_the_rest_of_the_old_cycle_can_be_counted_from_another_instant(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(5)
    account.v1.subscriptions.pause(sub.id, WITHOUT_CREDIT)
    account.advance(16)
    again: Any = {"billing_cycle_anchor": {"type": "unchanged"}, "proration_behavior": "always_invoice"}
    again["proration_date"] = START - 1
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.resume(sub.id, again)
    assert refused.value.param == "proration_date"
    again["proration_date"] = START + 11 * DAY
    account.v1.subscriptions.resume(sub.id, again)
    assert account.invoices(sub.id)[-1].total == 2000


def test_the_unpaid_invoices_of_a_paused_subscription_do_not_end_it(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + 2 * DAY)
    account.v1.subscriptions.pause(sub.id)
    account.advance(20)
    assert account.invoices(sub.id)[-1].next_payment_attempt is None
    assert account.subscription(sub.id).status == "paused"


def test_a_pause_can_be_previewed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    account.news()
    at_once: Any = {"pause": {"invoicing_behavior": "invoice"}}
    preview = account.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": at_once})
    assert (preview.total, account.news()) == (-2100, [])
    for details in (
        {"invoicing_behavior": "pending_invoice_item"},
        {**WITHOUT_CREDIT, "invoicing_behavior": "invoice"},
    ):
        sent: Any = {"subscription": sub.id, "subscription_details": {"pause": details}}
        with pytest.raises(stripe.InvalidRequestError) as none:
            account.v1.invoices.create_preview(sent)
        assert (none.value.http_status, none.value.code) == (404, "invoice_upcoming_none")


def test_the_end_of_a_pause_can_be_previewed(account: Account) -> None:
    sub = paused(account)
    details: Any = {"resume_at": "now"}
    preview = account.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": details})
    account.v1.subscriptions.resume(sub.id)
    assert preview.total == account.invoices(sub.id)[-1].total == 3100
