"""The figures of any invoice add up: lines, discounts of items and of the whole, taxes of both kinds."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.fixtures.emulator import client_of

COUPON = st.one_of(
    st.builds(lambda percent: {"percent_off": percent}, st.sampled_from([0.5, 10, 33.33, 100])),
    st.builds(lambda amount: {"amount_off": amount, "currency": "usd"}, st.integers(1, 50_000)),
)
ITEM = st.fixed_dictionaries(
    {
        "amount": st.one_of(st.integers(0, 90_000), st.sampled_from(["0.5", "33.333", "0.000000000001"])),
        "quantity": st.integers(0, 60),
        "coupon": st.none() | COUPON,
        "interval": st.sampled_from(["month", "year"]),
    }
)
BILL = st.fixed_dictionaries(
    {
        "items": st.lists(ITEM, min_size=1, max_size=9),
        "coupons": st.lists(COUPON, max_size=2),
        "rates": st.lists(st.tuples(st.sampled_from([7, 8.1, 19, 20.6]), st.booleans()), max_size=2),
        "balance": st.integers(-20_000, 20_000),
    }
)

# Random descriptions are mostly short: a bill with many lines, each with all there is to add up, is always tried.
LONG_BILL: dict[str, Any] = {
    "items": [
        {"amount": 1001 + 97 * number, "quantity": 3, "coupon": {"percent_off": 33.33}, "interval": "month"}
        for number in range(9)
    ],
    "coupons": [{"percent_off": 10}, {"amount_off": 77, "currency": "usd"}],
    "rates": [(8.1, False), (7, True)],
    "balance": -500,
}


def bill(
    items: list[dict[str, Any]],
    coupons: list[dict[str, Any]],
    rates: list[tuple[float, bool]],
    balance: int,
) -> list[stripe.Invoice]:
    """The first invoice of a subscription to such items, and the one a month later if some are billed then."""
    emulator = Emulator()
    account = Account(emulator, client_of(emulator))
    customer = account.customer(balance=balance)

    def discount(coupon: dict[str, Any]) -> dict[str, str]:
        sent: Any = {"duration": "forever", **coupon}
        return {"coupon": account.v1.coupons.create(sent).id}

    entries = [
        {
            "price": account.price(item["amount"], item["interval"]).id,
            "quantity": item["quantity"],
            "discounts": [discount(item["coupon"])] if item["coupon"] else [],
        }
        for item in items
    ]
    tax_rates = [
        account.v1.tax_rates.create({"display_name": "Tax", "percentage": percent, "inclusive": inclusive}).id
        for percent, inclusive in rates
    ]
    sub = account.subscribe(
        customer.id, *entries, discounts=[discount(c) for c in coupons], default_tax_rates=tax_rates
    )
    account.advance(31)
    return account.invoices(sub.id)


def adds_up(invoice: stripe.Invoice) -> bool:
    """Whether every figure of an invoice follows from its lines."""
    lines = invoice.lines.data
    off = sum(part.amount for part in invoice.total_discount_amounts or [])
    taxes = invoice.total_taxes or []
    on_top = sum(tax.amount for tax in taxes if tax.tax_behavior == "exclusive")
    of_lines = [tax for line in lines for tax in line.taxes or []]
    return (
        invoice.subtotal == sum(line.amount for line in lines)
        and off == sum(part.amount for line in lines for part in line.discount_amounts or [])
        and sum(tax.amount for tax in taxes) == sum(tax.amount for tax in of_lines)
        and invoice.total == invoice.subtotal - off + on_top
        and invoice.total_excluding_tax == invoice.total - sum(tax.amount for tax in taxes)
        and 0 <= off <= max(invoice.subtotal, 0)
        and invoice.amount_due == invoice.amount_paid + invoice.amount_remaining
    )


@settings(max_examples=12, deadline=None)
@given(BILL)
@example(LONG_BILL)
def test_an_invoice_adds_up(description: dict[str, Any]) -> None:
    assert all(adds_up(invoice) for invoice in bill(**description))


def test_a_discount_of_the_whole_reaches_every_line() -> None:
    bare: list[dict[str, Any]] = [{**item, "coupon": None} for item in LONG_BILL["items"]]
    invoice = bill(bare, [{"percent_off": 10}], [], 0)[0]
    shares = [line.discount_amounts[0].amount if line.discount_amounts else 0 for line in invoice.lines.data]
    assert len(shares) == 9
    assert all(
        abs(share * 10 - line.amount) < 10 for share, line in zip(shares, invoice.lines.data, strict=True)
    )


@pytest.mark.nightly
@settings(max_examples=1_000, deadline=None)
@given(BILL)
def test_every_invoice_adds_up(description: dict[str, Any]) -> None:
    assert all(adds_up(invoice) for invoice in bill(**description))
