"""Credit notes: what they take back line by line, with its discounts and taxes, and what voiding them undoes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import stripe

from tests.emulator.account import Account


@pytest.fixture
def paid(account: Account) -> stripe.Invoice:
    """A paid invoice of 4 x 20 dollars, less 10 %, with 19 % inside."""
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": True})
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    sub = account.subscribe(
        account.customer().id,
        {"price": account.price(2000).id, "quantity": 4},
        default_tax_rates=[rate.id],
        discounts=[{"coupon": coupon.id}],
    )
    account.news()
    return account.invoices(sub.id)[0]


def open_invoice(account: Account) -> stripe.Invoice:
    """A finalized invoice of 40 dollars that nobody has paid."""
    customer = account.customer().id
    account.v1.invoice_items.create({"customer": customer, "amount": 4000, "currency": "usd"})
    invoice = account.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    return account.v1.invoices.finalize_invoice(invoice.id)


def test_a_quarter_of_a_line_takes_a_quarter_of_its_discount_and_tax(
    account: Account, paid: stripe.Invoice
) -> None:
    line: Any = {"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, "quantity": 1}
    note = account.v1.credit_notes.create({"invoice": paid.id, "lines": [line], "credit_amount": 1800})
    assert (note.subtotal, note.discount_amount, note.total) == (2000, 200, 1800)
    assert [part.amount for part in note.discount_amounts] == [200]
    assert note.total_taxes is not None
    # A quarter of the 11.50 in 72.00, and of what is left of those.
    assert [(tax.amount, tax.taxable_amount) for tax in note.total_taxes] == [(288, 1513)]
    assert note.total_excluding_tax == note.total - note.total_taxes[0].amount
    assert note.lines.data[0].discount_amounts[0].amount == 200


def test_taxes_of_several_lines_are_added_up_by_rate(account: Account, paid: stripe.Invoice) -> None:
    customer = str(paid.customer)
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False}).id
    for amount in (1000, 500):
        account.v1.invoice_items.create(
            {"customer": customer, "amount": amount, "currency": "usd", "tax_rates": [rate]}
        )
    made = account.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    invoice = account.v1.invoices.pay(made.id)
    note = account.v1.credit_notes.create({"invoice": invoice.id, "amount": 1800})
    assert note.total_taxes is not None
    assert [(tax.amount, tax.taxable_amount) for tax in note.total_taxes] == [(300, 1500)]
    assert (note.subtotal, note.total_excluding_tax, note.total) == (1500, 1500, 1800)


@pytest.mark.parametrize("name", ["quantity", "amount"])
def test_no_more_of_a_line_can_be_credited_than_there_is(
    account: Account, paid: stripe.Invoice, name: str
) -> None:
    line: Any = {"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, name: 8001}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.credit_notes.create({"invoice": paid.id, "lines": [line]})
    assert refused.value.param == f"lines[0][{name}]"


def test_of_an_invoice_about_nothing_nothing_can_be_credited(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), trial_period_days=5)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.credit_notes.preview({"invoice": account.invoices(sub.id)[0].id, "amount": 100})
    assert refused.value.param == "amount"


@pytest.mark.parametrize("name", ["refund_amount", "credit_amount", "out_of_band_amount"])
def test_of_an_open_invoice_nothing_can_be_given_back(account: Account, name: str) -> None:
    invoice = open_invoice(account)
    sent: Any = {"invoice": invoice.id, "amount": 100, name: 100}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.credit_notes.create(sent)
    assert refused.value.param == name


def test_voiding_asks_for_the_whole_amount_again(account: Account) -> None:
    invoice = open_invoice(account)
    note = account.v1.credit_notes.create({"invoice": invoice.id, "amount": 1500, "email_type": "none"})
    account.news()
    assert account.v1.credit_notes.void_credit_note(note.id).status == "void"
    assert account.news() == ["invoice.updated", "credit_note.voided"]
    told = account.last_event("invoice.updated")["data"]["previous_attributes"]
    assert told == {"amount_due": 2500, "amount_remaining": 2500, "pre_payment_credit_notes_amount": 1500}
    assert account.v1.payment_intents.list({"customer": str(invoice.customer)}).data[0].amount == 4000
    assert account.v1.invoices.pay(invoice.id).amount_paid == 4000


def test_crediting_a_whole_open_invoice_pays_it(account: Account) -> None:
    invoice = open_invoice(account)
    account.v1.credit_notes.create({"invoice": invoice.id, "amount": 4000})
    settled = account.v1.invoices.retrieve(invoice.id)
    assert (settled.status, settled.amount_paid, settled.amount_remaining) == ("paid", 0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_however_an_invoice_is_credited_each_note_adds_up_and_so_do_all(account: Account, seed: int) -> None:
    random, v1 = Random(seed), account.v1
    rates = [
        v1.tax_rates.create({"display_name": "VAT", "percentage": percentage, "inclusive": inclusive}).id
        for percentage, inclusive in ((8.875, False), (20, True))
    ]
    coupon = v1.coupons.create({"percent_off": 33.3}).id
    customer = account.customer().id
    for amount in (1, 333, 12_345):
        taxed = random.sample(rates, random.randint(0, 2))
        v1.invoice_items.create(
            {"customer": customer, "amount": amount, "currency": "usd", "tax_rates": taxed}
        )
    draft = v1.invoices.create(
        {
            "customer": customer,
            "pending_invoice_items_behavior": "include",
            "discounts": [{"coupon": coupon}],
        }
    )
    invoice = v1.invoices.pay(draft.id)
    left = invoice.total
    while left:
        amount = random.randint(1, left)
        note = v1.credit_notes.create({"invoice": invoice.id, "amount": amount})
        taxes = note.total_taxes or []
        on_top = sum(tax.amount for tax in taxes if tax.tax_behavior == "exclusive")
        assert note.total == amount == note.subtotal - note.discount_amount + on_top
        assert note.total_excluding_tax == note.total - sum(tax.amount for tax in taxes)
        assert note.subtotal == sum(line.amount for line in note.lines.data)
        left -= amount
    assert v1.customers.retrieve(customer).balance == -invoice.total
