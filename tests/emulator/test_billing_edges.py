"""The edges of billing: codes that cannot be used, schedules that cannot go on, other ways to price."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def promotion(account: Account, **params: Any) -> str:
    coupon = account.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    sent: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}, **params}
    return account.v1.promotion_codes.create(sent).id


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"active": False}, "no longer active"),
        ({"customer": "OTHER"}, "not valid for this customer"),
        ({"restrictions": {"first_time_transaction": True}}, "prior transactions"),
        ({"max_redemptions": 1}, "maximum number of times"),
    ],
)
def test_a_promotion_code_that_may_not_be_used_is_refused(
    account: Account, params: dict[str, Any], message: str
) -> None:
    customer, price = account.customer(), account.price()
    if params.get("customer") == "OTHER":
        params = {"customer": account.customer().id}
    code: Any = [{"promotion_code": promotion(account, **params)}]
    if "max_redemptions" in params:
        account.subscribe(account.customer().id, price, discounts=code)
    account.subscribe(customer.id, price)
    with pytest.raises(stripe.InvalidRequestError, match=message) as refused:
        account.subscribe(customer.id, price, discounts=code)
    assert refused.value.param == "discounts[0][promotion_code]"


def test_a_discount_can_be_kept_while_another_is_added(account: Account) -> None:
    first = account.v1.coupons.create({"percent_off": 50, "duration": "forever"}).id
    second = account.v1.coupons.create({"amount_off": 100, "currency": "usd", "duration": "forever"}).id
    sub = account.subscribe(account.customer().id, account.price(2000), discounts=[{"coupon": first}])
    kept = str(sub.discounts[0])
    changed = account.v1.subscriptions.update(sub.id, {"discounts": [{"discount": kept}, {"coupon": second}]})
    assert str(changed.discounts[0]) == kept
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 900


def test_a_schedule_that_cannot_go_on_is_aborted_and_leaves_the_subscription(account: Account) -> None:
    basic, pro = account.price(1000), account.price(5000)
    sub = account.subscribe(account.customer().id, pro)
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    account.v1.subscription_schedules.update(
        schedule.id,
        {
            "phases": [
                {"items": [{"price": pro.id}], "start_date": START, "end_date": END},
                {"items": [{"price": basic.id}]},
            ]
        },
    )
    account.v1.prices.update(basic.id, {"active": False})
    account.advance_to(END + 3600)
    assert account.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert "subscription_schedule.aborted" in account.news()
    after = account.subscription(sub.id)
    assert (after.status, after.schedule, after["items"].data[0].price.id) == ("active", None, pro.id)
    assert account.invoices(sub.id)[-1].total == 5000


def test_a_phase_can_bring_a_discount_a_trial_and_another_cycle(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    price = account.price(3000)
    customer = account.customer()
    schedule = account.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": "now",
            "phases": [
                {"items": [{"price": price.id}], "trial": True, "duration": {"interval": "week"}},
                {
                    "items": [{"price": price.id, "quantity": 2}],
                    "discounts": [{"coupon": coupon.id}],
                    "metadata": {"phase": "two"},
                    "duration": {"interval": "month", "interval_count": 3},
                },
            ],
        }
    )
    (sub,) = account.v1.subscriptions.list({"customer": customer.id}).data
    assert (sub.status, sub.trial_end) == ("trialing", START + 7 * DAY)
    account.advance_to(START + 8 * DAY)
    after = account.subscription(sub.id)
    assert (after.status, after["items"].data[0].quantity, after.metadata["phase"]) == ("active", 2, "two")
    assert account.invoices(sub.id)[-1].total == 3000
    assert account.v1.subscription_schedules.retrieve(schedule.id).status == "active"


def test_a_trial_in_the_middle_gives_back_the_rest_and_moves_the_cycle(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    trial_end = START + 20 * DAY
    trying = account.v1.subscriptions.update(
        sub.id, {"trial_end": trial_end, "proration_behavior": "always_invoice"}
    )
    assert (trying.status, trying.billing_cycle_anchor) == ("trialing", trial_end)
    assert account.invoices(sub.id)[-1].total == -2100
    account.advance_to(trial_end + 3600)
    assert account.subscription(sub.id).status == "active"
    assert (account.invoices(sub.id)[-1].total, account.invoices(sub.id)[-1].amount_due) == (3100, 1000)


def test_changes_to_a_paused_subscription_cost_nothing_until_it_resumes(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.v1.subscriptions.pause(sub.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    account.advance(3)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 3}], "proration_behavior": "always_invoice"},
    )
    assert len(account.invoices(sub.id)) == 1
    account.v1.subscriptions.resume(sub.id, {"payment_behavior": "resume_on_payment_success"})
    assert account.invoices(sub.id)[-1].total == 9300


def test_the_cycle_can_be_anchored_to_a_day_of_the_month(account: Account) -> None:
    sub = account.subscribe(
        account.customer().id,
        account.price(3100),
        billing_cycle_anchor_config={"day_of_month": 31, "hour": 0, "minute": 0, "second": 0},
        proration_behavior="none",
    )
    assert sub.billing_cycle_anchor == instant("2026-01-31")
    account.advance_to(instant("2026-02-01"))
    assert account.subscription(sub.id)["items"].data[0].current_period_end == instant("2026-02-28")


def test_an_anchor_at_the_end_of_the_month_stays_there_after_a_short_one(account: Account) -> None:
    account.advance_to(instant("2026-02-05"))
    sub = account.subscribe(
        account.customer().id, account.price(), billing_cycle_anchor_config={"day_of_month": 31}
    )
    assert sub.billing_cycle_anchor_config is not None
    assert (sub.billing_cycle_anchor, sub.billing_cycle_anchor_config.day_of_month) == (
        instant("2026-02-28"),
        31,
    )
    account.advance_to(instant("2026-03-01"))
    assert account.subscription(sub.id)["items"].data[0].current_period_end == instant("2026-03-31")


def test_a_backdated_subscription_is_charged_for_every_period_since_its_start(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100), backdate_start_date=START - 41 * DAY)
    (first, second) = account.invoices(sub.id)[0].lines.data
    assert (sub.start_date, first.period.start) == (START - 41 * DAY, START - 41 * DAY)
    assert (first.amount, second.amount) == (3100, 3100)
    assert first.period.end == second.period.start == START - 11 * DAY
    item = sub["items"].data[0]
    assert (item.current_period_start, item.current_period_end) == (second.period.start, second.period.end)


@pytest.mark.parametrize(("mode", "totals"), [("flexible", [300, 50]), ("classic", [350])])
def test_usage_from_before_a_backdated_subscription_is_on_its_first_invoice(
    account: Account, mode: str, totals: list[int]
) -> None:
    customer, calls = account.customer(), account.metered()
    account.advance(1)
    account.use(customer.id, 300)
    account.advance_to(START + 32 * DAY)
    account.use(customer.id, 50)
    account.advance(1)
    sub = account.subscribe(customer.id, calls, backdate_start_date=START, billing_mode={"type": mode})
    account.advance_to(START + 60 * DAY)
    assert [invoice.total for invoice in account.invoices(sub.id)] == totals


def test_prices_can_be_described_on_the_spot(account: Account) -> None:
    recurring: Any = {
        "price_data": {
            "currency": "usd",
            "product": account.product,
            "unit_amount_decimal": "12.5",
            "recurring": {"interval": "week"},
        },
        "quantity": 100,
    }
    extra: Any = {"price_data": {"currency": "usd", "product": account.product, "unit_amount": 750}}
    sub = account.subscribe(account.customer().id, recurring, add_invoice_items=[extra])
    assert account.invoices(sub.id)[0].total == 2000
    assert sub["items"].data[0].price.active is False


def test_a_price_can_be_billed_in_another_of_its_currencies(account: Account) -> None:
    price = account.price(2000, currency_options={"eur": {"unit_amount": 1900}})
    sub = account.subscribe(account.customer().id, price, currency="eur")
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "always_invoice"},
    )
    first, second = account.invoices(sub.id)
    assert (first.total, first.currency) == (1900, "eur")
    assert (second.total, second.currency) == (1900, "eur")


def test_a_customer_has_one_currency_until_its_last_subscription_has_ended(account: Account) -> None:
    customer, euros = account.customer(), account.price(currency="eur")
    sub = account.subscribe(customer.id, account.price())
    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        account.subscribe(customer.id, euros)
    account.v1.subscriptions.cancel(sub.id)
    account.subscribe(customer.id, euros)
    assert account.v1.customers.retrieve(customer.id).currency == "eur"


def test_a_balance_keeps_a_customer_in_its_currency(account: Account) -> None:
    customer = account.customer()
    account.v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="keeps one balance"):
        account.subscribe(customer.id, account.price(currency="eur"))


def test_the_rates_of_an_item_win_over_those_of_the_subscription(account: Account) -> None:
    low = account.v1.tax_rates.create({"display_name": "Low", "percentage": 5, "inclusive": False})
    high = account.v1.tax_rates.create({"display_name": "High", "percentage": 20, "inclusive": False})
    first, second = account.price(1000), account.price(1000)
    sub = account.subscribe(
        account.customer().id,
        {"price": first.id, "tax_rates": [low.id]},
        {"price": second.id},
        default_tax_rates=[high.id],
    )
    assert account.invoices(sub.id)[0].total == 2250


def test_collection_that_is_paused_until_a_day_goes_on_then(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.update(
        sub.id, {"pause_collection": {"behavior": "void", "resumes_at": START + 5 * DAY}}
    )
    account.advance(6)
    assert account.subscription(sub.id).pause_collection is None


def test_a_renewal_can_be_sent_instead_of_charged(account: Account) -> None:
    sub = account.subscribe(
        account.customer(None).id, account.price(), collection_method="send_invoice", days_until_due=7
    )
    account.v1.invoices.pay(account.invoices(sub.id)[0].id, {"paid_out_of_band": True})
    account.advance_to(END + 3600)
    renewal = account.invoices(sub.id)[-1]
    assert (renewal.status, renewal.due_date) == ("open", END + 7 * DAY)
    assert "invoice.sent" in account.news()


def test_what_is_pending_for_a_customer_can_be_previewed(account: Account) -> None:
    customer = account.customer()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview({"customer": customer.id})
    assert refused.value.code == "invoice_upcoming_none"
    item: Any = {"customer": customer.id, "currency": "usd", "unit_amount_decimal": "10.5", "quantity": 3}
    account.v1.invoice_items.create(item)
    assert account.v1.invoices.create_preview({"customer": customer.id}).total == 32


def test_the_last_invoice_of_a_cancelled_subscription_can_be_previewed(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(), account.metered())
    account.use(customer.id, 450)
    account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    assert account.v1.invoices.create_preview({"subscription": sub.id}).total == 450


def test_both_ways_to_cancel_at_once_are_refused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.update(sub.id, {"cancel_at": END, "cancel_at_period_end": True})
    assert refused.value.code == "parameters_exclusive"


def test_a_cancellation_can_wait_for_the_longest_period(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(1000), account.price(9000, "year"))
    first = account.v1.subscriptions.update(sub.id, {"cancel_at": "min_period_end"})
    assert first.cancel_at == END
    last = account.v1.subscriptions.update(sub.id, {"cancel_at": "max_period_end"})
    assert last.cancel_at == START + 365 * DAY
    assert account.v1.subscriptions.update(sub.id, {"cancel_at": ""}).cancel_at is None


def test_another_customers_card_is_refused(account: Account) -> None:
    other = account.use_card(account.customer(None).id, "pm_card_visa")
    customer, price = account.customer(), account.price()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(customer.id, price, default_payment_method=other)
    assert refused.value.param == "default_payment_method"
    sub = account.subscribe(customer.id, price)
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        account.v1.invoices.pay(
            account.v1.invoices.create({"customer": customer.id}).id, {"payment_method": other}
        )
    assert sub.status == "active"


def test_a_credit_note_can_hold_lines_of_its_own_and_parts_of_quantities(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price(1000).id, "quantity": 4})
    (invoice,) = account.invoices(sub.id)
    lines: Any = [
        {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "quantity": 1},
        {"type": "custom_line_item", "description": "Goodwill", "quantity": 2, "unit_amount": 150},
    ]
    note = account.v1.credit_notes.create(
        {"invoice": invoice.id, "lines": lines, "credit_amount": 1000, "out_of_band_amount": 300}
    )
    assert (note.total, note.out_of_band_amount) == (1300, 300)
    with pytest.raises(stripe.InvalidRequestError, match="add up"):
        account.v1.credit_notes.create({"invoice": invoice.id, "amount": 500, "credit_amount": 400})


def test_an_invoice_to_be_paid_by_hand_is_announced_before_it_is_due(account: Account) -> None:
    sub = account.subscribe(
        account.customer(None).id, account.price(), collection_method="send_invoice", days_until_due=7
    )
    due = account.invoices(sub.id)[0].due_date
    assert due is not None
    account.news()
    account.advance_to(due - 3 * DAY)
    assert account.last_event("invoice.will_be_due")["created"] == due - 3 * DAY
    assert account.subscription(sub.id).status == "active"
    account.advance_to(due)
    assert [name for name in account.news() if name.startswith("invoice.")] == [
        "invoice.will_be_due",
        "invoice.overdue",
    ]


def test_a_card_that_fails_by_hand_does_not_change_when_a_sent_invoice_is_due(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail")
    sub = account.subscribe(customer.id, account.price(), collection_method="send_invoice", days_until_due=2)
    (invoice,) = account.invoices(sub.id)
    with pytest.raises(stripe.CardError):
        account.v1.invoices.pay(invoice.id)
    assert account.invoices(sub.id)[0].next_payment_attempt is None
    account.advance(3)
    assert "invoice.overdue" in account.news()
    assert account.subscription(sub.id).status == "past_due"
