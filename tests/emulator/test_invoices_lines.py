"""The lines of a draft: added, changed and taken off, with the invoice items they stand for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


@pytest.fixture
def draft(account: Account) -> stripe.Invoice:
    """A draft with one line of 1000."""
    customer = account.customer().id
    made = account.v1.invoices.create({"customer": customer})
    account.v1.invoice_items.create(
        {"customer": customer, "invoice": made.id, "amount": 1000, "currency": "usd"}
    )
    account.news()
    return account.v1.invoices.retrieve(made.id)


def test_lines_can_be_added_to_a_draft(account: Account, draft: stripe.Invoice) -> None:
    price = account.v1.prices.create({"product": account.product, "currency": "usd", "unit_amount": 250}).id
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False}).id
    account.news()
    lines: Any = [
        {"pricing": {"price": price}, "quantity": 4, "tax_rates": [rate]},
        {"amount": -300, "description": "Goodwill", "metadata": {"reason": "outage"}},
    ]
    after = account.v1.invoices.add_lines(draft.id, {"lines": lines, "invoice_metadata": {"order": "7"}})
    assert [(line.amount, line.description) for line in after.lines.data] == [
        (1000, None),
        (1000, "Pro"),
        (-300, "Goodwill"),
    ]
    assert after.metadata is not None
    assert (after.total, after.metadata["order"]) == (1800, "7")
    assert account.news() == ["invoiceitem.created", "invoiceitem.created", "invoice.updated"]
    assert account.last_event("invoice.updated")["data"]["previous_attributes"]["total"] == 1000
    goodwill = account.v1.invoice_items.list({"invoice": draft.id}).data[0]
    assert (goodwill.amount, goodwill.discountable, goodwill.invoice) == (-300, False, draft.id)


def test_a_line_can_bring_its_own_product(account: Account, draft: stripe.Invoice) -> None:
    sold: Any = {"currency": "usd", "unit_amount": 250, "product_data": {"name": "Setup"}}
    after = account.v1.invoices.add_lines(draft.id, {"lines": [{"price_data": sold, "quantity": 2}]})
    assert [(line.amount, line.description) for line in after.lines.data][1:] == [(500, "Setup")]
    del sold["product_data"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.add_lines(draft.id, {"lines": [{"price_data": sold}]})
    assert refused.value.param == "lines[0][price_data][product]"


def test_a_pending_item_can_be_put_on_a_draft(account: Account, draft: stripe.Invoice) -> None:
    assert isinstance(draft.customer, str)
    waiting = account.v1.invoice_items.create({"customer": draft.customer, "amount": 70, "currency": "usd"})
    lines: Any = [{"invoice_item": waiting.id, "description": "Late fee"}]
    after = account.v1.invoices.add_lines(draft.id, {"lines": lines})
    assert (after.total, after.lines.data[-1].description) == (1070, "Late fee")
    item = account.v1.invoice_items.retrieve(waiting.id)
    assert (item.invoice, item.description) == (draft.id, "Late fee")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.add_lines(draft.id, {"lines": lines})
    assert refused.value.param == "lines[0][invoice_item]"


def test_changing_a_line_changes_its_invoice_item(account: Account, draft: stripe.Invoice) -> None:
    (line,) = draft.lines.data
    changed = account.v1.invoices.line_items.update(
        draft.id, line.id, {"amount": 400, "description": "Setup", "period": {"start": START, "end": END}}
    )
    assert (changed.id, changed.amount, changed.period.end) == (line.id, 400, END)
    (item,) = account.v1.invoice_items.list({"invoice": draft.id}).data
    assert (item.amount, item.description, item.period.end) == (400, "Setup", END)
    lines: Any = [{"id": line.id, "quantity": 3}]
    assert account.v1.invoices.update_lines(draft.id, {"lines": lines}).total == 1200


def test_changing_an_invoice_item_changes_its_line(account: Account, draft: stripe.Invoice) -> None:
    (item,) = account.v1.invoice_items.list({"invoice": draft.id}).data
    account.v1.invoice_items.update(item.id, {"unit_amount_decimal": Decimal("12.5"), "quantity": 10})
    after = account.v1.invoices.retrieve(draft.id)
    assert (after.total, after.lines.data[0].quantity) == (125, 10)
    assert account.news() == ["invoice.updated"]


def test_lines_can_be_taken_off_a_draft(account: Account, draft: stripe.Invoice) -> None:
    lines: Any = [{"amount": 20}, {"amount": 3}]
    before = account.v1.invoices.add_lines(draft.id, {"lines": lines})
    account.news()
    removed: Any = [
        {"id": before.lines.data[0].id, "behavior": "delete"},
        {"id": before.lines.data[1].id, "behavior": "unassign"},
    ]
    after = account.v1.invoices.remove_lines(draft.id, {"lines": removed})
    assert (after.total, [line.amount for line in after.lines.data]) == (3, [3])
    waiting = account.v1.invoice_items.list({"customer": str(draft.customer), "pending": True}).data
    assert [item.amount for item in waiting] == [20]
    assert account.news() == ["invoiceitem.deleted", "invoice.updated"]


@pytest.mark.parametrize(
    ("call", "line", "param"),
    [
        ("add_lines", {"description": "Nothing"}, "lines[0][amount]"),
        ("add_lines", {"amount": 1, "pricing": {"price": "price_none"}}, "lines[0][amount]"),
        ("add_lines", {"amount": 1, "quantity": -1}, "lines[0][quantity]"),
        ("add_lines", {"amount": 1, "colour": "red"}, "lines[0][colour]"),
        ("add_lines", {"amount": 1, "period": {"start": END, "end": START}}, "lines[0][period][end]"),
        ("add_lines", {"amount": 1, "tax_rates": ["txr_none"]}, "lines[0][tax_rates][0]"),
        ("add_lines", {"amount": 1, "discounts": [{"coupon": "none"}]}, "lines[0][discounts][0][coupon]"),
        ("add_lines", {"pricing": {"price": "price_none"}}, "lines[0][pricing][price]"),
        ("add_lines", {"invoice_item": "ii_none"}, "lines[0][invoice_item]"),
        ("update_lines", {"amount": 1}, "lines[0][id]"),
        ("update_lines", {"id": "il_none", "amount": 1}, "lines[0][id]"),
        ("remove_lines", {"id": "il_none", "behavior": "delete"}, "lines[0][id]"),
        ("remove_lines", {"id": "LINE", "behavior": "burn"}, "lines[0][behavior]"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_parameters_name_and_leaves_nothing(
    account: Account, draft: stripe.Invoice, call: str, line: dict[str, Any], param: str
) -> None:
    sent = {**line, **({"id": draft.lines.data[0].id} if line.get("id") == "LINE" else {})}
    account.news()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(account.v1.invoices, call)(draft.id, {"lines": [sent]})
    assert refused.value.param == param
    assert (account.v1.invoices.retrieve(draft.id).total, account.news()) == (1000, [])


@pytest.mark.parametrize("call", ["add_lines", "update_lines", "remove_lines", "line"])
def test_the_lines_of_a_finalized_invoice_stay(account: Account, draft: stripe.Invoice, call: str) -> None:
    account.v1.invoices.finalize_invoice(draft.id)
    line = draft.lines.data[0].id
    lines: Any = {"lines": [{"id": line, "behavior": "delete"} if call == "remove_lines" else {"id": line}]}
    act = {
        "add_lines": lambda: account.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 1}]}),
        "update_lines": lambda: account.v1.invoices.update_lines(draft.id, lines),
        "remove_lines": lambda: account.v1.invoices.remove_lines(draft.id, lines),
        "line": lambda: account.v1.invoices.line_items.update(draft.id, line, {"amount": 1}),
    }[call]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        act()  # type: ignore[no-untyped-call]
    assert refused.value.code == "invoice_not_editable"


def test_an_item_of_another_customer_or_currency_does_not_go_on_a_draft(
    account: Account, draft: stripe.Invoice
) -> None:
    for customer, currency in ((account.customer().id, "usd"), (str(draft.customer), "eur")):
        sent: Any = {"customer": customer, "invoice": draft.id, "amount": 1, "currency": currency}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            account.v1.invoice_items.create(sent)
        assert refused.value.param == "invoice"
        assert account.v1.invoice_items.list({"customer": customer, "pending": True}).data == []


def test_what_a_renewals_line_was_changed_to_is_charged_and_credited(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(2800), account.metered())
    account.use(customer.id, 50)
    account.advance_to(END)
    renewal = account.invoices(sub.id)[-1]
    usage, base = renewal.lines.data
    lines: Any = [{"id": base.id, "amount": 1400}, {"id": usage.id, "quantity": 20}]
    assert account.v1.invoices.update_lines(renewal.id, {"lines": lines}).total == 1420
    account.advance_to(END + 14 * DAY)
    assert account.v1.invoices.retrieve(renewal.id).total == 1420
    account.v1.subscriptions.cancel(sub.id, {"prorate": True, "invoice_now": True})
    assert account.invoices(sub.id)[-1].total == -700
