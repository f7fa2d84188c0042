"""Checkout in payment mode: one payment, by a customer or a guest, with its payment intent and its invoice."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe.checkout import Session

from tests.emulator.account import Account
from tests.emulator.site import Visitor

SUCCESS = "https://shop.example.com/thanks?session={CHECKOUT_SESSION_ID}"
BOOK: Any = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Book"}}


def order(account: Account, **params: Any) -> Session:
    """A session for two books at $15.00 by a guest with an address, unless the parameters say otherwise."""
    sent: Any = {
        "mode": "payment",
        "line_items": [{"price_data": BOOK, "quantity": 2}],
        "success_url": SUCCESS,
        **({} if "customer" in params else {"customer_email": "ada@example.com"}),
        **params,
    }
    made = account.v1.checkout.sessions.create(sent)
    account.news()
    return made


def paid(account: Account, visitor: Visitor, session: Session, card: str = "visa", **typed: Any) -> Session:
    """The session after its page was paid with a card."""
    assert session.url is not None
    visitor.open(session.url)
    answer = visitor.submit("Pay", card=card, **typed)
    assert answer.status_code == 303, answer.text
    return account.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "invoice"]}
    )


def intent_of(session: Session) -> stripe.PaymentIntent:
    assert isinstance(session.payment_intent, stripe.PaymentIntent)
    return session.payment_intent


def test_a_guest_pays_and_stays_a_guest(account: Account, visitor: Visitor) -> None:
    session = order(account)
    assert (session.amount_total, session.payment_status, session.customer_creation) == (
        3000,
        "unpaid",
        "if_required",
    )
    done = paid(account, visitor, session, name="Ada")
    assert account.news() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert (done.status, done.payment_status, done.customer, done.invoice) == ("complete", "paid", None, None)
    assert done.customer_details is not None
    assert (done.customer_details.email, done.customer_details.name) == ("ada@example.com", "Ada")
    intent = intent_of(done)
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 3000, None)
    assert account.v1.customers.list().data == []


def test_what_the_session_says_of_the_payment_reaches_the_intent(account: Account, visitor: Visitor) -> None:
    data: Any = {
        "statement_descriptor_suffix": "",
        "description": "Order 7",
        "metadata": {"order": "7"},
        "receipt_email": "till@example.com",
    }
    intent = intent_of(paid(account, visitor, order(account, payment_intent_data=data)))
    created = account.last_event("payment_intent.created")["data"]["object"]
    for told in (intent.to_dict(), created):
        assert (told["description"], told["metadata"]) == ("Order 7", {"order": "7"})
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.latest_charge.receipt_email, intent.latest_charge.metadata) == (
        "till@example.com",
        intent.metadata,
    )


def test_blank_metadata_is_none(account: Account, visitor: Visitor) -> None:
    session = order(account, payment_intent_data={"metadata": {"order": ""}})
    assert intent_of(paid(account, visitor, session)).metadata is not None


def test_a_customer_is_made_where_the_session_asks_for_one(account: Account, visitor: Visitor) -> None:
    done = paid(account, visitor, order(account, customer_creation="always"), name="Ada")
    assert account.news()[0] == "customer.created"
    (customer,) = account.v1.customers.list().data
    assert (done.customer, intent_of(done).customer) == (customer.id, customer.id)
    assert (customer.email, customer.name) == ("ada@example.com", "Ada")
    assert account.v1.payment_methods.list({"customer": customer.id}).data == []


@pytest.mark.parametrize("usage", ["off_session", "on_session"])
def test_a_card_for_later_payments_is_kept_with_the_customer(
    account: Account, visitor: Visitor, usage: str
) -> None:
    customer = account.customer(None)
    session = order(account, customer=customer.id, payment_intent_data={"setup_future_usage": usage})
    assert intent_of(paid(account, visitor, session)).setup_future_usage == usage
    (card,) = account.v1.payment_methods.list({"customer": customer.id}).data
    assert card.allow_redisplay == "limited"
    assert account.news()[:2] == ["payment_method.attached", "payment_intent.created"]


def test_a_declined_card_fails_the_intent_and_the_next_one_pays_it(
    account: Account, visitor: Visitor
) -> None:
    session = order(account)
    assert session.url is not None
    visitor.open(session.url)
    assert visitor.submit("Pay", card="chargeDeclined").status_code == 422
    assert "Your card was declined." in visitor.page.text
    assert account.news() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    (failed,) = account.v1.payment_intents.list().data
    assert (failed.status, failed.amount) == ("requires_payment_method", 3000)
    done = paid(account, visitor, session)
    assert intent_of(done).id == failed.id
    assert account.news() == ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def test_3d_secure_waits_in_the_intent_until_it_is_answered(account: Account, visitor: Visitor) -> None:
    session = order(account)
    assert session.url is not None
    visitor.open(session.url)
    visitor.submit("Pay", card="threeDSecureRequired")
    assert account.news() == ["payment_intent.created", "payment_intent.requires_action"]
    (intent,) = account.v1.payment_intents.list().data
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    visitor.open(intent.next_action.redirect_to_url.url or "")
    assert visitor.submit("Fail authentication").status_code == 422
    assert account.news() == ["payment_intent.payment_failed"]
    visitor.submit("Pay", card="threeDSecureRequired")
    visitor.submit("Complete authentication")
    assert intent_of(
        account.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    ).id == (intent.id)
    assert account.news()[-2:] == ["payment_intent.succeeded", "checkout.session.completed"]


def test_what_is_only_authorized_is_unpaid_until_it_is_captured(account: Account, visitor: Visitor) -> None:
    done = paid(account, visitor, order(account, payment_intent_data={"capture_method": "manual"}))
    assert (done.status, done.payment_status, intent_of(done).status) == (
        "complete",
        "unpaid",
        "requires_capture",
    )
    assert account.news()[-2:] == ["payment_intent.amount_capturable_updated", "checkout.session.completed"]
    account.v1.payment_intents.capture(intent_of(done).id)
    assert account.v1.checkout.sessions.retrieve(done.id).payment_status == "paid"


def test_expiring_a_session_cancels_the_payment_it_began(account: Account, visitor: Visitor) -> None:
    session = order(account)
    visitor.open(session.url or "")
    visitor.submit("Pay", card="chargeDeclined")
    (intent,) = account.v1.payment_intents.list().data
    with pytest.raises(stripe.InvalidRequestError, match="expire the Checkout Session"):
        account.v1.payment_intents.cancel(intent.id)
    account.news()
    account.v1.checkout.sessions.expire(session.id)
    assert account.news() == ["payment_intent.canceled", "checkout.session.expired"]
    assert account.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_an_invoice_is_made_after_the_payment(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "once"})
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    customer = account.customer(None, balance=-700)
    invoicing: Any = {"enabled": True, "invoice_data": {"footer": "Thanks", "metadata": {"order": "7"}}}
    session = order(
        account,
        customer=customer.id,
        discounts=[{"coupon": coupon.id}],
        invoice_creation=invoicing,
        line_items=[{"price_data": BOOK, "quantity": 2, "tax_rates": [rate.id]}],
    )
    assert session.amount_total == 3213
    done = paid(account, visitor, session)
    assert account.news() == [
        "customer.discount.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoiceitem.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice_payment.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    assert isinstance(done.invoice, stripe.Invoice)
    assert (done.invoice.status, done.invoice.total, done.invoice.amount_paid) == ("paid", 3213, 3213)
    assert done.invoice.metadata is not None
    assert (done.invoice.footer, done.invoice.metadata["order"]) == ("Thanks", "7")
    assert account.v1.customers.retrieve(customer.id).balance == -700
    assert account.v1.coupons.retrieve(coupon.id).times_redeemed == 1
    (payment,) = account.v1.invoice_payments.list({"invoice": done.invoice.id}).data
    assert payment.payment.payment_intent == intent_of(done).id


def test_an_invoice_makes_a_guest_a_customer(account: Account, visitor: Visitor) -> None:
    done = paid(account, visitor, order(account, invoice_creation={"enabled": True}))
    assert isinstance(done.invoice, stripe.Invoice)
    assert done.invoice.customer == done.customer is not None


def test_tax_follows_the_address_typed_and_is_on_the_invoice(account: Account, visitor: Visitor) -> None:
    session = order(account, automatic_tax={"enabled": True}, invoice_creation={"enabled": True})
    visitor.open(session.url or "")
    address = {"line1": "Weg 1", "country": "DE"}
    assert visitor.submit("Pay", **address).status_code == 422
    assert "$35.70" in visitor.page.text
    visitor.submit("Pay", **address)
    done = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert isinstance(done.invoice, stripe.Invoice)
    assert (done.amount_total, done.invoice.total) == (3570, 3570)


def test_what_is_free_needs_no_card_and_makes_a_customer(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 100, "duration": "once"})
    account.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "GIFT"})
    session = order(account, allow_promotion_codes=True)
    visitor.open(session.url or "")
    visitor.submit("Apply", code="gift")
    assert "No payment method is needed." in visitor.page.text
    visitor.submit("Complete order")
    done = account.v1.checkout.sessions.retrieve(session.id)
    assert (done.payment_status, done.payment_intent) == ("no_payment_required", None)
    assert done.customer is not None


def test_a_code_can_have_a_least_order_and_be_for_first_time_customers(
    account: Account, visitor: Visitor
) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "once"})
    rules: dict[str, Any] = {
        "LARGE": {"minimum_amount": 5000, "minimum_amount_currency": "usd"},
        "FIRST": {"first_time_transaction": True},
    }
    for code, restrictions in rules.items():
        promotion: Any = {"type": "coupon", "coupon": coupon.id}
        account.v1.promotion_codes.create(
            {"promotion": promotion, "code": code, "restrictions": restrictions}
        )
    visitor.open(order(account, allow_promotion_codes=True).url or "")
    assert "an order of at least $50.00" in visitor.submit("Apply", code="LARGE").text
    assert "for first-time customers" in visitor.submit("Apply", code="FIRST").text


def test_an_amount_off_in_another_currency_is_refused(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"amount_off": 500, "currency": "eur", "duration": "once"})
    account.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "EURO"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        order(account, discounts=[{"coupon": coupon.id}])
    assert refused.value.param == "discounts[0]"
    visitor.open(order(account, allow_promotion_codes=True).url or "")
    assert "takes an amount off in eur" in visitor.submit("Apply", code="EURO").text


def test_the_merchant_words_the_button(account: Account, visitor: Visitor) -> None:
    visitor.open(order(account, submit_type="donate").url or "")
    assert "Donate" in visitor.buttons()


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"line_items": [{"price_data": {**BOOK, "unit_amount": 4}, "quantity": 9}]}, "line_items", "amount_too_small"),
        (
            {"line_items": [{"price_data": {**BOOK, "recurring": {"interval": "month"}}, "quantity": 1}]},
            "line_items[0][price]",
            None,
        ),
        ({"line_items": []}, "line_items", "parameter_missing"),
        ({"subscription_data": {"description": "x"}}, "subscription_data", None),
        ({"payment_method_collection": "if_required"}, "payment_method_collection", None),
        (
            {"payment_intent_data": {"capture_method": "manual"}, "invoice_creation": {"enabled": True}},
            "invoice_creation",
            None,
        ),
        ({"payment_intent_data": {"on_behalf_of": "acct_1"}}, "payment_intent_data[on_behalf_of]", None),
        ({"payment_intent_data": {"metadata": {"a" * 41: "x"}}}, f"metadata[{'a' * 41}]", None),
        (
            {"invoice_creation": {"enabled": True, "invoice_data": {"account_tax_ids": ["txi_1"]}}},
            "invoice_creation[invoice_data][account_tax_ids]",
            None,
        ),
        ({"mode": "subscription", "invoice_creation": {"enabled": True}}, "invoice_creation", None),
        ({"mode": "subscription", "customer_creation": "always"}, "customer_creation", None),
        ({"submit_type": "give"}, "submit_type", None),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        (
            {"payment_intent_data": {"receipt_email": "nobody"}},
            "payment_intent_data[receipt_email]",
            "email_invalid",
        ),
    ],
)  # fmt: skip
def test_what_payment_mode_refuses(
    account: Account, changes: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        order(account, **changes)
    assert (refused.value.param, refused.value.code) == (param, code)
    assert account.v1.checkout.sessions.list().data == []
