"""Completing Checkout: what the payer's card makes of a session."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from portal.emulator.billing.bank import Verdict
from portal.emulator.billing.checkout_completion import complete_checkout
from portal.emulator.billing.checkout_payer import Payer
from portal.emulator.cards import named
from portal.emulator.resources.payment_methods import make_card_method
from portal.emulator.wire.errors import StripeError
from tests.emulator.account import DAY, START, Account

URL = "https://portal.example.com/back?session={CHECKOUT_SESSION_ID}"


def session_for(
    account: Account, customer: str | None, price: str, quantity: int | None = 2, **params: Any
) -> str:
    line: Any = {"price": price, **({"quantity": quantity} if quantity else {})}
    sent: Any = {"mode": "subscription", "success_url": URL, "line_items": [line], **params}
    if customer is not None:
        sent["customer"] = customer
    made = account.v1.checkout.sessions.create(sent).id
    account.news()
    return made


def pay(account: Account, session: str, card: str = "visa", **more: Any) -> Verdict:
    with account.emulator.store.transaction() as tx:
        return complete_checkout(tx, session, make_card_method(tx, named(card)), **more)


def test_paying_makes_an_active_subscription_and_completes_the_session(account: Account) -> None:
    customer = account.customer(None)
    session_id = session_for(
        account, customer.id, account.price().id, subscription_data={"metadata": {"tenant": "7"}}
    )
    assert pay(account, session_id).status == "succeeded"
    session = account.v1.checkout.sessions.retrieve(session_id, {"expand": ["subscription", "invoice"]})
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert isinstance(session.subscription, stripe.Subscription)
    assert (session.subscription.status, session.subscription.metadata["tenant"]) == ("active", "7")
    assert session.subscription.default_payment_method is not None
    assert isinstance(session.invoice, stripe.Invoice)
    assert (session.invoice.status, session.invoice.amount_paid) == ("paid", 4000)
    assert len(account.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_the_events_of_checkout_come_in_stripes_order(account: Account) -> None:
    session = session_for(account, account.customer(None).id, account.price().id)
    pay(account, session)
    assert account.news() == [
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.created",
        "invoice.finalized",
        "customer.subscription.created",
        "invoice.updated",
        "invoice.paid",
        "invoice_payment.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
    ]
    created = account.last_event("customer.subscription.created")["data"]["object"]
    assert created["status"] == "active"
    assert account.last_event("invoice.created")["data"]["object"]["status"] == "draft"


@pytest.mark.parametrize("card", ["chargeDeclined", "chargeDeclinedInsufficientFunds", "chargeCustomerFail"])
def test_a_declined_card_leaves_nothing_and_the_session_open(account: Account, card: str) -> None:
    customer = account.customer(None)
    session = session_for(account, customer.id, account.price().id)
    verdict = pay(account, session, card)
    assert (verdict.status, verdict.code) == ("declined", "card_declined")
    assert account.v1.checkout.sessions.retrieve(session).status == "open"
    assert account.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    assert account.news() == []
    assert pay(account, session).status == "succeeded"


def test_paying_twice_pays_once(account: Account) -> None:
    customer = account.customer(None)
    session = session_for(account, customer.id, account.price().id)
    assert [pay(account, session).status, pay(account, session).status] == ["succeeded", "succeeded"]
    assert len(account.v1.subscriptions.list({"customer": customer.id}).data) == 1
    assert len(account.v1.charges.list({"customer": customer.id}).data) == 1


def test_3d_secure_is_asked_for_before_anything_is_made(account: Account) -> None:
    customer = account.customer(None)
    session = session_for(account, customer.id, account.price().id)
    assert pay(account, session, "threeDSecureOnSetup").status == "requires_action"
    assert account.news() == []
    assert pay(account, session, "threeDSecureOnSetup", authenticated=False).status == "declined"
    assert pay(account, session, "threeDSecureOnSetup", authenticated=True).status == "succeeded"
    account.advance(32)
    (sub,) = account.v1.subscriptions.list({"customer": customer.id}).data
    assert sub.status == "active"
    assert account.invoices(sub.id)[-1].status == "paid"


def test_a_trial_asks_for_a_card_and_charges_nothing(account: Account) -> None:
    customer = account.customer(None)
    session_id = session_for(
        account, customer.id, account.price().id, subscription_data={"trial_period_days": 14}
    )
    assert pay(account, session_id, "chargeCustomerFail").status == "succeeded"
    session = account.v1.checkout.sessions.retrieve(session_id)
    assert session.payment_status == "no_payment_required"
    (sub,) = account.v1.subscriptions.list({"customer": customer.id}).data
    assert (sub.status, sub.trial_end) == ("trialing", START + 14 * DAY)


def test_the_end_of_a_trial_and_of_a_coupon_lie_in_the_customers_time(account: Account) -> None:
    soon = START + 3 * DAY
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    promotion: Any = {"type": "coupon", "coupon": coupon.id}
    session_id = session_for(
        account,
        account.customer(None).id,
        account.price().id,
        subscription_data={"trial_end": soon},
        discounts=[{"promotion_code": account.v1.promotion_codes.create({"promotion": promotion}).id}],
    )
    assert pay(account, session_id).status == "succeeded"
    session = account.v1.checkout.sessions.retrieve(session_id, {"expand": ["subscription"]})
    assert getattr(session.subscription, "trial_end", None) == soon


def test_a_trial_can_do_without_a_card_where_the_session_allows_it(account: Account) -> None:
    session = session_for(
        account,
        account.customer(None).id,
        account.price().id,
        payment_method_collection="if_required",
        subscription_data={"trial_period_days": 14},
    )
    with account.emulator.store.transaction() as tx:
        assert complete_checkout(tx, session, None).status == "succeeded"


def test_without_a_card_a_session_that_costs_something_is_refused(account: Account) -> None:
    session = session_for(account, account.customer(None).id, account.price().id)
    with (
        account.emulator.store.transaction() as tx,
        pytest.raises(StripeError, match="payment method is required"),
    ):
        complete_checkout(tx, session, None)


def test_a_promotion_code_comes_off_and_is_counted(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 25, "duration": "forever"})
    code = account.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "AUTUMN"}
    )
    session_id = session_for(
        account, account.customer(None).id, account.price().id, discounts=[{"promotion_code": code.id}]
    )
    pay(account, session_id)
    session = account.v1.checkout.sessions.retrieve(session_id, {"expand": ["invoice"]})
    assert isinstance(session.invoice, stripe.Invoice)
    assert session.invoice.total == 3000 == session.amount_total
    assert account.v1.promotion_codes.retrieve(code.id).times_redeemed == 1


def test_a_session_without_a_customer_makes_one(account: Account) -> None:
    session_id = session_for(account, None, account.price().id, customer_email="new@example.com")
    pay(account, session_id, payer=Payer(name="Neo"))
    session = account.v1.checkout.sessions.retrieve(session_id, {"expand": ["customer"]})
    assert isinstance(session.customer, stripe.Customer)
    assert (session.customer.email, session.customer.name) == ("new@example.com", "Neo")


def test_the_address_is_kept_where_the_session_says_so(account: Account) -> None:
    customer = account.customer(None)
    address = {
        "country": "DE",
        "city": "Berlin",
        "line1": "Weg 1",
        "line2": None,
        "postal_code": "1",
        "state": None,
    }
    session = session_for(
        account,
        customer.id,
        account.price().id,
        customer_update={"address": "auto"},
        automatic_tax={"enabled": True},
    )
    pay(account, session, payer=Payer(address=address))
    assert account.v1.customers.retrieve(customer.id).address is not None
    (sub,) = account.v1.subscriptions.list({"customer": customer.id}).data
    assert account.invoices(sub.id)[0].total == 4760


def test_setup_mode_saves_a_card_and_nothing_else(account: Account) -> None:
    customer = account.customer(None)
    made = account.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": URL}
    )
    account.news()
    assert pay(account, made.id).status == "succeeded"
    assert account.news() == [
        "setup_intent.created",
        "setup_intent.succeeded",
        "payment_method.attached",
        "checkout.session.completed",
    ]
    session = account.v1.checkout.sessions.retrieve(made.id, {"expand": ["setup_intent"]})
    assert isinstance(session.setup_intent, stripe.SetupIntent)
    assert session.setup_intent.status == "succeeded"
    assert len(account.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_an_expired_session_cannot_be_paid(account: Account) -> None:
    session = session_for(account, account.customer(None).id, account.price().id)
    account.v1.checkout.sessions.expire(session)
    with account.emulator.store.transaction() as tx, pytest.raises(StripeError, match="expired"):
        complete_checkout(tx, session, make_card_method(tx, named("visa")))


def test_a_metered_price_costs_nothing_today(account: Account) -> None:
    customer = account.customer(None)
    session_id = session_for(account, customer.id, account.metered().id, None)
    pay(account, session_id)
    session = account.v1.checkout.sessions.retrieve(session_id)
    assert (session.payment_status, session.amount_total) == ("no_payment_required", 0)
    assert len(account.v1.subscriptions.list({"customer": customer.id, "status": "active"}).data) == 1


@pytest.mark.parametrize(("creation", "made"), [("always", 1), ("if_required", 0)])
def test_setup_mode_makes_a_customer_only_where_asked_to(account: Account, creation: Any, made: int) -> None:
    session_id = account.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer_creation": creation, "success_url": URL}
    ).id
    assert pay(account, session_id, payer=Payer(email="new@example.com")).status == "succeeded"
    session = account.v1.checkout.sessions.retrieve(session_id, {"expand": ["setup_intent.payment_method"]})
    assert session.customer_details is not None
    assert session.customer_details.email == "new@example.com"
    assert len(account.v1.customers.list().data) == made == int(session.customer is not None)
    assert isinstance(session.setup_intent, stripe.SetupIntent)
    assert isinstance(session.setup_intent.payment_method, stripe.PaymentMethod)
    assert session.setup_intent.payment_method.customer == session.customer
