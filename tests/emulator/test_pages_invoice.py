"""The hosted page of an invoice: what it says, how it is paid, and its PDF."""

from __future__ import annotations

import pytest
from stripe import Invoice

from tests.emulator.account import Account
from tests.emulator.site import Visitor


@pytest.fixture
def unpaid(account: Account) -> Invoice:
    """An open invoice over $20.00, whose card was declined."""
    customer = account.customer("pm_card_chargeCustomerFail", name="Ada Ltd")
    subscription = account.subscribe(customer.id, account.price())
    return account.invoices(subscription.id)[0]


def page_of(invoice: Invoice) -> str:
    """The address of an invoice's page."""
    assert invoice.hosted_invoice_url is not None
    return invoice.hosted_invoice_url


def test_it_shows_the_lines_and_what_is_due(visitor: Visitor, unpaid: Invoice) -> None:
    page = visitor.open(page_of(unpaid)).text
    assert "$20.00 due" in page
    assert "1 × Pro (at $20.00 / month)" in page
    assert "Ada Ltd" in page


def test_it_names_discount_and_tax(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "once", "name": "Half"})
    customer = account.customer(address={"country": "DE"})
    subscription = account.subscribe(
        customer.id, account.price(), automatic_tax={"enabled": True}, discounts=[{"coupon": coupon.id}]
    )
    page = visitor.open(page_of(account.invoices(subscription.id)[0])).text
    assert "Discount (Half)" in page
    assert "-$10.00" in page
    assert "VAT 19%" in page
    assert "$11.90 paid" in page


def test_it_shows_what_the_merchant_adds_and_what_was_credited(account: Account, visitor: Visitor) -> None:
    customer = account.customer(None)
    draft = account.v1.invoices.create(
        {
            "customer": customer.id,
            "collection_method": "send_invoice",
            "days_until_due": 14,
            "description": "Thank you for your patience.",
            "footer": "Registered in Springfield.",
            "custom_fields": [{"name": "Order", "value": "PO-7"}],
        }
    )
    account.v1.invoice_items.create({"customer": customer.id, "invoice": draft.id, "amount": 5000})
    invoice = account.v1.invoices.finalize_invoice(draft.id)
    account.v1.credit_notes.create({"invoice": invoice.id, "amount": 1000})
    account.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    page = visitor.open(page_of(invoice)).text
    pdf = visitor.open(str(invoice.invoice_pdf)).data.decode("latin-1")
    for said in (
        "Thank you for your patience.",
        "Registered in Springfield.",
        "PO-7",
        "Credit note",
        "Date paid",
    ):
        assert said in page
        assert said in pdf
    assert "Account balance" not in page


def test_paying_with_a_good_card_settles_it(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    visitor.open(page_of(unpaid))
    visitor.submit("Pay $20.00", card="visa")
    assert "$20.00 paid" in visitor.page.text
    assert "Pay $20.00" not in visitor.buttons()
    assert account.v1.invoices.retrieve(unpaid.id).status == "paid"


def test_a_saved_card_can_pay(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    saved = account.use_card(str(unpaid.customer), "pm_card_visa")
    visitor.open(page_of(unpaid))
    visitor.submit("Pay $20.00", card=saved)
    assert account.v1.invoices.retrieve(unpaid.id).status == "paid"


def test_somebody_elses_saved_card_cannot_pay(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    other = account.customer()
    (theirs,) = account.v1.payment_methods.list({"customer": other.id}).data
    visitor.open(page_of(unpaid))
    assert visitor.submit("Pay $20.00", card=theirs.id).status_code == 422
    assert account.v1.invoices.retrieve(unpaid.id).status == "open"


def test_a_declined_card_is_told_and_recorded(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    visitor.open(page_of(unpaid))
    account.news()
    answer = visitor.submit("Pay $20.00", card="chargeDeclinedInsufficientFunds")
    assert answer.status_code == 422
    assert "Your card has insufficient funds." in answer.text
    assert "invoice.payment_failed" in account.news()


def test_3d_secure_can_be_failed_and_tried_again(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    visitor.open(page_of(unpaid))
    visitor.submit("Pay $20.00", card="threeDSecureOnSetup")
    assert visitor.submit("Fail authentication").status_code == 422
    visitor.submit("Pay $20.00", card="threeDSecureOnSetup")
    visitor.submit("Complete authentication")
    assert "$20.00 paid" in visitor.page.text


def test_a_paid_invoice_is_not_paid_again(account: Account, visitor: Visitor, unpaid: Invoice) -> None:
    address = page_of(unpaid)
    visitor.post(address, card="visa")
    account.news()
    visitor.post(address, card="visa")
    assert account.news() == []


def test_an_invoice_is_found_by_its_secret_only(visitor: Visitor, unpaid: Invoice) -> None:
    assert visitor.open(f"/i/{unpaid.id}_guess").status_code == 404
    assert visitor.open(f"/i/{unpaid.id}").status_code == 404


def test_the_pdf_says_the_same_and_is_marked_as_a_test(visitor: Visitor, unpaid: Invoice) -> None:
    assert unpaid.invoice_pdf is not None
    answer = visitor.open(unpaid.invoice_pdf)
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    for words in (f"({unpaid.number})", "($20.00 due)", "(Ada Ltd)", "(TEST)"):
        assert words.encode() in answer.data


def test_a_long_invoice_has_more_than_one_page(account: Account, visitor: Visitor) -> None:
    customer = account.customer(name="Łódź & Co")
    invoice = account.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "exclude"}
    )
    for number in range(60):
        account.v1.invoice_items.create(
            {
                "customer": customer.id,
                "invoice": invoice.id,
                "amount": 100,
                "currency": "usd",
                "description": f"Line {number}",
            }
        )
    sealed = account.v1.invoices.finalize_invoice(str(invoice.id))
    answer = visitor.open(str(sealed.invoice_pdf))
    assert b"(Page 2)" in answer.data
    assert b"(Line 59)" in answer.data
