"""Changing subscriptions: prorations, resets, what is charged at once, and what waits for its payment."""

from __future__ import annotations

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

PERIOD = 31 * DAY


def test_more_seats_are_charged_for_the_rest_of_the_period_only(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price(3100).id, "quantity": 1})
    account.advance(10)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 3}], "proration_behavior": "always_invoice"},
    )
    invoice = account.invoices(sub.id)[1]
    assert [(line.amount, line.description) for line in invoice.lines.data] == [
        (-2100, "Unused time on Pro after 20 Jan 2026"),
        (6300, "Remaining time on 3 × Pro after 20 Jan 2026"),
    ]
    assert (invoice.total, invoice.status, invoice.billing_reason) == (4200, "paid", "subscription_update")


def test_the_events_of_a_change_invoiced_at_once_come_in_stripes_order(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.advance(10)
    account.news()
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "always_invoice"},
    )
    assert account.news() == [
        "invoiceitem.created",
        "invoiceitem.created",
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
    ]
    previous = account.last_event("customer.subscription.updated")["data"]["previous_attributes"]
    assert previous["items"]["data"][0]["quantity"] == 1


def test_prorations_wait_for_the_renewal_by_default(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    account.news()
    account.v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 2}]})
    assert account.news() == ["invoiceitem.created", "invoiceitem.created", "customer.subscription.updated"]
    account.advance_to(START + PERIOD + 3600)
    renewal = account.invoices(sub.id)[-1]
    assert sorted(line.amount for line in renewal.lines.data) == [-2100, 4200, 6200]


def test_without_proration_the_new_quantity_counts_from_the_renewal(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    account.v1.subscriptions.update(
        sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "none"}
    )
    account.advance_to(START + PERIOD + 3600)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, 6200]


def test_fewer_seats_leave_credit_on_the_customers_balance(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, {"price": account.price(3100).id, "quantity": 3})
    account.advance(10)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 1}], "proration_behavior": "always_invoice"},
    )
    invoice = account.invoices(sub.id)[1]
    assert (invoice.total, invoice.amount_due, invoice.status, invoice.ending_balance) == (
        -4200,
        0,
        "paid",
        -4200,
    )
    assert account.v1.customers.retrieve(customer.id).balance == -4200
    account.advance_to(START + PERIOD + 3600)
    renewal = account.invoices(sub.id)[2]
    assert (renewal.total, renewal.amount_paid, renewal.starting_balance) == (3100, 0, -4200)
    assert account.v1.customers.retrieve(customer.id).balance == -1100


def test_two_changes_in_one_period_credit_what_was_really_charged(account: Account) -> None:
    """Flexible billing: the second credit comes from the first change's debit, to the minor unit."""
    sub = account.subscribe(account.customer().id, account.price(999))
    item = sub["items"].data[0].id
    for days, quantity in ((7, 2), (7, 5), (7, 1)):
        account.advance(days)
        account.v1.subscriptions.update(
            sub.id, {"items": [{"id": item, "quantity": quantity}], "proration_behavior": "always_invoice"}
        )
    lines = [line for invoice in account.invoices(sub.id) for line in invoice.lines.data]
    debits = [line.amount for line in lines if line.amount > 0]
    credited = [-line.amount for line in lines if line.amount < 0]
    for debit, credit in zip(debits, credited, strict=False):
        assert 0 < credit <= debit
    assert len(credited) == 3


def test_a_change_of_plan_keeps_the_item_and_takes_the_new_price(account: Account) -> None:
    basic, pro = account.price(1000), account.price(2000)
    sub = account.subscribe(account.customer().id, basic)
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [{"id": sub["items"].data[0].id, "price": pro.id}]}
    )
    assert changed["items"].data[0].id == sub["items"].data[0].id
    assert changed["items"].data[0].price.id == pro.id
    assert changed["items"].data[0].plan.id == pro.id


def test_in_classic_mode_another_interval_starts_a_new_period_and_charges_at_once(account: Account) -> None:
    monthly, yearly = account.price(3100), account.price(30000, "year")
    sub = account.subscribe(account.customer().id, monthly, billing_mode={"type": "classic"})
    account.advance(10)
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [{"id": sub["items"].data[0].id, "price": yearly.id}]}
    )
    invoice = account.invoices(sub.id)[1]
    assert sorted(line.amount for line in invoice.lines.data) == [-2100, 30000]
    assert (invoice.status, invoice.total) == ("paid", 27900)
    assert changed.billing_cycle_anchor == START + 10 * DAY
    assert changed["items"].data[0].current_period_end == START + 375 * DAY


def test_in_classic_mode_the_billing_date_moves_to_now_from_free_to_paid(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(0), billing_mode={"type": "classic"})
    account.advance(5)
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [{"id": sub["items"].data[0].id, "price": account.price(2000).id}]}
    )
    assert account.invoices(sub.id)[1].total == 2000
    assert changed.billing_cycle_anchor == START + 5 * DAY


def test_the_billing_date_can_be_moved_to_now(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    changed = account.v1.subscriptions.update(sub.id, {"billing_cycle_anchor": {"type": "now"}})
    assert account.invoices(sub.id)[1].total == 3100 - 2100
    assert changed["items"].data[0].current_period_start == START + 10 * DAY


def test_an_item_can_be_added_and_removed_again(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    added = account.v1.subscription_items.create(
        {"subscription": sub.id, "price": account.price(6200).id, "proration_behavior": "always_invoice"}
    )
    assert account.invoices(sub.id)[1].total == 4200
    account.v1.subscription_items.delete(added.id, {"proration_behavior": "always_invoice"})
    assert account.invoices(sub.id)[2].total == -4200
    assert [item.id for item in account.subscription(sub.id)["items"].data] == [sub["items"].data[0].id]


def test_the_last_item_cannot_be_removed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError, match="at least one active item"):
        account.v1.subscription_items.delete(sub["items"].data[0].id)


def test_an_upgrade_that_cannot_be_paid_leaves_the_subscription_past_due(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    changed = account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 9}], "proration_behavior": "always_invoice"},
    )
    assert (changed.status, changed["items"].data[0].quantity) == ("past_due", 9)


def test_an_upgrade_that_cannot_be_paid_can_be_refused_as_a_whole(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        account.v1.subscriptions.update(
            sub.id,
            {
                "items": [{"id": sub["items"].data[0].id, "quantity": 9}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    after = account.subscription(sub.id)
    assert (after.status, after["items"].data[0].quantity) == ("active", 1)
    assert len(account.invoices(sub.id)) == 1


def test_an_upgrade_can_wait_for_its_payment(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.news()
    waiting = account.v1.subscriptions.update(
        sub.id,
        {
            "items": [{"id": sub["items"].data[0].id, "quantity": 9}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    assert (waiting.status, waiting["items"].data[0].quantity) == ("active", 1)
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == START + 23 * 3600
    account.v1.invoices.pay(account.invoices(sub.id)[1].id, {"payment_method": "pm_card_visa"})
    after = account.subscription(sub.id)
    assert (after.pending_update, after["items"].data[0].quantity) == (None, 9)
    assert "customer.subscription.pending_update_applied" in account.news()


def test_an_upgrade_that_waits_is_dropped_after_23_hours(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.v1.subscriptions.update(
        sub.id,
        {
            "items": [{"id": sub["items"].data[0].id, "quantity": 9}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    account.advance(1)
    after = account.subscription(sub.id)
    assert (after.pending_update, after["items"].data[0].quantity) == (None, 1)
    assert account.invoices(sub.id)[1].status == "void"
    assert "customer.subscription.pending_update_expired" in account.news()


def test_an_upgrade_that_waits_is_dropped_with_its_invoice(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_authenticationRequired")
    account.v1.subscriptions.update(
        sub.id,
        {
            "items": [{"id": sub["items"].data[0].id, "quantity": 9}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    account.v1.invoices.void_invoice(account.invoices(sub.id)[1].id)
    after = account.subscription(sub.id)
    assert (after.pending_update, after.status, after["items"].data[0].quantity) == (None, "active", 1)


def test_another_change_takes_the_place_of_one_that_waits(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(1000))
    item = sub["items"].data[0].id
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    for quantity in (2, 3):
        waiting = account.v1.subscriptions.update(
            sub.id,
            {
                "items": [{"id": item, "quantity": quantity}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "pending_if_incomplete",
            },
        )
    assert waiting.pending_update is not None
    assert [invoice.status for invoice in account.invoices(sub.id)] == ["paid", "void", "open"]
    account.v1.invoices.pay(account.invoices(sub.id)[-1].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id)["items"].data[0].quantity == 3


def test_error_if_incomplete_says_that_the_card_wants_its_owner(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as refused:
        account.v1.subscriptions.update(
            sub.id,
            {
                "items": [{"id": sub["items"].data[0].id, "quantity": 9}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    assert refused.value.code == "subscription_payment_intent_requires_action"


def test_a_proration_date_outside_the_period_is_refused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.update(
            sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_date": START - DAY}
        )
    assert refused.value.param == "proration_date"


def test_metadata_is_merged_and_announced(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), metadata={"a": "1", "b": "2"})
    account.news()
    changed = account.v1.subscriptions.update(sub.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert account.news() == ["customer.subscription.updated"]


def test_an_update_that_changes_nothing_is_not_announced(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.news()
    account.v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 1}]})
    assert account.news() == []


def test_one_time_charges_ride_on_the_next_invoice(account: Account) -> None:
    setup = account.v1.prices.create({"currency": "usd", "product": account.product, "unit_amount": 5000})
    sub = account.subscribe(
        account.customer().id, account.price(2000), add_invoice_items=[{"price": setup.id, "quantity": 1}]
    )
    assert account.invoices(sub.id)[0].total == 7000


def test_another_price_of_another_currency_is_refused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        account.v1.subscriptions.update(
            sub.id, {"items": [{"id": sub["items"].data[0].id, "price": account.price(currency="eur").id}]}
        )


def test_the_classic_billing_mode_credits_the_current_price(account: Account) -> None:
    sub = account.subscribe(
        account.customer().id,
        account.price(3100),
        billing_mode={"type": "classic"},
        discounts=[{"coupon": account.v1.coupons.create({"percent_off": 50, "duration": "once"}).id}],
    )
    account.advance(10)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "always_invoice"},
    )
    assert sorted(line.amount for line in account.invoices(sub.id)[1].lines.data) == [-2100, 4200]
    migrated = account.v1.subscriptions.migrate(sub.id, {"billing_mode": {"type": "flexible"}})
    assert migrated.billing_mode.type == "flexible"
