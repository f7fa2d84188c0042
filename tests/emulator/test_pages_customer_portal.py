"""The Customer Portal: what a customer sees and may do, as its configuration allows, and where flows lead."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import Customer, Subscription

from portal.emulator.app import Emulator
from tests.emulator.account import DAY, START, Account
from tests.emulator.conftest import WallClock
from tests.emulator.site import Visitor
from tests.fixtures.emulator import client_of

RETURN = "https://shop.example.com/billing"
EVERYTHING: dict[str, Any] = {
    "customer_update": {"enabled": True, "allowed_updates": ["email", "name", "address", "tax_id"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
    "subscription_pause": {"enabled": True},
}
NOTHING: dict[str, Any] = {"invoice_history": {"enabled": False}}


@pytest.fixture
def customer(account: Account) -> Customer:
    """A customer with a card."""
    return account.customer(name="Ada Ltd")


@pytest.fixture
def subscription(account: Account, customer: Customer) -> Subscription:
    """Their subscription at $20.00 a month, from 10 January 2026."""
    return account.subscribe(customer.id, account.price())


def visit(
    account: Account, visitor: Visitor, customer: str, features: dict[str, Any] = EVERYTHING, **params: Any
) -> str:
    """Open the portal for a customer and return its address."""
    configuration = account.v1.billing_portal.configurations.create({"features": features})  # type: ignore[typeddict-item]
    sent: Any = {"customer": customer, "configuration": configuration.id, "return_url": RETURN, **params}
    url = account.v1.billing_portal.sessions.create(sent).url
    visitor.open(url)
    return url


def test_home_shows_the_subscription_the_card_and_the_invoices(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    visit(account, visitor, customer.id)
    page = visitor.page.text
    assert "$20.00 per month" in page
    assert "Your next invoice, on 10 February 2026, is $20.00." in page
    assert "Visa ending 4242" in page
    (invoice,) = account.invoices(subscription.id)
    assert invoice.number is not None
    assert invoice.number in page
    assert str(invoice.invoice_pdf) in page
    assert f'href="{RETURN}"' in page


def test_canceling_takes_effect_at_the_periods_end_with_the_reason_given(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/subscriptions/{subscription.id}/cancel")
    assert "10 February 2026" in visitor.page.text
    visitor.submit("Cancel subscription", reason="too_expensive", comment="Next year")
    assert "Your subscription ends on 10 February 2026." in visitor.page.text
    ending = account.subscription(subscription.id)
    assert (ending.cancel_at, ending.cancel_at_period_end) == (START + 31 * DAY, False)
    assert ending.cancellation_details is not None
    assert ending.cancellation_details.feedback == "too_expensive"
    assert ending.cancellation_details.comment == "Next year"


def test_a_cancellation_can_be_taken_back(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    account.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    visit(account, visitor, customer.id)
    visitor.submit("Don’t cancel")
    assert account.subscription(subscription.id).cancel_at is None


def test_canceling_at_once_ends_the_subscription_now(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    features = {**EVERYTHING, "subscription_cancel": {"enabled": True, "mode": "immediately"}}
    address = visit(account, visitor, customer.id, features)
    visitor.open(f"{address}/subscriptions/{subscription.id}/cancel")
    visitor.submit("Cancel subscription")
    assert account.subscription(subscription.id).status == "canceled"


def test_a_subscription_can_be_paused_and_resumed(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/subscriptions/{subscription.id}/pause")
    visitor.submit("Pause subscription")
    assert account.subscription(subscription.id).status == "paused"
    visitor.submit("Resume subscription")
    assert account.subscription(subscription.id).status == "active"
    assert "Your subscription goes on." in visitor.page.text


def test_a_subscription_stays_paused_while_its_card_is_declined(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    account.v1.subscriptions.pause(subscription.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance(10)
    visitor.open(visit(account, visitor, customer.id))
    visitor.submit("Resume subscription")
    assert account.subscription(subscription.id).status == "paused"
    assert "Your subscription goes on." not in visitor.page.text


def test_a_new_card_can_be_added_and_made_the_default(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    old = account.v1.payment_methods.list({"customer": customer.id}).data[0].id
    account.v1.subscriptions.update(subscription.id, {"default_payment_method": old})
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/cards/add")
    visitor.submit("Add", card="number", number="5555 5555 5555 4444")
    assert "The card was added." in visitor.page.text
    visitor.submit("Make default Mastercard ending 4444")
    known = account.v1.customers.retrieve(customer.id)
    assert known.invoice_settings is not None
    default = known.invoice_settings.default_payment_method
    assert default != old
    assert account.subscription(subscription.id).default_payment_method == default


def test_a_card_that_asks_for_3d_secure_is_saved_after_it(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/cards/add")
    visitor.submit("Add", card="threeDSecureOnSetup")
    visitor.submit("Complete authentication")
    assert "Visa ending 3155" in visitor.page.text


def test_a_card_the_bank_refuses_is_not_saved(account: Account, visitor: Visitor, customer: Customer) -> None:
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/cards/add")
    answer = visitor.submit("Add", card="chargeDeclined")
    assert answer.status_code == 422
    assert "Your card was declined." in answer.text
    assert len(account.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_the_card_that_pays_cannot_be_removed(account: Account, visitor: Visitor, customer: Customer) -> None:
    (card,) = account.v1.payment_methods.list({"customer": customer.id}).data
    address = visit(account, visitor, customer.id)
    assert visitor.post(f"{address}/cards/{card.id}/remove").status_code == 409
    assert len(account.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_another_card_can_be_removed(account: Account, visitor: Visitor, customer: Customer) -> None:
    account.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    visit(account, visitor, customer.id)
    visitor.submit("Remove Mastercard ending 4444")
    (left,) = account.v1.payment_methods.list({"customer": customer.id}).data
    assert left.card is not None
    assert left.card.last4 == "4242"


def test_details_are_saved_and_a_wrong_tax_id_is_told(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    address = visit(account, visitor, customer.id)
    visitor.open(f"{address}/details")
    changed = {"name": "Ada Works", "email": "billing@example.com", "line1": "Street 1", "country": "DE"}
    wrong = visitor.submit("Save", **changed, tax_id_type="eu_vat", tax_id="7")
    assert wrong.status_code == 422
    assert account.v1.customers.retrieve(customer.id).name == "Ada Ltd"
    visitor.submit("Save", tax_id="DE123456789")
    saved = account.v1.customers.retrieve(customer.id)
    assert (saved.name, saved.email) == ("Ada Works", "billing@example.com")
    assert "Street 1, Germany" in visitor.page.text
    assert "DE123456789" in visitor.page.text


def test_a_tax_id_can_be_removed(account: Account, visitor: Visitor, customer: Customer) -> None:
    account.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"})
    visit(account, visitor, customer.id)
    visitor.submit("Remove DE123456789")
    assert account.v1.customers.tax_ids.list(customer.id).data == []


@pytest.mark.parametrize(
    "step", ["cards/add", "details", "subscriptions/{sub}/cancel", "subscriptions/{sub}/pause"]
)
def test_what_is_not_enabled_is_refused(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription, step: str
) -> None:
    address = visit(account, visitor, customer.id, NOTHING)
    assert "Cancel subscription" not in visitor.page.text
    assert visitor.post(f"{address}/{step.format(sub=subscription.id)}").status_code == 403


def test_somebody_elses_subscription_is_not_found(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    theirs = account.subscribe(account.customer().id, account.price())
    address = visit(account, visitor, customer.id)
    assert visitor.post(f"{address}/subscriptions/{theirs.id}/cancel").status_code == 404
    assert account.subscription(theirs.id).cancel_at is None


def test_an_update_charges_exactly_what_was_shown(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    dearer = account.price(5000)
    current = subscription["items"].data[0].price.id
    update = {
        "enabled": True,
        "default_allowed_updates": ["price", "quantity"],
        "proration_behavior": "always_invoice",
        "products": [{"product": account.product, "prices": [current, dearer.id]}],
    }
    address = visit(account, visitor, customer.id, {**EVERYTHING, "subscription_update": update})
    account.advance(10)
    visitor.open(f"{address}/subscriptions/{subscription.id}/update")
    visitor.open(f"{address}/subscriptions/{subscription.id}/confirm?price={dearer.id}&quantity=3")
    shown = visitor.page.text.split("Due today</dt><dd>")[1].split("</dd>")[0]
    visitor.submit("Confirm")
    invoice = account.invoices(subscription.id)[-1]
    assert f"${invoice.amount_paid // 100}.{invoice.amount_paid % 100:02d}" == shown
    assert account.subscription(subscription.id)["items"].data[0].quantity == 3


def test_an_update_whose_card_is_declined_changes_nothing(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    dearer = account.price(5000)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
        "products": [{"product": account.product, "prices": [dearer.id]}],
    }
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    address = visit(account, visitor, customer.id, {**EVERYTHING, "subscription_update": update})
    answer = visitor.post(f"{address}/subscriptions/{subscription.id}/confirm", price=dearer.id)
    assert answer.status_code == 422
    assert "declined" in answer.text
    assert account.subscription(subscription.id)["items"].data[0].price.unit_amount == 2000


def test_a_flow_goes_straight_to_its_step_and_redirects_afterwards(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    after = {"type": "redirect", "redirect": {"return_url": "https://shop.example.com/sorry"}}
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": after,
    }
    address = visit(account, visitor, customer.id, flow_data=flow)
    assert "Cancel your subscription" in visitor.page.text
    answer = visitor.submit("Cancel subscription")
    assert answer.headers["Location"] == "https://shop.example.com/sorry"
    assert "<h1>Billing</h1>" in visitor.open(address).text


def test_a_flow_can_end_in_a_confirmation(account: Account, visitor: Visitor, customer: Customer) -> None:
    after = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Thank you, Ada."}}
    flow = {"type": "payment_method_update", "after_completion": after}
    visit(account, visitor, customer.id, flow_data=flow)
    visitor.submit("Add", card="number", number="5555555555554444")
    assert "Thank you, Ada." in visitor.page.text
    known = account.v1.customers.retrieve(
        customer.id, {"expand": ["invoice_settings.default_payment_method"]}
    )
    assert "4444" in str(known.invoice_settings)


def test_who_is_about_to_cancel_can_be_offered_a_coupon(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "once"})
    retention = {"type": "coupon_offer", "coupon_offer": {"coupon": coupon.id}}
    step = {"subscription": subscription.id, "retention": retention}
    visit(
        account, visitor, customer.id, flow_data={"type": "subscription_cancel", "subscription_cancel": step}
    )
    visitor.submit("Accept the offer")
    stayed = account.subscription(subscription.id)
    assert stayed.cancel_at is None
    assert len(stayed.discounts) == 1


def test_a_flow_can_ask_to_confirm_one_update(
    account: Account, visitor: Visitor, customer: Customer, subscription: Subscription
) -> None:
    item = subscription["items"].data[0]
    update = {
        "enabled": True,
        "default_allowed_updates": ["quantity"],
        "proration_behavior": "create_prorations",
        "products": [{"product": account.product, "prices": [item.price.id]}],
    }
    step = {"subscription": subscription.id, "items": [{"id": item.id, "quantity": 4}]}
    flow = {"type": "subscription_update_confirm", "subscription_update_confirm": step}
    visit(account, visitor, customer.id, {**EVERYTHING, "subscription_update": update}, flow_data=flow)
    assert "On your invoice of 10 February 2026" in visitor.page.text
    visitor.submit("Confirm")
    assert account.subscription(subscription.id)["items"].data[0].quantity == 4


def test_the_address_works_for_an_hour() -> None:
    clock = WallClock()
    emulator = Emulator(wall_clock=clock)
    account, visitor = Account(emulator, client_of(emulator)), Visitor(emulator)
    address = visit(account, visitor, account.customer().id)
    clock.now += 3600
    assert visitor.open(address).status_code == 410
    assert f'href="{RETURN}"' in visitor.page.text


def test_an_expired_address_works_again_after_signing_in_where_the_merchant_lets_it() -> None:
    clock = WallClock()
    emulator = Emulator(wall_clock=clock)
    account, visitor = Account(emulator, client_of(emulator)), Visitor(emulator)
    until = int(clock.now) + 7 * DAY
    after: Any = {"type": "customer_login", "customer_login": {"expires_at": until}}
    address = visit(account, visitor, account.customer().id, after_expiration=after)
    clock.now += 3601
    assert "Sign in again" in visitor.open(address).text
    visitor.open(f"{address}/login")
    assert visitor.submit("Continue", email="eve@example.com").status_code == 422
    assert "Current subscription" in visitor.submit("Continue", email="Ada@example.com").text
    clock.now = until
    assert visitor.open(f"{address}/login").status_code == 404
    assert "Sign in again" not in visitor.open(address).text


def test_a_shipping_address_is_saved_where_it_may_be(
    account: Account, visitor: Visitor, customer: Customer
) -> None:
    features = {"customer_update": {"enabled": True, "allowed_updates": ["shipping"]}}
    address = visit(account, visitor, customer.id, features=features)
    visitor.open(f"{address}/details")
    answer = visitor.submit("Save", shipping_line1="Dock 1")
    assert answer.status_code == 422
    assert "Enter who receives it." in answer.text
    visitor.submit("Save", shipping_name="Ada", shipping_line1="Dock 1", shipping_country="US")
    shipping = account.v1.customers.retrieve(customer.id).shipping
    assert shipping is not None
    assert shipping.address is not None
    assert (shipping.name, shipping.address.line1, shipping.address.country) == ("Ada", "Dock 1", "US")


def test_an_unknown_session_is_not_found(visitor: Visitor) -> None:
    assert visitor.open("/p/session/bps_nothing").status_code == 404


def test_an_unpaid_invoice_is_pointed_out(account: Account, visitor: Visitor) -> None:
    made = account.customer("pm_card_chargeCustomerFail")
    subscription = account.subscribe(made.id, account.price())
    visit(account, visitor, made.id)
    assert "over $20.00 is not paid" in visitor.page.text
    assert "Pause subscription" not in visitor.page.text
    assert str(account.invoices(subscription.id)[0].hosted_invoice_url) in visitor.page.text


def test_a_customer_gets_in_by_the_login_page(account: Account, visitor: Visitor, customer: Customer) -> None:
    sent: Any = {"features": EVERYTHING, "login_page": {"enabled": True}}
    configuration = account.v1.billing_portal.configurations.create(sent)
    visitor.open(str(configuration.login_page.url))
    assert visitor.submit("Continue", email="nobody@example.com").status_code == 422
    visitor.submit("Continue", email=str(customer.email))
    assert "Ada Ltd" in visitor.page.text


def test_a_login_page_that_is_switched_off_is_not_found(account: Account, visitor: Visitor) -> None:
    configuration = account.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    assert visitor.open(f"/p/login/{configuration.id}").status_code == 404
