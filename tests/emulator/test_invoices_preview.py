"""Previews: what will be charged, without charging it, equal to the charge that follows."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.emulator.app import Emulator
from tests.emulator.account import DAY, START, Account
from tests.fixtures.emulator import client_of

END = START + 31 * DAY


def test_a_preview_of_a_change_equals_the_charge_and_changes_nothing(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price(1999).id, "quantity": 3})
    account.advance(11)
    at = account.now()
    account.news()
    items: Any = [{"id": sub["items"].data[0].id, "quantity": 7}]
    preview = account.v1.invoices.create_preview(
        {
            "subscription": sub.id,
            "subscription_details": {
                "items": items,
                "proration_behavior": "always_invoice",
                "proration_date": at,
            },
        }
    )
    assert preview.id.startswith("upcoming_in_")
    assert (preview.status, preview.billing_reason, preview.number) == ("draft", "upcoming", None)
    assert account.news() == []
    assert account.subscription(sub.id)["items"].data[0].quantity == 3
    account.v1.subscriptions.update(
        sub.id, {"items": items, "proration_behavior": "always_invoice", "proration_date": at}
    )
    charged = account.invoices(sub.id)[1]
    assert (charged.total, charged.amount_due) == (preview.total, preview.amount_due)
    assert [line.amount for line in charged.lines.data] == [line.amount for line in preview.lines.data]


CHANGES = st.fixed_dictionaries(
    {
        "amount": st.integers(1, 30_000),
        "before": st.integers(1, 40),
        "after": st.integers(1, 40),
        "seconds": st.integers(0, 30 * DAY),
        "percent": st.sampled_from([None, 10, 33.3]),
        "taxed": st.booleans(),
        "intervals": st.sampled_from(
            [("month", "month"), ("year", "year"), ("month", "year"), ("year", "month")]
        ),
        "usage": st.none() | st.integers(0, 5_000),
        "dearer": st.booleans(),
    }
)


def previewed_and_charged(
    amount: int,
    before: int,
    after: int,
    seconds: int,
    percent: float | None,
    taxed: bool,
    intervals: tuple[str, str],
    usage: int | None,
    dearer: bool,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The total and the amount due of a previewed change, and of the same change made ten minutes later.

    `intervals` are the price's before and after; `usage` not None adds an item that is metered by the month, which
    becomes `dearer` with the change.
    """
    emulator = Emulator()
    account = Account(emulator, client_of(emulator))
    extra: dict[str, Any] = {}
    if percent is not None:
        coupon = account.v1.coupons.create({"percent_off": percent, "duration": "forever"})
        extra["discounts"] = [{"coupon": coupon.id}]
    if taxed:
        rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
        extra["default_tax_rates"] = [rate.id]
    customer, price = account.customer().id, account.price(amount, intervals[0])
    licensed = {"price": price.id, "quantity": before}
    metered = [] if usage is None else [account.metered()]
    sub = account.subscribe(customer, licensed, *metered, **extra)
    if usage:
        account.use(customer, usage)
    at = START + seconds
    other = {} if intervals[0] == intervals[1] else {"price": account.price(amount, intervals[1]).id}
    change: Any = {
        "items": [{"id": sub["items"].data[0].id, "quantity": after, **other}],
        "proration_behavior": "always_invoice",
        "proration_date": at,
    }
    if metered and dearer:
        assert metered[0].recurring is not None
        meter = {"usage_type": "metered", "meter": metered[0].recurring.meter}
        wanted = account.price(7, recurring=meter).id
        change["items"].append({"id": sub["items"].data[1].id, "price": wanted})
    preview = account.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": change})
    account.advance_to(at + 600)
    account.v1.subscriptions.update(sub.id, change)
    charged = account.invoices(sub.id)[1:]
    # Without prorations there is nothing to invoice, and the preview comes to nothing.
    assert charged or preview.total == 0
    return (preview.total, preview.amount_due), (
        (charged[0].total, charged[0].amount_due) if charged else (0, preview.amount_due)
    )


@settings(max_examples=15, deadline=None)
@given(CHANGES)
def test_a_preview_with_a_date_equals_the_later_charge_to_the_minor_unit(change: dict[str, Any]) -> None:
    preview, charged = previewed_and_charged(**change)
    assert preview == charged


@pytest.mark.nightly
@settings(max_examples=1_000, deadline=None)
@given(CHANGES)
def test_no_preview_with_a_date_differs_from_the_later_charge(change: dict[str, Any]) -> None:
    preview, charged = previewed_and_charged(**change)
    assert preview == charged


def test_the_next_invoice_holds_prorations_usage_and_the_next_period(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100), account.metered())
    account.advance(10)
    account.use(customer.id, 250)
    account.v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 2}]})
    preview = account.v1.invoices.create_preview({"subscription": sub.id})
    assert sorted(line.amount for line in preview.lines.data) == [-2100, 250, 4200, 6200]
    assert (preview.created, preview.next_payment_attempt) == (END, END + 3600)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == preview.total


def test_the_recurring_mode_tells_what_a_whole_period_costs(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.advance(10)
    preview = account.v1.invoices.create_preview(
        {
            "subscription": sub.id,
            "preview_mode": "recurring",
            "subscription_details": {"items": [{"id": sub["items"].data[0].id, "quantity": 4}]},
        }
    )
    assert [line.amount for line in preview.lines.data] == [12400]


def test_a_subscription_that_does_not_exist_yet_can_be_previewed(account: Account) -> None:
    customer = account.customer(None)
    preview = account.v1.invoices.create_preview(
        {
            "customer": customer.id,
            "subscription_details": {"items": [{"price": account.price(2500).id, "quantity": 2}]},
        }
    )
    assert preview.total == 5000
    assert account.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []


def test_cancelling_now_can_be_previewed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    preview = account.v1.invoices.create_preview(
        {"subscription": sub.id, "subscription_details": {"cancel_now": True}}
    )
    assert preview.total == -2100
    assert account.subscription(sub.id).status == "active"


def test_a_trials_next_invoice_is_that_of_its_end(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), trial_period_days=7)
    preview = account.v1.invoices.create_preview({"subscription": sub.id})
    assert (preview.total, preview.created) == (2000, START + 7 * DAY)


@pytest.mark.parametrize("ended", [True, False])
def test_where_no_invoice_is_to_come_there_is_none_to_preview(account: Account, ended: bool) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    if ended:
        account.v1.subscriptions.cancel(sub.id)
    else:
        account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview({"subscription": sub.id})
    assert (refused.value.code, refused.value.http_status) == ("invoice_upcoming_none", 404)


def test_a_classic_change_of_interval_is_previewed_as_the_invoice_it_makes_at_once(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100), billing_mode={"type": "classic"})
    yearly = account.price(30000, "year")
    account.advance(10)
    preview = account.v1.invoices.create_preview(
        {
            "subscription": sub.id,
            "subscription_details": {"items": [{"id": sub["items"].data[0].id, "price": yearly.id}]},
        }
    )
    assert preview.total == 27900


def test_another_customers_subscription_is_refused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview({"subscription": sub.id, "customer": account.customer().id})
    assert refused.value.param == "subscription"


@pytest.mark.parametrize(
    ("details", "param"),
    [
        ({"items": [{"id": "si_none", "quantity": 2}]}, "subscription_details[items][0][id]"),
        ({"proration_date": 5, "items": [{"price": "price_none"}]}, "subscription_details[items][0][price]"),
        ({"cancel_at": 5}, "subscription_details[cancel_at]"),
        ({"trial_end": 5}, "subscription_details[trial_end]"),
    ],
)
def test_errors_of_a_preview_name_what_stands_within_its_details(
    account: Account, details: dict[str, Any], param: str
) -> None:
    sub = account.subscribe(account.customer().id, account.price(1000))
    sent: Any = {"subscription": sub.id, "subscription_details": details}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview(sent)
    assert refused.value.param == param


def test_an_anchor_at_a_timestamp_needs_one(account: Account) -> None:
    details: Any = {"items": [{"price": account.price().id}], "billing_cycle_anchor": {"type": "timestamp"}}
    sent: Any = {"customer": account.customer().id, "subscription_details": details}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.invoices.create_preview(sent)
    assert refused.value.param == "subscription_details[billing_cycle_anchor][timestamp]"
