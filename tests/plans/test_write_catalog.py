"""Writing a catalogue: reading what was written gives the same catalogue."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.plans.catalog import (
    Catalog,
    ChangeRule,
    ChangeRules,
    Component,
    Feature,
    Meter,
    Plan,
    Rate,
    Retention,
    Tier,
)
from portal.plans.read_catalog import load_catalog, parse_catalog
from portal.plans.write_catalog import write_catalog
from tests.architecture.sources import ROOT

FREE = Plan(name="Free", key="free")
SEAT = Component(
    kind="seat",
    model="graduated",
    included=2,
    minimum=3,
    maximum=50,
    rates={
        "month": {
            "usd": Rate(
                tiers=(
                    Tier(up_to=10, unit_amount=Decimal("12.5"), flat_amount=100),
                    Tier(unit_amount=Decimal(1_200)),
                ),
                minimum_amount=150,
                cap_amount=1_000_000,
            )
        },
        "year": {"usd": Rate(tiers=(Tier(unit_amount=Decimal("0.000001")),))},
    },
)
EVERYTHING = Catalog(
    currencies=("usd",),
    changes=ChangeRules(plan=ChangeRule(up="period_end", down="now")),
    retention=Retention(percent_off=20, months=3),
    meters={
        "calls": Meter(name='Calls "quoted" \\ ünï', unit="call", scale=2, aggregation="last", key="calls")
    },
    features={"sso": Feature(name="Single\nsign-on\x7f", key="sso")},
    plans={
        "free": FREE,
        "pro": Plan(
            name="Pro",
            key="pro",
            visibility="invitation",
            highlighted=True,
            trial_days=14,
            features=("sso",),
            limits={"calls": 1_000_000},
            points=("One [point]", "Two # points", "Three " + "long " * 30),
            components=(SEAT,),
        ),
    },
)


@pytest.mark.parametrize("catalog", [load_catalog(ROOT / "catalog.toml"), EVERYTHING])
def test_what_is_written_is_read_as_the_same(catalog: Catalog) -> None:
    text = write_catalog(catalog, comments=("A comment = with [everything] in it",))
    assert parse_catalog(text, name="written.toml") == catalog


def test_it_reads_like_a_file_that_a_person_wrote() -> None:
    text = write_catalog(EVERYTHING)
    assert 'currencies = ["usd"]\n\n[changes]\nplan = { up = "period_end", down = "now" }\n' in text
    assert "limits = { calls = 1_000_000 }\n" in text
    assert "rates.month.usd.cap_amount = 1_000_000\n" in text
    assert 'points = [\n    "One [point]",\n' in text
    assert "tagline" not in text
