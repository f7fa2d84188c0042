"""Pauses planned in a schedule: when they come, how they end, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY
PAUSE_AT, RESUME_AT = START + 10 * DAY, START + 40 * DAY


def at(instant: int) -> dict[str, Any]:
    return {"type": "timestamp", "timestamp": instant}


def planned(
    account: Account, resume: dict[str, Any] | None = None, **pause: Any
) -> tuple[stripe.Subscription, stripe.SubscriptionSchedule]:
    """A subscription for 31.00 a month that is to pause after ten days, under a schedule of a year."""
    sub = account.subscribe(account.customer().id, account.price(3100))
    entry: Any = {"key": "holiday", "pause": {"pause_at": at(PAUSE_AT), **pause}}
    if resume is not None:
        entry["resume"] = resume
    schedule = account.v1.subscription_schedules.create(
        {"from_subscription": sub.id, "pause_schedules": [entry]}
    )
    price = sub["items"].data[0].price.id
    phase: Any = {"items": [{"price": price}], "start_date": START, "end_date": START + 365 * DAY}
    account.v1.subscription_schedules.update(schedule.id, {"phases": [phase]})
    account.news()
    return sub, schedule


def pause_of(account: Account, schedule: stripe.SubscriptionSchedule) -> Any:
    (found,) = account.v1.subscription_schedules.retrieve(schedule.id).pause_schedules
    return found


def test_a_planned_pause_comes_and_ends_by_itself(account: Account) -> None:
    sub, schedule = planned(account, {"resume_at": at(RESUME_AT)})
    before = pause_of(account, schedule)
    assert (before.key, before.pause.pause_at, before.pause.status.type) == ("holiday", PAUSE_AT, "scheduled")
    assert (before.resume.resume_at, before.resume.status.type) == (RESUME_AT, "scheduled")
    account.advance_to(PAUSE_AT + DAY)
    assert account.subscription(sub.id).status == "paused"
    assert account.news()[-3:] == [
        "customer.subscription.paused",
        "subscription_schedule.updated",
        "test_helpers.test_clock.ready",
    ]
    assert pause_of(account, schedule).pause.status.type == "succeeded"
    account.advance_to(RESUME_AT + DAY)
    after = account.subscription(sub.id)
    assert (after.status, after["items"].data[0].current_period_start) == ("active", RESUME_AT)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, 3100 - 2100]
    assert pause_of(account, schedule).resume.status.type == "succeeded"


def test_a_planned_pause_can_be_invoiced_and_give_nothing_back(account: Account) -> None:
    nothing: Any = {"bill_for": {"unused_time_from": {"type": "none"}}, "invoicing_behavior": "invoice"}
    sub, _ = planned(account, settings=nothing)
    account.advance_to(END + DAY)
    assert account.subscription(sub.id).status == "paused"
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100]


def test_a_resumption_that_fails_is_pending_until_it_is_paid(account: Account) -> None:
    sub, schedule = planned(account, {"resume_at": at(RESUME_AT), "settings": {}})
    account.use_card(str(sub.customer), "pm_card_chargeCustomerFail")
    account.advance_to(RESUME_AT + 1)
    assert account.subscription(sub.id).status == "paused"
    assert pause_of(account, schedule).resume.status.type == "pending"
    account.v1.invoices.pay(account.invoices(sub.id)[-1].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"
    assert pause_of(account, schedule).resume.status.type == "succeeded"


def test_why_a_subscription_could_not_resume_is_told(account: Account) -> None:
    sub, schedule = planned(account, {"resume_at": {"type": "duration", "duration": {"interval": "month"}}})
    assert pause_of(account, schedule).resume.resume_at == PAUSE_AT + 31 * DAY
    (card,) = account.v1.payment_methods.list({"customer": str(sub.customer)}).data
    account.v1.payment_methods.detach(card.id)
    account.advance_to(PAUSE_AT + 32 * DAY)
    status = pause_of(account, schedule).resume.status
    assert (status.type, status.error.code) == ("error", "resource_missing")
    assert account.subscription(sub.id).status == "paused"


def test_a_pause_can_begin_now_and_its_end_be_planned_later(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    schedules = account.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": sub.id})
    now: Any = [{"key": "k", "pause": {"pause_at": {"type": "now"}}}]
    paused = schedules.update(schedule.id, {"pause_schedules": now})
    assert (paused.pause_schedules[0].pause.status.type, account.subscription(sub.id).status) == (
        "succeeded",
        "paused",
    )
    later: Any = [{"key": "k", "resume": {"resume_at": at(PAUSE_AT)}}]
    schedules.update(schedule.id, {"pause_schedules": later})
    account.advance_to(PAUSE_AT)
    assert account.subscription(sub.id).status == "active"


def test_a_planned_pause_can_be_moved_and_dropped(account: Account) -> None:
    sub, schedule = planned(account, {"resume_at": at(RESUME_AT)})
    moved: Any = [{"key": "holiday", "pause": {"pause_at": at(PAUSE_AT + DAY)}, "resume": ""}]
    account.v1.subscription_schedules.update(schedule.id, {"pause_schedules": moved})
    assert (pause_of(account, schedule).pause.pause_at, pause_of(account, schedule).resume) == (
        PAUSE_AT + DAY,
        None,
    )
    account.v1.subscription_schedules.update(schedule.id, {"pause_schedules": ""})
    account.advance_to(PAUSE_AT + 2 * DAY)
    assert account.subscription(sub.id).status == "active"


def test_the_next_invoice_is_that_of_the_resumption(account: Account) -> None:
    sub, schedule = planned(account, {"resume_at": at(RESUME_AT)})
    preview = account.v1.invoices.create_preview({"schedule": schedule.id})
    account.advance_to(RESUME_AT)
    assert preview.total == account.invoices(sub.id)[-1].total == 1000


def test_with_no_end_planned_there_is_no_next_invoice(account: Account) -> None:
    _, schedule = planned(account)
    with pytest.raises(stripe.InvalidRequestError) as none:
        account.v1.invoices.create_preview({"schedule": schedule.id})
    assert none.value.code == "invoice_upcoming_none"


@pytest.mark.parametrize(
    ("entry", "param"),
    [
        ({}, "[pause][pause_at]"),
        ({"pause": {"pause_at": {"type": "timestamp"}}}, "[pause][pause_at][timestamp]"),
        ({"pause": {"pause_at": at(START - 1)}}, "[pause][pause_at][timestamp]"),
        ({"pause": {"pause_at": {"type": "soon"}}}, "[pause][pause_at][type]"),
        ({"pause": {"pause_at": at(PAUSE_AT)}, "resume": {"resume_at": at(PAUSE_AT)}}, "[resume][resume_at]"),
        (
            {"pause": {"pause_at": at(PAUSE_AT)}, "resume": {"resume_at": {"type": "duration"}}},
            "[resume][resume_at][duration]",
        ),
    ],
)
def test_a_pause_that_cannot_be_planned_is_refused(
    account: Account, entry: dict[str, Any], param: str
) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    sent: Any = {"from_subscription": sub.id, "pause_schedules": [{"key": "k", **entry}]}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_schedules.create(sent)
    assert refused.value.param == f"pause_schedules[0]{param}"
    assert account.subscription(sub.id).schedule is None


@pytest.mark.parametrize(
    "params",
    [{"billing_mode": {"type": "classic"}}, {"collection_method": "send_invoice", "days_until_due": 3}],
)
def test_what_cannot_be_paused_cannot_be_planned_to(account: Account, params: dict[str, Any]) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **params)
    entry: Any = {"pause": {"pause_at": at(PAUSE_AT)}}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_schedules.create({"from_subscription": sub.id, "pause_schedules": [entry]})
    assert refused.value.param == "pause_schedules"
