"""Schedules: a downgrade at the end of the period, phases, and how schedules end."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY
NEXT = END + 28 * DAY
DAYS_OF_A_PHASE = "phases[0][invoice_settings][days_until_due]"
EXTRA_OF_A_PHASE = "phases[0][add_invoice_items][0][price]"


def downgrade(
    account: Account, sub: stripe.Subscription, price: str, **more: Any
) -> stripe.SubscriptionSchedule:
    """Put a subscription under a schedule whose second phase, of one month, is another price."""
    made = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    (now,) = made.phases
    item: Any = {"price": sub["items"].data[0].price.id, "quantity": sub["items"].data[0].quantity}
    sent: Any = {
        "phases": [
            {"items": [item], "start_date": now.start_date, "end_date": now.end_date},
            {
                "items": [{"price": price, "quantity": 1}],
                "duration": {"interval": "month", "interval_count": 1},
            },
        ],
        **more,
    }
    return account.v1.subscription_schedules.update(made.id, sent)


def test_a_schedule_made_from_a_subscription_describes_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price().id, "quantity": 3})
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    (phase,) = schedule.phases
    assert (schedule.status, schedule.end_behavior, schedule.subscription) == ("active", "release", sub.id)
    assert (phase.start_date, phase.end_date) == (START, END)
    assert (phase["items"][0].price, phase["items"][0].quantity) == (sub["items"].data[0].price.id, 3)
    assert account.subscription(sub.id).schedule == schedule.id


def test_a_downgrade_takes_effect_with_the_renewal_and_bills_the_new_price(account: Account) -> None:
    basic = account.price(1000)
    sub = account.subscribe(account.customer().id, {"price": account.price(5000).id, "quantity": 2})
    schedule = downgrade(account, sub, basic.id)
    assert len(account.invoices(sub.id)) == 1
    account.advance_to(END + 3600)
    after = account.subscription(sub.id)
    assert (after["items"].data[0].price.id, after["items"].data[0].quantity) == (basic.id, 1)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [10000, 1000]
    running = account.v1.subscription_schedules.retrieve(schedule.id)
    assert running.current_phase is not None
    assert (running.current_phase.start_date, running.current_phase.end_date) == (END, NEXT)


def test_after_the_last_phase_the_subscription_is_released_and_goes_on(account: Account) -> None:
    basic = account.price(1000)
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, basic.id)
    account.advance_to(END + 3600)
    account.advance_to(NEXT + 3600)
    done = account.v1.subscription_schedules.retrieve(schedule.id)
    assert (done.status, done.released_subscription, done.subscription) == ("released", sub.id, None)
    after = account.subscription(sub.id)
    assert (after.status, after.schedule) == ("active", None)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [5000, 1000, 1000]


def test_a_schedule_can_end_the_subscription_with_its_last_phase(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, account.price(1000).id, end_behavior="cancel")
    account.advance_to(END + 3600)
    account.advance_to(NEXT + 3600)
    assert account.v1.subscription_schedules.retrieve(schedule.id).status == "completed"
    assert account.subscription(sub.id).status == "canceled"


def test_releasing_a_schedule_keeps_the_subscription_as_it_is(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, account.price(1000).id)
    released = account.v1.subscription_schedules.release(schedule.id)
    assert (released.status, account.subscription(sub.id).schedule) == ("released", None)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 5000
    with pytest.raises(stripe.InvalidRequestError, match="cannot release"):
        account.v1.subscription_schedules.release(schedule.id)


def test_cancelling_a_schedule_cancels_the_subscription(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, account.price(1000).id)
    assert account.v1.subscription_schedules.cancel(schedule.id).status == "canceled"
    assert account.subscription(sub.id).status == "canceled"


def test_a_schedule_can_start_a_subscription_later(account: Account) -> None:
    customer, price = account.customer(), account.price(700)
    schedule = account.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": START + 5 * DAY,
            "phases": [
                {"items": [{"price": price.id}], "duration": {"interval": "month", "interval_count": 2}}
            ],
        }
    )
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    waiting = account.v1.subscription_schedules.list({"customer": customer.id, "scheduled": True}).data
    assert [known.id for known in waiting] == [schedule.id]
    account.advance(6)
    (sub,) = account.v1.subscriptions.list({"customer": customer.id}).data
    started = account.v1.subscription_schedules.retrieve(schedule.id)
    assert (started.status, started.subscription) == ("active", sub.id)
    assert (sub.status, sub.start_date) == ("active", START + 5 * DAY)


def test_a_changed_current_phase_changes_the_subscription_at_once(account: Account) -> None:
    price = account.price(3100)
    sub = account.subscribe(account.customer().id, price)
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    account.advance(10)
    account.v1.subscription_schedules.update(
        schedule.id,
        {
            "proration_behavior": "always_invoice",
            "phases": [{"items": [{"price": price.id, "quantity": 2}], "start_date": START, "end_date": END}],
        },
    )
    assert account.subscription(sub.id)["items"].data[0].quantity == 2
    assert account.invoices(sub.id)[-1].total == 2100


@pytest.mark.parametrize(
    ("phase", "param"),
    [
        ({"items": [], "description": "empty"}, "phases[0][items]"),
        ({"items": [{"price": "price_missing"}]}, "phases[0][items][0][price]"),
        ({"items": [{"quantity": 1}]}, "phases[0][items][0][price]"),
        ({"items": [{"price": "PRICE"}], "end_date": START - DAY}, "phases[0][end_date]"),
        ({"items": [{"price": "PRICE"}], "colour": "red"}, "phases[0][colour]"),
        ({"items": [{"price": "PRICE"}, {"price": "PRICE"}]}, "phases[0][items][1][price]"),
        ({"items": [{"price": "PRICE", "quantity": -1}]}, "phases[0][items][0][quantity]"),
        ({"items": [{"price": "PRICE"}], "currency": "eur"}, "phases[0][items][0][price]"),
        (
            {"items": [{"price": "PRICE"}], "duration": {"interval": "day", "interval_count": 0}},
            "phases[0][duration][interval_count]",
        ),
        ({"items": [{"price": "PRICE"}], "trial": True, "trial_end": START + DAY}, "phases[0][trial]"),
        ({"items": [{"price": "PRICE"}], "trial_end": START + 99 * DAY}, "phases[0][trial_end]"),
        (
            {"items": [{"price": "PRICE"}], "trial": True, "billing_cycle_anchor": "phase_start"},
            "phases[0][billing_cycle_anchor]",
        ),
        ({"items": [{"price": "PRICE"}], "collection_method": "send_invoice"}, DAYS_OF_A_PHASE),
        ({"items": [{"price": "PRICE"}], "add_invoice_items": [{"price": "PRICE"}]}, EXTRA_OF_A_PHASE),
    ],
)
def test_a_phase_that_cannot_be_is_refused(account: Account, phase: dict[str, Any], param: str) -> None:
    customer, price = account.customer(), account.price()
    phase = json.loads(json.dumps(phase).replace("PRICE", price.id))
    sent: Any = {"customer": customer.id, "start_date": "now", "phases": [phase]}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_schedules.create(sent)
    assert refused.value.param == param


def test_a_subscription_has_one_schedule_at_most(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscription_schedules.create({"from_subscription": sub.id})
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        account.v1.subscription_schedules.create({"from_subscription": sub.id})


def test_cancelling_the_subscription_cancels_its_schedule(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    account.v1.subscriptions.cancel(sub.id)
    assert account.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"


def test_a_week_before_its_end_a_schedule_says_that_it_is_expiring(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, account.price(1000).id)
    account.advance_to(END + 3600)
    account.news()
    account.advance_to(NEXT - 7 * DAY - 1)
    assert "subscription_schedule.expiring" not in account.news()
    account.advance_to(NEXT)
    assert account.news().count("subscription_schedule.expiring") == 1
    expiring = account.last_event("subscription_schedule.expiring")
    assert (expiring["data"]["object"]["id"], expiring["created"]) == (schedule.id, NEXT - 7 * DAY)


@pytest.mark.parametrize("named_by", ["schedule", "subscription"])
def test_the_next_invoice_is_foreseen_in_the_phase_that_holds_then(account: Account, named_by: str) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = downgrade(account, sub, account.price(1000).id)
    account.news()
    sent: Any = {"schedule": schedule.id} if named_by == "schedule" else {"subscription": sub.id}
    preview = account.v1.invoices.create_preview(sent)
    assert (preview.total, preview.status, account.news()) == (1000, "draft", [])
    account.advance_to(END)
    assert account.last_event("invoice.upcoming")["data"]["object"]["total"] == 1000


def test_a_phase_that_is_invoiced_when_it_begins_is_foreseen_as_that_invoice(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    price = sub["items"].data[0].price.id
    half = START + 15 * DAY
    phases: Any = [
        {"items": [{"price": price}], "start_date": START, "end_date": half},
        {"items": [{"price": price, "quantity": 2}], "end_date": END, "proration_behavior": "always_invoice"},
    ]
    account.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    preview = account.v1.invoices.create_preview({"schedule": schedule.id})
    account.advance_to(half)
    assert preview.total == account.invoices(sub.id)[-1].total == 1600


def test_a_schedule_that_ends_its_subscription_bills_the_last_usage_and_foresees_nothing_more(
    account: Account,
) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.metered())
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    account.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    with pytest.raises(stripe.InvalidRequestError) as none:
        account.v1.invoices.create_preview({"schedule": schedule.id})
    assert none.value.code == "invoice_upcoming_none"
    account.use(customer.id, 700)
    assert account.v1.invoices.create_preview({"schedule": schedule.id}).total == 700
    account.advance_to(END)
    assert account.subscription(sub.id).status == "canceled"
    assert [invoice.total for invoice in account.invoices(sub.id)] == [700]


def test_a_preview_is_of_a_schedule_or_of_a_subscription(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(5000))
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview({"schedule": schedule.id, "subscription": sub.id})
    assert refused.value.code == "parameters_exclusive"


def test_default_settings_hold_in_every_phase_that_has_none_of_its_own(account: Account) -> None:
    customer, price = account.customer(), account.price(3100)
    card = account.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id}).id
    month: Any = {"interval": "month", "interval_count": 1}
    schedule = account.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": "now",
            "default_settings": {
                "collection_method": "send_invoice",
                "invoice_settings": {"days_until_due": 14, "footer": "Thank you"},
                "default_payment_method": card,
                "description": "By contract",
                "automatic_tax": {"enabled": True},
            },
            "phases": [
                {"items": [{"price": price.id}], "duration": month},
                {
                    "items": [{"price": price.id}],
                    "duration": month,
                    "collection_method": "charge_automatically",
                    "description": "By card",
                },
                {"items": [{"price": price.id}], "duration": month},
            ],
        }
    )
    sub = account.subscription(str(schedule.subscription))
    assert (sub.collection_method, sub.days_until_due, sub.description) == ("send_invoice", 14, "By contract")
    assert (sub.default_payment_method, sub.automatic_tax.enabled) == (card, True)
    assert (account.invoices(sub.id)[0].footer, account.invoices(sub.id)[0].status) == ("Thank you", "open")
    account.advance_to(END + 2 * 3600)
    sub = account.subscription(sub.id)
    assert (sub.collection_method, sub.days_until_due, sub.description) == (
        "charge_automatically",
        None,
        "By card",
    )
    assert account.invoices(sub.id)[-1].status == "paid"
    account.advance_to(NEXT + 2 * 3600)
    sub = account.subscription(sub.id)
    assert (sub.collection_method, sub.days_until_due, sub.description) == ("send_invoice", 14, "By contract")


def test_changed_default_settings_reach_the_subscription_at_once(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100), description="Before")
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    assert schedule.default_settings.description == "Before"
    account.v1.subscriptions.update(sub.id, {"metadata": {"kept": "yes"}})
    account.news()
    changed = account.v1.subscription_schedules.update(
        schedule.id, {"default_settings": {"description": "After"}}
    )
    assert (changed.default_settings.description, account.subscription(sub.id).description) == (
        "After",
        "After",
    )
    assert account.news() == ["customer.subscription.updated", "subscription_schedule.updated"]
    assert len(account.invoices(sub.id)) == 1


def test_a_phase_brings_one_time_charges_discounts_and_tax_rates(account: Account) -> None:
    setup = account.v1.prices.create({"product": account.product, "currency": "usd", "unit_amount": 500}).id
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"}).id
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False}).id
    item: Any = {"price": account.price(1000).id, "discounts": [{"coupon": coupon}], "tax_rates": [rate]}
    phase: Any = {"items": [item], "add_invoice_items": [{"price": setup, "quantity": 2}], "end_date": END}
    schedule = account.v1.subscription_schedules.create(
        {"customer": account.customer().id, "start_date": "now", "phases": [phase]}
    )
    sub = str(schedule.subscription)
    assert [invoice.total for invoice in account.invoices(sub)] == [1000 + 550]
    account.v1.subscription_schedules.update(schedule.id, {"phases": [phase], "proration_behavior": "none"})
    account.advance_to(END + 2 * 3600)
    assert [invoice.total for invoice in account.invoices(sub)] == [1550, 550]
    assert account.v1.coupons.retrieve(coupon).times_redeemed == 1


def test_a_schedule_can_start_in_the_past(account: Account) -> None:
    phase: Any = {"items": [{"price": account.price(3100).id}], "end_date": END}
    sent: Any = {"customer": account.customer().id, "start_date": START - 5 * DAY, "phases": [phase]}
    schedule = account.v1.subscription_schedules.create(sent)
    assert account.subscription(str(schedule.subscription)).start_date == START - 5 * DAY
    phase["end_date"] = START - DAY
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_schedules.create(sent)
    assert refused.value.param == "phases[0][end_date]"


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"collection_method": "send_invoice"}, "default_settings[invoice_settings][days_until_due]"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"billing_thresholds": {"amount_gte": 1}}, "default_settings[billing_thresholds]"),
        ({"collection_method": "by_mail"}, "default_settings[collection_method]"),
    ],
)
def test_default_settings_that_cannot_be_are_refused(
    account: Account, settings: dict[str, Any], param: str
) -> None:
    sent: Any = {
        "customer": account.customer().id,
        "start_date": "now",
        "default_settings": settings,
        "phases": [{"items": [{"price": account.price().id}]}],
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_schedules.create(sent)
    assert refused.value.param == param
    assert account.v1.subscription_schedules.list({"customer": sent["customer"]}).data == []


def test_changes_to_a_schedule_can_be_previewed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    account.advance(10)
    account.news()
    price = sub["items"].data[0].price.id
    phase: Any = {"items": [{"price": price, "quantity": 2}], "start_date": START, "end_date": END}
    changes: Any = {"phases": [phase], "proration_behavior": "always_invoice"}
    preview = account.v1.invoices.create_preview({"schedule": schedule.id, "schedule_details": changes})
    assert (preview.total, account.news()) == (2100, [])
    account.v1.subscription_schedules.update(schedule.id, changes)
    assert account.invoices(sub.id)[-1].total == preview.total


def test_a_schedule_that_is_to_come_can_be_previewed(account: Account) -> None:
    customer, price = account.customer().id, account.price(700)
    phase: Any = {"items": [{"price": price.id, "quantity": 3}], "end_date": NEXT}
    unborn = account.v1.invoices.create_preview(
        {"customer": customer, "schedule_details": {"phases": [phase]}}
    )
    schedule = account.v1.subscription_schedules.create(
        {"customer": customer, "start_date": START + 5 * DAY, "phases": [phase]}
    )
    planned = account.v1.invoices.create_preview({"schedule": schedule.id})
    assert (unborn.total, planned.total, planned.period_start) == (2100, 2100, START + 5 * DAY)
    assert account.v1.subscriptions.list({"customer": customer}).data == []
