"""What can be done with an invoice by hand, with its credit notes, charges and refunds."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from portal.emulator.billing.paying import authenticate
from tests.emulator.account import DAY, START, Account


def draft(account: Account, customer: str, amount: int = 4000, **params: Any) -> stripe.Invoice:
    sent: Any = {"customer": customer, "currency": "usd", **params}
    invoice = account.v1.invoices.create(sent)
    account.v1.invoice_items.create(
        {"customer": customer, "invoice": invoice.id, "amount": amount, "currency": "usd"}
    )
    return account.v1.invoices.retrieve(invoice.id)


def test_an_invoice_made_by_hand_goes_from_draft_to_paid(account: Account) -> None:
    invoice = draft(account, account.customer().id)
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("draft", 4000, "manual")
    opened = account.v1.invoices.finalize_invoice(invoice.id)
    assert (opened.status, opened.amount_remaining) == ("open", 4000)
    assert opened.hosted_invoice_url is not None
    assert opened.hosted_invoice_url.startswith("http://127.0.0.1:12111/i/in_")
    paid = account.v1.invoices.pay(invoice.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 4000, 0)
    assert paid.payments is not None
    assert paid.payments.data[0].status == "paid"


def test_a_draft_that_advances_by_itself_is_collected_after_an_hour(account: Account) -> None:
    invoice = draft(account, account.customer().id, auto_advance=True)
    assert invoice.automatically_finalizes_at == START + 3600
    account.advance_to(START + 3600)
    assert account.v1.invoices.retrieve(invoice.id).status == "paid"


def test_paying_with_a_declined_card_says_why_and_leaves_it_open(account: Account) -> None:
    invoice = draft(account, account.customer().id)
    with pytest.raises(stripe.CardError) as refused:
        account.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_chargeCustomerFail"})
    assert refused.value.code == "card_declined"
    after = account.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.attempt_count) == ("open", 1)
    with pytest.raises(stripe.CardError):
        account.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_chargeCustomerFail"})
    assert account.v1.invoices.retrieve(invoice.id).attempt_count == 1
    (charge, _) = account.v1.charges.list({"customer": str(after.customer)}).data
    assert (charge.status, charge.failure_code, charge.paid) == ("failed", "card_declined", False)


def test_paying_with_a_card_that_asks_for_3d_secure_waits_for_the_answer(account: Account) -> None:
    invoice = draft(account, account.customer().id)
    with pytest.raises(stripe.CardError) as refused:
        account.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_threeDSecureRequired"})
    assert refused.value.code == "invoice_payment_intent_requires_action"
    payments = account.v1.invoice_payments.list({"invoice": invoice.id}).data
    intent = account.v1.payment_intents.retrieve(str(payments[0].payment.payment_intent))
    assert intent.next_action is not None
    with account.emulator.store.transaction() as tx:
        found = tx.get("payment_intent", intent.id)
        assert found is not None
        authenticate(tx, found, passed=False)
    failed = account.v1.payment_intents.retrieve(intent.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"


def test_an_invoice_can_be_paid_out_of_band(account: Account) -> None:
    invoice = draft(account, account.customer(None).id)
    paid = account.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid) == ("paid", 4000)
    assert account.v1.charges.list({"customer": str(paid.customer)}).data == []


def test_a_paid_invoice_cannot_be_paid_again(account: Account) -> None:
    invoice = draft(account, account.customer().id)
    account.v1.invoices.pay(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        account.v1.invoices.pay(invoice.id)


def test_an_open_invoice_can_be_voided_and_its_payment_is_cancelled(account: Account) -> None:
    invoice = account.v1.invoices.finalize_invoice(draft(account, account.customer(None).id).id)
    account.news()
    voided = account.v1.invoices.void_invoice(invoice.id)
    assert (voided.status, voided.status_transitions.voided_at) == ("void", START)
    assert account.news() == ["invoice.updated", "invoice.voided", "payment_intent.canceled"]


def test_an_open_invoice_can_be_written_off_and_still_be_paid(account: Account) -> None:
    invoice = account.v1.invoices.finalize_invoice(draft(account, account.customer().id).id)
    assert account.v1.invoices.mark_uncollectible(invoice.id).status == "uncollectible"
    assert account.v1.invoices.pay(invoice.id).status == "paid"


@pytest.mark.parametrize("action", ["void_invoice", "mark_uncollectible"])
def test_a_draft_cannot_be_voided_or_written_off(account: Account, action: str) -> None:
    invoice = draft(account, account.customer().id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(account.v1.invoices, action)(invoice.id)
    assert refused.value.code == "invoice_not_editable"


def test_voiding_the_first_invoice_ends_an_incomplete_subscription(account: Account) -> None:
    sub = account.subscribe(account.customer("pm_card_chargeCustomerFail").id, account.price())
    account.v1.invoices.void_invoice(account.invoices(sub.id)[0].id)
    assert account.subscription(sub.id).status == "incomplete_expired"


def test_a_draft_can_be_deleted_and_its_items_wait_again(account: Account) -> None:
    customer = account.customer()
    invoice = draft(account, customer.id)
    assert account.v1.invoices.delete(invoice.id).deleted is True
    assert [
        item.amount for item in account.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    ] == [4000]
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.invoices.retrieve(invoice.id)


def test_lines_can_be_listed_page_by_page(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), account.price(700), account.price(900))
    lines = account.v1.invoices.line_items.list(account.invoices(sub.id)[0].id, {"limit": 2})
    assert lines.has_more is True
    assert [line.amount for line in lines.auto_paging_iter()] == [2000, 700, 900]


def test_an_item_on_a_draft_can_be_taken_off(account: Account) -> None:
    customer = account.customer()
    invoice = draft(account, customer.id)
    (item,) = account.v1.invoice_items.list({"invoice": invoice.id}).data
    account.v1.invoice_items.delete(item.id)
    assert account.v1.invoices.retrieve(invoice.id).total == 0


def test_a_pending_item_can_be_changed(account: Account) -> None:
    customer = account.customer()
    item = account.v1.invoice_items.create({"customer": customer.id, "amount": 100, "currency": "usd"})
    changed = account.v1.invoice_items.update(item.id, {"amount": 250, "description": "More"})
    assert (changed.amount, changed.description) == (250, "More")
    assert account.v1.invoice_items.retrieve(item.id) == changed


def test_a_credit_note_lowers_what_an_open_invoice_asks_for(account: Account) -> None:
    invoice = account.v1.invoices.finalize_invoice(draft(account, account.customer().id).id)
    note = account.v1.credit_notes.create({"invoice": invoice.id, "amount": 1500, "reason": "order_change"})
    assert (note.total, note.type, note.status) == (1500, "pre_payment", "issued")
    paid = account.v1.invoices.pay(invoice.id)
    assert (paid.amount_paid, paid.pre_payment_credit_notes_amount) == (2500, 1500)


def test_a_credit_note_on_a_paid_invoice_goes_to_the_balance_or_back_to_the_card(account: Account) -> None:
    customer = account.customer()
    invoice = account.v1.invoices.pay(draft(account, customer.id).id)
    preview = account.v1.credit_notes.preview({"invoice": invoice.id, "amount": 1000, "credit_amount": 1000})
    note = account.v1.credit_notes.create({"invoice": invoice.id, "amount": 1000, "credit_amount": 1000})
    assert note.total == preview.total == 1000
    assert account.v1.customers.retrieve(customer.id).balance == -1000
    account.v1.credit_notes.create({"invoice": invoice.id, "amount": 500, "refund_amount": 500})
    (charge,) = account.v1.charges.list({"customer": customer.id}).data
    (refund,) = account.v1.refunds.list({"charge": charge.id}).data
    assert (refund.amount, refund.status) == (500, "succeeded")
    assert account.v1.invoices.retrieve(invoice.id).post_payment_credit_notes_amount == 1500
    account.v1.credit_notes.void_credit_note(note.id)
    assert account.v1.customers.retrieve(customer.id).balance == 0


def test_a_credit_note_for_a_line_takes_its_tax_with_it(account: Account) -> None:
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    sub = account.subscribe(account.customer().id, account.price(2000), default_tax_rates=[rate.id])
    (invoice,) = account.invoices(sub.id)
    line: Any = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 1000}
    note = account.v1.credit_notes.create({"invoice": invoice.id, "lines": [line], "credit_amount": 1200})
    assert (note.subtotal, note.total) == (1000, 1200)
    lines = account.v1.credit_notes.line_items.list(note.id).data
    assert [found.amount for found in lines] == [1000]


@pytest.mark.parametrize("amount", [4001, -5])
def test_more_than_the_invoice_cannot_be_credited(account: Account, amount: int) -> None:
    invoice = account.v1.invoices.pay(draft(account, account.customer().id).id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.credit_notes.create({"invoice": invoice.id, "amount": amount})
    assert refused.value.param == "amount"


def test_a_charge_can_be_refunded_in_parts_up_to_its_amount(account: Account) -> None:
    customer = account.customer()
    account.v1.invoices.pay(draft(account, customer.id).id)
    (charge,) = account.v1.charges.list({"customer": customer.id}).data
    account.v1.refunds.create({"charge": charge.id, "amount": 1000})
    after = account.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded) == (1000, False)
    assert after.refunds is not None
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        account.v1.refunds.create({"charge": charge.id, "amount": 3001})
    account.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert account.v1.charges.retrieve(charge.id).refunded is True
    assert "charge.refunded" in account.news()
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        account.v1.refunds.create({"charge": charge.id, "amount": 1})


def test_a_payment_intent_can_be_made_and_cancelled_by_itself(account: Account) -> None:
    intent = account.v1.payment_intents.create(
        {"amount": 999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    assert (intent.status, intent.amount_received) == ("succeeded", 999)
    waiting = account.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert account.v1.payment_intents.cancel(waiting.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.payment_intents.confirm(waiting.id, {"payment_method": "pm_card_visa"})
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_finalized_invoice_can_only_be_annotated(account: Account) -> None:
    invoice = account.v1.invoices.finalize_invoice(draft(account, account.customer().id).id)
    noted = account.v1.invoices.update(invoice.id, {"metadata": {"a": "1"}})
    assert noted.metadata is not None
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.update(invoice.id, {"due_date": START + DAY})
    assert refused.value.code == "invoice_not_editable"


def test_an_invoice_to_be_sent_is_announced_as_sent(account: Account) -> None:
    invoice = draft(account, account.customer(None).id, collection_method="send_invoice", days_until_due=7)
    account.v1.invoices.send_invoice(invoice.id)
    assert account.v1.invoices.retrieve(invoice.id).due_date == START + 7 * DAY
    assert "invoice.sent" in account.news()


def test_a_charge_and_a_refund_can_be_annotated_afterwards(account: Account) -> None:
    v1 = account.v1
    paid = v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    charge = v1.charges.update(
        str(paid.latest_charge),
        {"description": "Poster", "metadata": {"a": "1"}, "customer": account.customer().id},
    )
    assert charge.description == "Poster"
    assert account.last_event("charge.updated")["data"]["previous_attributes"] == {
        "customer": None,
        "description": None,
        "metadata": {"a": None},
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        v1.charges.update(charge.id, {"customer": account.customer().id})
    assert refused.value.param == "customer"
    refund = v1.refunds.create({"charge": charge.id})
    account.news()
    v1.refunds.update(refund.id, {"metadata": {"why": "broken"}})
    assert account.news() == ["refund.updated", "charge.refund.updated"]


def test_the_lines_of_a_credit_note_can_be_previewed(account: Account) -> None:
    invoice = account.v1.invoices.pay(draft(account, account.customer().id).id)
    found = account.v1.credit_notes.preview_lines.list({"invoice": invoice.id, "amount": 700})
    assert [line.amount for line in found.data] == [700]
    assert account.v1.credit_notes.list({"invoice": invoice.id}).data == []


def test_a_customer_has_no_discount_to_remove(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.customers.delete_discount(account.customer().id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_forgiving_does_not_make_a_card_pay_less(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail").id
    account.v1.invoice_items.create({"customer": customer, "amount": 2000, "currency": "usd"})
    invoice = account.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    with pytest.raises(stripe.CardError):
        account.v1.invoices.pay(invoice.id, {"forgive": True})
    paid = account.v1.invoices.pay(invoice.id, {"forgive": True, "payment_method": "pm_card_visa"})
    assert (paid.status, paid.amount_paid) == ("paid", 2000)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"days_until_due": 3}, "days_until_due"),
        ({"due_date": START + DAY}, "due_date"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"collection_method": "send_invoice", "days_until_due": -1}, "days_until_due"),
        ({"collection_method": "send_invoice", "due_date": START - 1}, "due_date"),
        ({"collection_method": "send_invoice", "due_date": START + DAY, "days_until_due": 1}, "due_date"),
        ({"auto_advance": True, "automatically_finalizes_at": START - 1}, "automatically_finalizes_at"),
        ({"custom_fields": [{"name": str(n), "value": "x"} for n in range(5)]}, "custom_fields"),
        ({"custom_fields": [{"name": "n" * 41, "value": "x"}]}, "custom_fields[0][name]"),
        ({"statement_descriptor": "x" * 23}, "statement_descriptor"),
        ({"number": "TAKEN"}, "number"),
        ({"subscription": "OTHER"}, "subscription"),
        ({"default_tax_rates": ["txr_none"]}, "default_tax_rates[0]"),
    ],
)
def test_terms_that_cannot_be_are_refused(account: Account, params: dict[str, Any], param: str) -> None:
    customer = account.customer().id
    account.v1.invoices.create({"customer": customer, "number": "TAKEN"})
    if "subscription" in params:
        params = {"subscription": account.subscribe(account.customer().id, account.price()).id}
    account.news()
    sent: Any = {"customer": customer, **params}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create(sent)
    assert (refused.value.param, account.news()) == (param, [])


def test_a_draft_that_does_not_advance_by_itself_stays_a_draft(account: Account) -> None:
    draft = account.v1.invoices.create({"customer": account.customer().id, "auto_advance": True})
    stopped = account.v1.invoices.update(draft.id, {"auto_advance": False})
    assert (stopped.auto_advance, stopped.automatically_finalizes_at) == (False, None)
    account.advance(1)
    assert account.v1.invoices.retrieve(draft.id).status == "draft"


def test_an_open_invoice_is_collected_once_it_may_advance_by_itself(account: Account) -> None:
    customer = account.customer().id
    account.v1.invoice_items.create({"customer": customer, "amount": 2000, "currency": "usd"})
    draft = account.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    account.v1.invoices.finalize_invoice(draft.id)
    planned = account.v1.invoices.update(draft.id, {"auto_advance": True})
    assert planned.next_payment_attempt == START + 3600
    account.advance(1)
    assert account.v1.invoices.retrieve(draft.id).status == "paid"


def test_without_a_card_nothing_is_attempted_and_nothing_left_behind(account: Account) -> None:
    invoice = draft(account, account.customer(card=None).id)
    before = account.emulator.store.snapshot()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.pay(invoice.id, options={"idempotency_key": "once"})
    assert (refused.value.http_status, refused.value.code) == (400, "resource_missing")
    assert account.emulator.store.snapshot() == before


def test_who_is_asked_by_hand_is_not_delinquent_who_is_late_is_until_it_is_written_off(
    account: Account,
) -> None:
    customers = account.v1.customers
    asked, late = account.customer("pm_card_chargeCustomerFail").id, account.customer().id
    with pytest.raises(stripe.CardError):
        account.v1.invoices.pay(draft(account, asked).id)
    sent = draft(account, late, collection_method="send_invoice", days_until_due=5)
    account.v1.invoices.finalize_invoice(sent.id)
    account.advance(6)
    assert (customers.retrieve(asked).delinquent, customers.retrieve(late).delinquent) == (False, True)
    account.v1.invoices.mark_uncollectible(sent.id)
    assert customers.retrieve(late).delinquent is False
