"""What a change of plan takes away, in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from portal.plans.read_catalog import load_catalog
from portal.subscriptions.impact import losses

CATALOG = load_catalog(Path(__file__).parents[2] / "catalog.toml")


def lost(before: str, after: str, *, calls: int = 0, held: int = 0, capacity: int = 3) -> list[str]:
    plans = CATALOG.plans
    return losses(
        CATALOG, plans[before], plans[after], used={"api_calls": Decimal(calls)}, held=held, capacity=capacity
    )


def test_a_plan_with_more_of_everything_takes_nothing_away() -> None:
    assert lost("starter", "enterprise", held=2, capacity=10) == []


def test_features_and_limits_that_go_are_named() -> None:
    features, calls, storage, emails = lost("pro", "starter")
    assert features == "You will no longer have: Priority support."
    assert calls == "API calls: at most 50,000 calls a month."
    assert emails == "E-mails sent: at most 5,000 e-mails a month."
    assert storage.startswith("Storage: at most ")


def test_use_above_the_new_limit_is_pointed_out() -> None:
    (calls,) = [each for each in lost("pro", "starter", calls=60_000) if "API" in each]
    assert calls.endswith("You have used 60,000 in this period, which would be too much.")


def test_use_that_was_billed_becomes_limited() -> None:
    assert "API calls: at most 250,000 calls a month." in lost("enterprise", "pro")


def test_seats_that_will_all_be_taken_are_mentioned() -> None:
    assert lost("pro", "starter", held=3)[-1] == "All 3 seats will be taken by the members who hold one now."
