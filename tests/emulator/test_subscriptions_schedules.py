"""Schedules: a downgrade at the end of the period, phases, and how schedules end."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY
NEXT = END + 28 * DAY


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
    assert [s.id for s in account.v1.subscription_schedules.list({"scheduled": True}).data] == [schedule.id]
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
    ],
)
def test_a_phase_that_cannot_be_is_refused(account: Account, phase: dict[str, Any], param: str) -> None:
    customer, price = account.customer(), account.price()
    items = [
        {**item, **({"price": price.id} if item.get("price") == "PRICE" else {})} for item in phase["items"]
    ]
    sent: Any = {"customer": customer.id, "start_date": "now", "phases": [{**phase, "items": items}]}
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
