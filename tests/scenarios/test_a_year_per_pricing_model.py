"""A year with a plan of every pricing model, on the portal's pages: bought, changed, not paid, recovered, cancelled and
bought again; each charge is the one shown before, and in the end everything adds up."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal.plans.catalog import Catalog, Interval
from portal.plans.read_catalog import load_catalog
from portal.subscriptions.models import Status
from tests.fixtures.catalog import PayCheckout, Push
from tests.fixtures.time import Timed
from tests.scenarios.story import AFTER_THE_DRAFT, SITE, Story, close_to

FRAME = """
currencies = ["usd"]
[meters.api_calls]
name = "API calls"
unit = "call"
[plans.free]
name = "Free"
[plans.top]
name = "Top"
[[plans.top.components]]
kind = "base"
model = "flat"
rates = { month.usd.amount = 90_000, year.usd.amount = 900_000 }
[[plans.top.components]]
kind = "seat"
model = "per_unit"
rates = { month.usd.amount = 3_000, year.usd.amount = 30_000 }
[plans.tried]
name = "Tried"
included_seats = 20
"""
FLAT = """
[[plans.tried.components]]
kind = "base"
model = "flat"
rates = { month.usd.amount = 2_900, year.usd.amount = 29_000 }
"""
SEATS = """
[[plans.tried.components]]
kind = "seat"
model = "{model}"
maximum = 50
"""
PER_UNIT = SEATS.format(model="per_unit") + "rates = { month.usd.amount = 1_500, year.usd.amount = 15_000 }"
PACKAGE = SEATS.format(model="package") + (
    "package_size = 5\nrates = { month.usd.amount = 6_000, year.usd.amount = 60_000 }"
)
TIERED = """
rates.month.usd.tiers = [{ up_to = 7, unit_amount = "999" }, { unit_amount = "750", flat_amount = 300 }]
rates.year.usd.tiers = [{ up_to = 7, unit_amount = "9990" }, { unit_amount = "7500", flat_amount = 3000 }]
"""
GRADUATED = SEATS.format(model="graduated") + TIERED
VOLUME = SEATS.format(model="volume") + TIERED
CALLS = """
[[plans.tried.components]]
kind = "meter"
meter = "api_calls"
model = "graduated"
rates.month.usd.tiers = [{ up_to = 10_000, unit_amount = "0" }, { unit_amount = "0.037" }]
"""
HYBRID = FLAT + GRADUATED + CALLS
MODELS: dict[str, tuple[str, Interval]] = {
    "flat": (FLAT, "month"),
    "per_unit": (PER_UNIT, "month"),
    "package": (PACKAGE, "month"),
    "graduated": (GRADUATED, "month"),
    "volume": (VOLUME, "month"),
    "hybrid": (HYBRID, "month"),
    "hybrid, paid by the year": (HYBRID, "year"),
}


def catalog_with(components: str, folder: Path) -> Catalog:
    """The catalogue with a free plan, a dear one and the one that is tried."""
    path = folder / "catalog.toml"
    path.write_text(FRAME + components)
    return load_catalog(path)


@pytest.mark.parametrize("model", MODELS)
def test_a_year(
    payer: FlaskClient, timed: Timed, pay_checkout: PayCheckout, push: Push, tmp_path: Path, model: str
) -> None:
    components, interval = MODELS[model]
    push(catalog_with(components, tmp_path))
    story = Story(payer, timed, pay_checkout, interval)
    by_seat, by_use = "seat" in components, "meter" in components

    story.buy("tried", 6)
    if by_use:
        story.use(25_013)
    story.wait(10)
    before = story.recurring("tried", 6)
    if by_seat:
        more = story.change_seats(9)
        assert close_to(more.total_amount, story.prorated(before, story.recurring("tried", 9)), 2)
    seats = 9 if by_seat else 1
    story.renew("tried", 9)

    if by_use:
        story.use(11_111)
    story.wait(8)
    rest = story.prorated(story.recurring("tried", 9), story.recurring("top", seats))
    up = story.change_plan("top", seats)
    assert close_to(up.total_amount, rest + story.usage_cost("tried"), 5)
    story.is_on("top", seats)
    story.renew("top", seats)
    assert story.invoices()[-1].total == up.recurring_amount

    down = story.change_plan("tried", seats)
    assert (down.due_now_amount, down.effective_at) == (0, story.now_on().current_period_end_at)
    story.is_on("top", seats)
    story.renew("tried", seats)
    assert story.invoices()[-1].total == down.recurring_amount

    story.use_card("pm_card_chargeCustomerFail")
    if by_use:
        story.use(1_000_000)
    unpaid = story.usage_cost("tried") + (story.recurring("tried", seats) if interval == "month" else 0)
    story.expected.append(unpaid)
    story.pass_to(story.now_on().next_invoice_at + AFTER_THE_DRAFT)
    assert (story.now_on().status, story.invoices()[-1].amount_remaining) == (Status.PAST_DUE, unpaid)
    refused = payer.post(f"{SITE}/plans", data={"plan": "top", "interval": interval, "seats": seats})
    assert "Your last payment has not succeeded" in refused.text
    story.use_card("pm_card_visa")
    story.pay_what_is_open()
    assert story.now_on().status == Status.ACTIVE
    story.is_on("tried", seats)

    if interval == "month":
        if by_use:
            story.use(12_345)
        story.renew("tried", seats, times=6)

    if by_use:
        story.use(33_333)
    payer.post(f"{SITE}/cancel", data={"reason": "The year is over"})
    ends = story.now_on().current_period_end_at
    assert story.now_on().ends_at == ends
    story.pass_to(ends + AFTER_THE_DRAFT)
    story.expected.append(story.usage_cost("tried"))
    assert (story.ended().status, story.ended().ended_at, story.live()) == (Status.CANCELED, ends, [])

    story.wait(3)
    story.buy("tried", 4)
    story.adds_up()
