"""Which plan a tenant is on, and what it is made of."""

from __future__ import annotations

from portal.kit.money import Money
from portal.subscriptions.current import current_plan, payer_of
from portal.subscriptions.queries import plan_of
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def test_a_tenant_that_never_bought_anything_is_on_the_free_plan(cast: Cast) -> None:
    current = current_plan(cast.tenant.id)
    assert (current.plan.key, current.subscription, current.recurring) == ("free", None, None)


def test_a_plan_by_the_seat_costs_its_seats(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro", seats=4)
    assert plan_of(cast.tenant.id).key == "pro"
    assert current_plan(cast.tenant.id).recurring == Money(4 * 1_500, "usd")


def test_a_hybrid_plan_is_its_base_fee_its_seats_and_its_meters(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "enterprise", "year", seats=8)
    current = current_plan(cast.tenant.id)
    assert [each.item.component for each in current.licensed] == ["base", "seat"]
    assert [each.item.component for each in current.metered] == ["meter:api_calls", "meter:storage_gb"]
    assert current.recurring == Money(199_000 + 3 * 12_000, "usd")


def test_the_subscription_of_another_tenant_is_not_seen(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.other_tenant, "pro")
    assert plan_of(cast.tenant.id).key == "free"


def test_the_payer_shows_the_card_that_is_charged(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "starter")
    method = payer_of(cast.tenant.id).payment_method
    assert method is not None
    assert (method.brand, method.last4) == ("visa", "4242")
