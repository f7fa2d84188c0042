"""What a subscription cannot be is refused, by the parameter's name, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"cancel_at": 0}, "cancel_at"),
        ({"billing_cycle_anchor": START + 90 * DAY}, "billing_cycle_anchor"),
        ({"billing_cycle_anchor_config": {"day_of_month": 32}}, "billing_cycle_anchor_config[day_of_month]"),
        (
            {"billing_cycle_anchor_config": {"day_of_month": 5, "hour": 24}},
            "billing_cycle_anchor_config[hour]",
        ),
        ({"trial_period_days": -1}, "trial_period_days"),
        ({"trial_period_days": 731}, "trial_period_days"),
        ({"trial_end": START + 731 * DAY}, "trial_end"),
        ({"collection_method": "send_invoice", "days_until_due": -1}, "days_until_due"),
        ({"description": "x" * 501}, "description"),
        (
            {"billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "itemized"}}},
            "billing_mode[flexible][proration_discounts]",
        ),
        ({"backdate_start_date": START - 8_000 * DAY}, "backdate_start_date"),
    ],
)
def test_a_new_subscription_that_cannot_be_leaves_nothing(
    account: Account, params: dict[str, Any], param: str
) -> None:
    customer, price = account.customer(), account.price()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(customer.id, price, **params)
    assert refused.value.param == param
    assert (account.news(), account.v1.invoice_items.list().data) == ([], [])


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"trial_end": START + 731 * DAY}, "trial_end"),
        (
            {"pause_collection": {"behavior": "void", "resumes_at": START - 1}},
            "pause_collection[resumes_at]",
        ),
        ({"cancel_at": START - 1}, "cancel_at"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    account: Account, params: dict[str, Any], param: str
) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.news()
    sent: Any = params
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.update(sub.id, sent)
    assert refused.value.param == param
    assert account.news() == []


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"price": "price_none"}, "price"),
        ({"quantity": -1}, "quantity"),
        ({"tax_rates": ["txr_none"]}, "tax_rates[0]"),
    ],
)
def test_errors_of_an_item_name_its_own_parameters(
    account: Account, params: dict[str, Any], param: str
) -> None:
    item = account.subscribe(account.customer().id, account.price())["items"].data[0]
    sent: Any = params
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscription_items.update(item.id, sent)
    assert refused.value.param == param


def test_an_ended_subscription_is_not_found_when_it_is_cancelled_again(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.cancel(sub.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.cancel(sub.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_an_ended_subscription_can_be_annotated_long_after(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.cancel(sub.id)
    account.advance(60)
    noted = account.v1.subscriptions.update(sub.id, {"metadata": {"note": "left"}})
    assert noted.metadata["note"] == "left"
