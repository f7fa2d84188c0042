"""A metered price that goes, or gives way to another, bills what was used until then; the new one what comes after."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def meter_of(price: stripe.Price) -> dict[str, Any]:
    """The `recurring` of another price on the same meter."""
    assert price.recurring is not None
    return {"usage_type": "metered", "meter": price.recurring.meter}


def switch(account: Account, sub: stripe.Subscription, price: str, **more: Any) -> stripe.Subscription:
    """Give the subscription's metered item, its last, another price."""
    item = sub["items"].data[-1].id
    sent: Any = {"items": [{"id": item, "price": price}], **more}
    return account.v1.subscriptions.update(sub.id, sent)


def test_usage_is_billed_at_the_price_in_effect_when_it_was_reported(account: Account) -> None:
    """The example of docs.stripe.com/billing/subscriptions/billing-mode/compare: 1.00 and 0.75 are 1.75."""
    per_hundred: Any = {"currency": "gbp", "transform_quantity": {"divide_by": 100, "round": "up"}}
    before = account.metered(amount=10, **per_hundred)
    after = account.price(15, recurring=meter_of(before), **per_hundred)
    customer = account.customer()
    sub = account.subscribe(customer.id, before)
    account.advance(5)
    account.use(customer.id, 1000)
    account.advance(10)
    changed = switch(account, sub, after.id)
    assert changed["items"].data[0].current_period_start == START + 15 * DAY
    account.advance(5)
    account.use(customer.id, 500)
    account.advance_to(END + 2 * 3600)
    (invoice,) = account.invoices(sub.id)
    assert [(line.amount, line.period.start, line.period.end) for line in invoice.lines.data] == [
        (100, START, START + 15 * DAY),
        (75, START + 15 * DAY, END),
    ]
    assert invoice.total == 175


@pytest.mark.parametrize("removed", [True, False])
def test_without_prorations_what_was_used_before_is_not_billed(account: Account, removed: bool) -> None:
    before = account.metered(amount=10)
    after = account.price(15, recurring=meter_of(before))
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3000), before)
    account.use(customer.id, 7)
    account.advance(10)
    item = sub["items"].data[-1].id
    if removed:
        account.v1.subscription_items.delete(item, {"proration_behavior": "none"})
    else:
        switch(account, sub, after.id, proration_behavior="none")
    account.use(customer.id, 2)
    account.advance_to(END + 2 * 3600)
    assert account.invoices(sub.id)[-1].total == 3000 + (0 if removed else 30)


def test_in_classic_mode_only_what_comes_after_is_billed(account: Account) -> None:
    before = account.metered(amount=10)
    after = account.price(15, recurring=meter_of(before))
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3000), before, billing_mode={"type": "classic"})
    account.use(customer.id, 7)
    account.advance(10)
    switch(account, sub, after.id)
    account.use(customer.id, 2)
    account.advance_to(END + 2 * 3600)
    assert account.invoices(sub.id)[-1].total == 3030


def test_a_change_invoiced_at_once_bills_the_usage_at_once(account: Account) -> None:
    before = account.metered(amount=10)
    after = account.price(15, recurring=meter_of(before))
    customer = account.customer()
    sub = account.subscribe(customer.id, before)
    account.use(customer.id, 7)
    account.advance(10)
    preview = account.v1.invoices.create_preview(
        {
            "subscription": sub.id,
            "subscription_details": {
                "items": [{"id": sub["items"].data[0].id, "price": after.id}],
                "proration_behavior": "always_invoice",
            },
        }
    )
    switch(account, sub, after.id, proration_behavior="always_invoice")
    assert (preview.total, account.invoices(sub.id)[-1].total) == (70, 70)


@pytest.mark.parametrize("proration_behavior", ["create_prorations", "none"])
def test_a_phase_that_begins_with_the_period_leaves_the_old_usage_at_the_old_price(
    account: Account, proration_behavior: str
) -> None:
    before = account.metered(amount=10)
    after = account.price(15, recurring=meter_of(before))
    customer = account.customer()
    sub = account.subscribe(customer.id, before)
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    phases: Any = [
        {"items": [{"price": before.id}], "start_date": START, "end_date": END},
        {
            "items": [{"price": after.id}],
            "duration": {"interval": "month", "interval_count": 1},
            "proration_behavior": proration_behavior,
        },
    ]
    account.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    account.use(customer.id, 7)
    account.advance_to(END + DAY)
    account.use(customer.id, 2)
    account.advance_to(END + 28 * DAY + 2 * 3600)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [70, 30]


def test_the_rates_of_an_item_are_on_its_last_usage_too(account: Account) -> None:
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False}).id
    price = account.metered(amount=10)
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3000), {"price": price.id, "tax_rates": [rate]})
    account.use(customer.id, 10)
    account.advance(1)
    account.v1.subscription_items.delete(sub["items"].data[-1].id)
    account.advance_to(END + 2 * 3600)
    assert account.invoices(sub.id)[-1].total == 3000 + 120
