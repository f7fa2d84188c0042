"""The figures of invoices: discounts, taxes, balances, minimum amounts and currencies."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def test_a_coupon_for_some_months_ends_after_them(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "repeating", "duration_in_months": 2})
    sub = account.subscribe(account.customer().id, account.price(2000), discounts=[{"coupon": coupon.id}])
    for _ in range(2):
        account.advance(32)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [1800, 1800, 2000]
    assert account.subscription(sub.id).discounts == []
    assert "customer.discount.deleted" in account.news()


def test_a_coupon_for_one_invoice_is_used_up_by_it(account: Account) -> None:
    coupon = account.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "once"})
    sub = account.subscribe(account.customer().id, account.price(2000), discounts=[{"coupon": coupon.id}])
    account.advance(32)
    first, second = account.invoices(sub.id)
    assert (first.total, second.total) == (1500, 2000)
    assert first.total_discount_amounts is not None
    assert [part.amount for part in first.total_discount_amounts] == [500]


def test_a_forever_coupon_is_on_every_invoice_and_on_prorations(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    sub = account.subscribe(account.customer().id, account.price(3100), discounts=[{"coupon": coupon.id}])
    account.advance(10)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "always_invoice"},
    )
    assert [invoice.total for invoice in account.invoices(sub.id)] == [1550, 1050]


def test_the_discount_of_an_item_leaves_the_other_items(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    first, second = account.price(1000), account.price(3000)
    sub = account.subscribe(
        account.customer().id, {"price": first.id, "discounts": [{"coupon": coupon.id}]}, {"price": second.id}
    )
    assert account.invoices(sub.id)[0].total == 3500


def test_a_discount_can_be_taken_off_again(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    sub = account.subscribe(account.customer().id, account.price(2000), discounts=[{"coupon": coupon.id}])
    account.v1.subscriptions.delete_discount(sub.id)
    assert account.subscription(sub.id).discounts == []
    account.advance(32)
    assert account.invoices(sub.id)[-1].total == 2000


def test_a_spent_coupon_is_refused(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever", "max_redemptions": 1})
    price = account.price()
    account.subscribe(account.customer().id, price, discounts=[{"coupon": coupon.id}])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(account.customer().id, price, discounts=[{"coupon": coupon.id}])
    assert (refused.value.code, refused.value.param) == ("coupon_expired", "discounts[0][coupon]")


def test_tax_on_top_is_added_after_discounts(account: Account) -> None:
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    sub = account.subscribe(
        account.customer().id,
        account.price(2000),
        default_tax_rates=[rate.id],
        discounts=[{"coupon": coupon.id}],
    )
    (invoice,) = account.invoices(sub.id)
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (2000, 1200, 1000)
    assert invoice.total_taxes is not None
    assert [(tax.amount, tax.taxable_amount) for tax in invoice.total_taxes] == [(200, 1000)]


def test_inclusive_tax_is_part_of_the_price(account: Account) -> None:
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": True})
    sub = account.subscribe(account.customer().id, account.price(1190), default_tax_rates=[rate.id])
    (invoice,) = account.invoices(sub.id)
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (1190, 1190, 1000)


@pytest.mark.parametrize(
    ("customer", "total"),
    [
        ({"address": {"country": "DE"}}, 2380),
        ({"address": {"country": "DE"}, "tax_exempt": "reverse"}, 2000),
        ({"address": {"country": "US"}}, 2000),
        ({"address": {"country": "JP"}}, 2200),
    ],
)
def test_automatic_tax_follows_the_customers_country(
    account: Account, customer: dict[str, Any], total: int
) -> None:
    sub = account.subscribe(
        account.customer(**customer).id, account.price(2000), automatic_tax={"enabled": True}
    )
    (invoice,) = account.invoices(sub.id)
    assert (invoice.total, invoice.automatic_tax.status) == (total, "complete")


def test_credit_on_the_balance_pays_first(account: Account) -> None:
    customer = account.customer()
    account.v1.customers.balance_transactions.create(customer.id, {"amount": -500, "currency": "usd"})
    sub = account.subscribe(customer.id, account.price(2000))
    (invoice,) = account.invoices(sub.id)
    assert (invoice.total, invoice.amount_due, invoice.amount_paid) == (2000, 1500, 1500)
    assert (invoice.starting_balance, invoice.ending_balance) == (-500, 0)
    applied = account.v1.customers.balance_transactions.list(customer.id).data[0]
    assert (applied.amount, applied.type, applied.invoice) == (500, "applied_to_invoice", invoice.id)


def test_what_is_owed_on_the_balance_is_added(account: Account) -> None:
    customer = account.customer()
    account.v1.customers.balance_transactions.create(customer.id, {"amount": 300, "currency": "usd"})
    sub = account.subscribe(customer.id, account.price(2000))
    assert account.invoices(sub.id)[0].amount_paid == 2300
    assert account.v1.customers.retrieve(customer.id).balance == 0


def test_an_amount_below_the_minimum_is_carried_to_the_next_invoice(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(30))
    (invoice,) = account.invoices(sub.id)
    assert (invoice.status, invoice.total, invoice.amount_due, invoice.ending_balance) == ("paid", 30, 0, 30)
    assert account.v1.customers.retrieve(customer.id).balance == 30
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].amount_paid == 60
    assert account.v1.customers.retrieve(customer.id).balance == 0


def test_currencies_without_decimals_are_counted_in_whole_units(account: Account) -> None:
    sub = account.subscribe(
        account.customer().id, {"price": account.price(1500, currency="jpy").id, "quantity": 2}
    )
    (invoice,) = account.invoices(sub.id)
    assert (invoice.total, invoice.currency) == (3000, "jpy")
    assert invoice.lines.data[0].description == "2 × Pro (at ¥1,500 / month)"


def test_fractions_of_a_cent_are_rounded_on_the_line(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price("33.333").id, "quantity": 7})
    assert account.invoices(sub.id)[0].total == 233


def test_pending_items_of_the_customer_are_on_the_next_invoice(account: Account) -> None:
    customer = account.customer()
    account.v1.invoice_items.create(
        {"customer": customer.id, "amount": 700, "currency": "usd", "description": "Help"}
    )
    sub = account.subscribe(customer.id, account.price(2000))
    assert account.invoices(sub.id)[0].total == 2700
    assert account.v1.invoice_items.list({"customer": customer.id, "pending": True}).data == []


def test_invoices_are_numbered_per_customer(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.advance(32)
    first, second = (invoice.number for invoice in account.invoices(sub.id))
    assert first is not None
    assert second is not None
    assert (first[-5:], second[-5:]) == ("-0001", "-0002")
    assert first[:-4] == second[:-4]


def test_voiding_undoes_what_the_balance_did(account: Account) -> None:
    customer = account.customer(balance=-500).id
    account.v1.invoice_items.create({"customer": customer, "amount": 2000, "currency": "usd"})
    draft = account.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    invoice = account.v1.invoices.finalize_invoice(draft.id)
    assert (invoice.amount_due, account.v1.customers.retrieve(customer).balance) == (1500, 0)
    account.v1.invoices.void_invoice(invoice.id)
    assert account.v1.customers.retrieve(customer).balance == -500
    last = account.v1.customers.balance_transactions.list(customer).data[0]
    assert (last.type, last.amount, last.invoice) == ("unapplied_from_invoice", -500, invoice.id)
