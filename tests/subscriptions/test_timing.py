"""When a change of plan takes effect: by what it changes, and as the catalogue's rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.plans.catalog import CatalogError, ChangeRule, ChangeRules, Interval
from portal.plans.read_catalog import load_catalog
from portal.subscriptions.timing import Terms, takes_effect

CATALOG = load_catalog(Path(__file__).parents[2] / "catalog.toml")
NOW, LATER = ChangeRule(up="now", down="now"), ChangeRule(up="period_end", down="period_end")


def terms(plan: str, interval: Interval = "month", seats: int | None = None) -> Terms:
    return Terms(CATALOG.plans[plan], interval, seats)


@pytest.mark.parametrize(
    ("before", "after", "when"),
    [
        (terms("starter"), terms("pro", seats=2), "now"),
        (terms("starter"), terms("pro", seats=1), "period_end"),
        (terms("pro", seats=5), terms("enterprise", seats=5), "now"),
        (terms("pro", seats=100), terms("enterprise", seats=10), "period_end"),
        (terms("pro", seats=100), terms("enterprise", seats=100), "period_end"),
        (terms("enterprise", seats=6), terms("enterprise", "year", seats=6), "now"),
        (terms("enterprise", "year", seats=6), terms("enterprise", seats=6), "period_end"),
        (terms("enterprise", seats=6), terms("starter", "year"), "period_end"),
        (terms("starter", "year"), terms("enterprise", seats=6), "period_end"),
        (terms("starter"), terms("enterprise", "year", seats=6), "now"),
        (terms("pro", seats=6), terms("pro", "year", seats=5), "period_end"),
    ],
)
def test_more_comes_at_once_and_less_waits(before: Terms, after: Terms, when: str) -> None:
    assert takes_effect(ChangeRules(), before, after, "usd") == when


def test_a_yearly_rebate_makes_no_plan_a_cheaper_one() -> None:
    # A year of Pro for two costs $300.00, twelve months of Starter $348.00; by the same interval Pro is dearer.
    assert takes_effect(ChangeRules(), terms("starter"), terms("pro", "year", seats=2), "usd") == "now"


@pytest.mark.parametrize(
    ("rules", "before", "after", "when"),
    [
        (ChangeRules(plan=NOW), terms("pro", seats=6), terms("starter"), "now"),
        (ChangeRules(plan=LATER), terms("starter"), terms("pro", seats=6), "period_end"),
        (ChangeRules(interval=NOW), terms("pro", "year", seats=6), terms("pro", seats=6), "now"),
        (ChangeRules(seats=NOW), terms("pro", seats=6), terms("pro", "year", seats=5), "now"),
        (ChangeRules(seats=NOW, plan=NOW), terms("pro", "year", seats=6), terms("starter"), "period_end"),
    ],
)
def test_each_part_has_its_own_rule(rules: ChangeRules, before: Terms, after: Terms, when: str) -> None:
    assert takes_effect(rules, before, after, "usd") == when


def test_the_rules_are_read_from_the_catalogue_and_checked(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "catalog.toml").read_text(encoding="utf-8")
    changed = tmp_path / "catalog.toml"
    changed.write_text(
        text.replace('plan = { up = "now", down = "period_end" }', 'plan = { up = "now", down = "now" }')
    )
    assert load_catalog(changed).changes.plan == NOW
    changed.write_text(text.replace('plan = { up = "now"', 'plan = { up = "tomorrow"'))
    with pytest.raises(CatalogError, match=r"changes\.plan\.up"):
        load_catalog(changed)
