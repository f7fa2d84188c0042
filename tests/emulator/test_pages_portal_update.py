"""Changing and pausing a plan in the Customer Portal as its configuration says: at once or later, with a code."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import Customer, Price

from tests.emulator.account import DAY, START, Account
from tests.emulator.site import Visitor

MONTH = 31 * DAY


@pytest.fixture
def customer(account: Account) -> Customer:
    """A customer with a card."""
    return account.customer()


@pytest.fixture
def small(account: Account) -> Price:
    """A plan at $10.00 a month."""
    return account.price(1000)


@pytest.fixture
def large(account: Account) -> Price:
    """A plan at $30.00 a month."""
    return account.price(3000)


def visit(account: Account, visitor: Visitor, customer: Customer, *prices: Price, **update: Any) -> str:
    """Open the portal in which the customer may change among these prices; return its address."""
    feature: Any = {
        "enabled": True,
        "default_allowed_updates": ["price", "quantity"],
        "products": [{"product": account.product, "prices": [price.id for price in prices]}],
        **update,
    }
    configuration = account.v1.billing_portal.configurations.create(
        {"features": {"subscription_update": feature, "payment_method_update": {"enabled": True}}}
    )
    session = account.v1.billing_portal.sessions.create(
        {
            "customer": customer.id,
            "configuration": configuration.id,
            "return_url": "https://shop.example.com/",
        }
    )
    visitor.open(session.url)
    return session.url


def offering_pauses(account: Account, customer: Customer) -> stripe.billing_portal.Session:
    """A session of the Customer Portal in which the customer may pause."""
    configuration = account.v1.billing_portal.configurations.create(
        {"features": {"subscription_pause": {"enabled": True}}}
    )
    return account.v1.billing_portal.sessions.create(
        {"customer": customer.id, "configuration": configuration.id}
    )


def test_a_cheaper_plan_waits_for_the_periods_end(
    account: Account, visitor: Visitor, customer: Customer, small: Price, large: Price
) -> None:
    sub = account.subscribe(customer.id, large)
    conditions = {"conditions": [{"type": "decreasing_item_amount"}]}
    address = visit(account, visitor, customer, small, large, schedule_at_period_end=conditions)
    visitor.open(f"{address}/subscriptions/{sub.id}/update")
    visitor.submit("Continue", price=small.id)
    assert "Your plan changes on 10 February 2026. Nothing is due today." in visitor.page.text
    visitor.submit("Confirm")
    assert "It changes to Pro on 10 February 2026." in visitor.page.text
    assert "Update subscription" not in visitor.page.text
    account.advance_to(START + MONTH + DAY)
    changed = account.subscription(sub.id)
    assert changed.items.data[0].price.id == small.id
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3000, 1000]


def test_a_change_that_waits_can_be_taken_back(
    account: Account, visitor: Visitor, customer: Customer, small: Price, large: Price
) -> None:
    sub = account.subscribe(customer.id, large)
    conditions = {"conditions": [{"type": "decreasing_item_amount"}]}
    address = visit(account, visitor, customer, small, large, schedule_at_period_end=conditions)
    visitor.post(f"{address}/subscriptions/{sub.id}/confirm", price=small.id, quantity="1")
    visitor.submit("Keep the current plan")
    assert account.subscription(sub.id).schedule is None
    account.advance_to(START + MONTH + DAY)
    assert account.subscription(sub.id).items.data[0].price.id == large.id


def test_a_shorter_interval_can_wait_and_a_dearer_plan_does_not(
    account: Account, visitor: Visitor, customer: Customer, large: Price
) -> None:
    sub = account.subscribe(customer.id, large)
    weekly, dearer = account.price(4000, "week"), account.price(5000)
    conditions = {"conditions": [{"type": "shortening_interval"}]}
    address = visit(account, visitor, customer, large, weekly, dearer, schedule_at_period_end=conditions)
    path = f"{address}/subscriptions/{sub.id}/confirm"
    assert "Your plan changes on" in visitor.open(f"{path}?price={weekly.id}&quantity=1").text
    visitor.post(path, price=dearer.id, quantity="1")
    assert account.subscription(sub.id).items.data[0].price.id == dearer.id


@pytest.mark.parametrize(("behavior", "status"), [("end_trial", "active"), ("continue_trial", "trialing")])
def test_a_change_ends_a_trial_unless_the_merchant_lets_it_go_on(
    account: Account,
    visitor: Visitor,
    customer: Customer,
    small: Price,
    large: Price,
    behavior: str,
    status: str,
) -> None:
    sub = account.subscribe(customer.id, small, trial_period_days=14)
    address = visit(account, visitor, customer, small, large, trial_update_behavior=behavior)
    visitor.open(f"{address}/subscriptions/{sub.id}/confirm?price={large.id}&quantity=1")
    assert ("$30.00" in visitor.page.text) == (behavior == "end_trial") or "Due today" in visitor.page.text
    visitor.submit("Confirm")
    changed = account.subscription(sub.id)
    assert (changed.status, changed.items.data[0].price.id) == (status, large.id)


def test_the_billing_date_can_move_to_the_change(
    account: Account, visitor: Visitor, customer: Customer, small: Price, large: Price
) -> None:
    sub = account.subscribe(customer.id, small)
    account.advance(10)
    address = visit(account, visitor, customer, small, large, billing_cycle_anchor="now")
    visitor.post(f"{address}/subscriptions/{sub.id}/confirm", price=large.id, quantity="1")
    assert account.subscription(sub.id).billing_cycle_anchor == START + 10 * DAY


def test_a_promotion_code_can_come_with_the_change(
    account: Account, visitor: Visitor, customer: Customer, small: Price, large: Price
) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    account.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"})
    sub = account.subscribe(customer.id, small)
    address = visit(
        account, visitor, customer, small, large, default_allowed_updates=["price", "promotion_code"]
    )
    visitor.open(f"{address}/subscriptions/{sub.id}/update")
    assert "This promotion code is not valid." in visitor.submit("Continue", code="NOPE").text
    visitor.submit("Continue", price=large.id, code="half")
    visitor.submit("Confirm")
    changed = account.v1.subscriptions.retrieve(sub.id, {"expand": ["discounts"]})
    assert changed.items.data[0].price.id == large.id
    assert [getattr(discount, "promotion_code", None) is not None for discount in changed.discounts] == [True]


@pytest.mark.parametrize(
    ("quantity", "told"),
    [("0", "Enter a quantity"), ("x", "Enter a quantity"), ("1", "what you have already")],
)
def test_what_cannot_be_chosen_is_told_beside_the_choice(
    account: Account, visitor: Visitor, customer: Customer, small: Price, quantity: str, told: str
) -> None:
    sub = account.subscribe(customer.id, small)
    address = visit(account, visitor, customer, small)
    visitor.open(f"{address}/subscriptions/{sub.id}/update")
    answer = visitor.submit("Continue", quantity=quantity)
    assert answer.status_code == 422
    assert told in answer.text
    assert "Continue" in visitor.buttons()


def test_a_flow_that_could_only_be_refused_is_not_begun(
    account: Account, customer: Customer, small: Price, large: Price
) -> None:
    update: Any = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": account.product, "prices": [small.id, large.id]}],
    }
    features: Any = {"subscription_pause": {"enabled": True}, "subscription_update": update}
    configuration = account.v1.billing_portal.configurations.create({"features": features}).id
    trialing = account.subscribe(customer.id, small, trial_period_days=9)
    double = account.subscribe(customer.id, small, large)
    for kind, sub in (("subscription_pause", trialing), ("subscription_update", double)):
        flow: Any = {"type": kind, kind: {"subscription": sub.id}}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            account.v1.billing_portal.sessions.create(
                {"customer": customer.id, "configuration": configuration, "flow_data": flow}
            )
        assert refused.value.param == f"flow_data[{kind}][subscription]"


def test_a_pause_ends_by_itself_after_the_time_chosen(
    account: Account, visitor: Visitor, customer: Customer, small: Price
) -> None:
    sub = account.subscribe(customer.id, small)
    pauses = [{"interval": "week", "interval_count": 2}, {"interval": "month"}]
    pausing: Any = {"enabled": True, "duration": {"type": "interval_options", "interval_options": pauses}}
    configuration = account.v1.billing_portal.configurations.create(
        {"features": {"subscription_pause": pausing}}
    )
    session = account.v1.billing_portal.sessions.create(
        {"customer": customer.id, "configuration": configuration.id}
    )
    visitor.open(f"{session.url}/subscriptions/{sub.id}/pause")
    assert "1 month, until 10 February 2026" in visitor.page.text
    assert visitor.post(f"{session.url}/subscriptions/{sub.id}/pause", ends="always").status_code == 422
    visitor.open(f"{session.url}/subscriptions/{sub.id}/pause")
    visitor.submit("Pause subscription", ends="2 weeks")
    assert "paused until 24 January 2026" in visitor.page.text
    account.advance_to(START + 14 * DAY - 1)
    assert account.subscription(sub.id).status == "paused"
    account.news()
    account.advance_to(START + 14 * DAY)
    assert account.subscription(sub.id).status == "active"
    assert "customer.subscription.resumed" in account.news()


def test_a_pause_that_was_ended_and_begun_anew_has_no_end_of_the_first_one(
    account: Account, visitor: Visitor, customer: Customer, small: Price
) -> None:
    sub = account.subscribe(customer.id, small)
    session = offering_pauses(account, customer)
    visitor.post(f"{session.url}/subscriptions/{sub.id}/pause", ends="month")
    visitor.submit("Resume subscription")
    account.advance(1)
    account.v1.subscriptions.pause(sub.id, {"type": "subscription"})
    account.advance(50)
    assert account.subscription(sub.id).status == "paused"


def test_a_pause_goes_on_where_nothing_can_pay_for_its_end(
    account: Account, visitor: Visitor, customer: Customer, small: Price
) -> None:
    sub = account.subscribe(customer.id, small)
    session = offering_pauses(account, customer)
    account.advance(20)
    visitor.post(f"{session.url}/subscriptions/{sub.id}/pause", ends="month")
    for card in account.v1.payment_methods.list({"customer": customer.id}).data:
        account.v1.payment_methods.detach(card.id)
    account.news()
    account.advance(40)
    assert account.subscription(sub.id).status == "paused"
    assert [event for event in account.news() if event.startswith("invoice")] == []


def test_a_paused_subscription_is_canceled_at_once(
    account: Account, visitor: Visitor, customer: Customer, small: Price
) -> None:
    sub = account.subscribe(customer.id, small)
    configuration = account.v1.billing_portal.configurations.create(
        {"features": {"subscription_cancel": {"enabled": True}}}
    )
    session = account.v1.billing_portal.sessions.create(
        {"customer": customer.id, "configuration": configuration.id}
    )
    account.v1.subscriptions.pause(sub.id, {"type": "subscription"})
    visitor.open(f"{session.url}/subscriptions/{sub.id}/cancel")
    assert "It ends at once" in visitor.page.text
    visitor.submit("Cancel subscription")
    assert account.subscription(sub.id).status == "canceled"
