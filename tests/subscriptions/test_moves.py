"""What another plan changes against today, in words: the difference at the prices the tenant has, and the date."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portal.plans.catalog import Catalog, Interval, current_catalog
from portal.plans.choosable import Standing
from portal.plans.offers import offers
from portal.plans.rates import price_model, quantity_of
from portal.pricing.cost import cost
from portal.subscriptions.checkout import seat_range
from portal.subscriptions.current import BilledItem, CurrentPlan
from portal.subscriptions.models import Subscription, SubscriptionItem
from portal.subscriptions.moves import moves
from portal.web.unit_of_work import Portal

END = datetime(2026, 12, 22, 11, 30, tzinfo=UTC)


@pytest.fixture
def catalog(app: Portal) -> Catalog:
    return current_catalog()


def on_plan(catalog: Catalog, key: str, interval: Interval, *, seats: int, **more: Any) -> CurrentPlan:
    """A tenant on a plan of the catalogue, at today's prices, that only this test knows."""
    plan = catalog.plans[key]
    items = []
    for component in plan.components:
        quantity = None if component.kind == "meter" else quantity_of(component, seats=seats)
        model = price_model(component, interval, "usd")
        item = SubscriptionItem(component=component.key, quantity=quantity)
        items.append(BilledItem(item, model, None if quantity is None else cost(model, quantity)))
    told = {"status": "active", "current_period_end_at": END, **more}
    subscription = Subscription(plan_key=key, interval=interval, currency="usd", **told)
    subscription.items = [each.item for each in items]
    return CurrentPlan(plan, subscription, tuple(items))


def told(
    catalog: Catalog,
    current: CurrentPlan,
    interval: Interval,
    *,
    seats: int = 5,
    used: dict[str, Decimal] | None = None,
) -> dict[str, str]:
    offered = offers(
        catalog,
        interval,
        "usd",
        standing=Standing(current.plan.key),
        asked=None,
        seat_range=seat_range,
        seats=seats,
        used=used or {},
        may_try=False,
    )
    return {
        key: move.price for key, move in moves(catalog, current, offered, interval, used=used or {}).items()
    }


def test_more_comes_at_once_and_less_with_the_end_of_the_period(catalog: Catalog) -> None:
    assert told(catalog, on_plan(catalog, "pro", "month", seats=5), "month") == {
        "free": "On 22 December 2026: nothing to pay any more.",
        "starter": "On 22 December 2026: $46.00 less per month than today.",
        "enterprise": "At once: $124.00 more per month than today.",
    }


def test_the_other_interval_of_the_same_plan_is_a_move_too(catalog: Catalog) -> None:
    by_month, by_year = (on_plan(catalog, "pro", each, seats=5) for each in ("month", "year"))
    assert told(catalog, by_month, "year")["pro"] == "At once: $150.00 less per year than today."
    assert told(catalog, by_year, "month")["pro"] == "On 22 December 2026: $12.50 more per month than today."
    assert "pro" not in told(catalog, by_month, "month")


def test_the_prices_the_tenant_has_count_and_not_todays(catalog: Catalog) -> None:
    current = on_plan(catalog, "starter", "month", seats=1)
    old = BilledItem(
        current.items[0].item, None, cost(price_model(current.plan.components[0], "month", "eur"), 1)
    )
    old = BilledItem(old.item, price_model(catalog.plans["pro"].components[0], "month", "usd"), None)
    old = BilledItem(old.item, old.model, cost(old.model, 1) if old.model else None)
    grandfathered = CurrentPlan(current.plan, current.subscription, (old,))
    assert (
        told(catalog, grandfathered, "month", seats=2)["pro"] == "At once: $15.00 more per month than today."
    )


def test_where_use_is_billed_the_difference_is_a_guess(catalog: Catalog) -> None:
    used = {"api_calls": Decimal(60_000)}
    on_enterprise = on_plan(catalog, "enterprise", "month", seats=5)
    assert told(catalog, on_enterprise, "month", used=used)["pro"] == (
        "On 22 December 2026: about $143.00 less per month than today."
    )
    on_pro = on_plan(catalog, "pro", "month", seats=5)
    assert told(catalog, on_pro, "month", used=used)["enterprise"].startswith("At once: about $143.00 more")
    assert "about" not in told(catalog, on_pro, "month", used=used)["starter"]


def test_within_a_trial_everything_changes_at_once_but_the_end(catalog: Catalog) -> None:
    words = told(catalog, on_plan(catalog, "starter", "month", seats=1, status="trialing"), "month", seats=1)
    assert words["pro"] == "At once: $14.00 less per month than today."
    assert words["free"].startswith("On 22 December 2026")


def test_a_plan_that_ends_already_costs_nothing_from_its_end(catalog: Catalog) -> None:
    early = datetime(2026, 12, 1, tzinfo=UTC)
    current = on_plan(catalog, "pro", "month", seats=5, cancel_at=early)
    assert told(catalog, current, "month")["free"] == "On 1 December 2026: nothing to pay any more."


def test_a_price_nobody_here_knows_is_not_compared(catalog: Catalog) -> None:
    current = on_plan(catalog, "pro", "month", seats=5)
    unknown = CurrentPlan(
        current.plan, current.subscription, (BilledItem(current.items[0].item, None, None),)
    )
    assert told(catalog, unknown, "month") == {}
