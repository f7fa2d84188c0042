"""Reading catalog.toml: the example is right, and each mistake is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.cli.__main__ import main
from portal.plans.catalog import Catalog, CatalogError
from portal.plans.read_catalog import load_catalog
from tests.architecture.sources import ROOT
from tests.fixtures.app import ENVIRONMENT

MINIMAL = """
currencies = ["usd"]
[meters.calls]
name = "Calls"
unit = "call"
[features.sso]
name = "Single sign-on"
[plans.free]
name = "Free"
[plans.paid]
name = "Paid"
features = ["sso"]
limits = { calls = 100 }
[[plans.paid.components]]
kind = "base"
model = "flat"
rates = { month.usd.amount = 100, year.usd.amount = 1000 }
[[plans.paid.components]]
kind = "meter"
meter = "calls"
model = "graduated"
rates.month.usd.tiers = [{ up_to = 10 }, { unit_amount = "0.5" }]
rates.year.usd.tiers = [{ up_to = 120 }, { unit_amount = "0.5" }]
"""
SEAT = 'kind = "seat"\nmodel = "per_unit"\n'


def load(text: str, folder: Path) -> Catalog:
    path = folder / "catalog.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalog(path)


def test_the_example_is_right_and_sells_the_four_plans() -> None:
    catalog = load_catalog(ROOT / "catalog.toml")
    assert list(catalog.plans) == ["free", "starter", "pro", "enterprise"]
    assert catalog.free_plan.key == "free"
    assert catalog.default_currency == "usd"


def test_the_smallest_catalogue_is_read(tmp_path: Path) -> None:
    catalog = load(MINIMAL, tmp_path)
    assert [component.key for component in catalog.plans["paid"].components] == ["base", "meter:calls"]
    assert len(list(catalog.prices())) == 4


def test_a_meter_priced_by_the_month_only_is_billed_monthly_in_a_yearly_plan(tmp_path: Path) -> None:
    yearly = 'rates.year.usd.tiers = [{ up_to = 120 }, { unit_amount = "0.5" }]\n'
    assert yearly in MINIMAL
    plan = load(MINIMAL.replace(yearly, ""), tmp_path).plans["paid"]
    base, calls = plan.components
    assert [base.interval_for("year"), calls.interval_for("year")] == ["year", "month"]
    assert calls.rate("year", "usd") == calls.rate("month", "usd")
    assert plan.lookup_key(calls, "year", "usd") == "paid.meter.calls.month.usd"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('currencies = ["usd"]', "currencies = []", "at least one currency"),
        ('currencies = ["usd"]', 'currencies = ["USD"]', "'USD' is not a lower-case currency code"),
        ('currencies = ["usd"]', 'currencies = ["usd", "eur"]', "needs exactly the currencies usd, eur"),
        ("[plans.free]", "[plans.Free]", "plans.Free: keys are"),
        ("[features.sso]", '[features."s.o"]', "features.s.o: keys are"),
        ('[plans.free]\nname = "Free"', "", "exactly one plan must be free"),
        ('features = ["sso"]', 'features = ["saml"]', "12: plans.paid.features[0]: unknown feature 'saml'"),
        (
            "limits = { calls = 100 }",
            "limits = { call = 100 }",
            "13: plans.paid.limits.call: unknown meter 'call'",
        ),
        ('meter = "calls"', 'meter = "minutes"', "unknown meter 'minutes'"),
        ('meter = "calls"', "", "`meter` belongs to components of kind meter"),
        ('kind = "base"\nmodel = "flat"', SEAT + 'meter = "calls"', "`meter` belongs to"),
        ('kind = "base"\nmodel = "flat"', 'kind = "seat"\nmodel = "flat"', "only a base fee, is flat"),
        ('kind = "base"\nmodel = "flat"', 'kind = "base"\nmodel = "per_unit"', "only a base fee, is flat"),
        ('kind = "base"\nmodel = "flat"', SEAT + "minimum = 5\nmaximum = 4", "the maximum is below"),
        (
            'kind = "base"\nmodel = "flat"',
            'kind = "seat"\nmodel = "package"\nincluded = 5',
            "a package price cannot have included units",
        ),
        ("month.usd.amount = 100", 'month.usd.tiers = [{ unit_amount = "1" }]', "flat needs amount"),
        (
            "month.usd.amount = 100",
            "month.usd.amount = -1",
            "components[0].rates.month.usd: a price cannot be",
        ),
        (", year.usd.amount = 1000", "", "components[0].rates.year: needs exactly the currencies usd"),
        ("rates.month.usd.tiers", "rates.year.eur.tiers", "components[1].rates.month: needs exactly"),
        ("month.usd.amount = 100", "week.usd.amount = 100", "week"),
        ("[{ up_to = 10 }, {", "[{ up_to = 10 }, { up_to = 20,", "the last tier, and only it, has no up_to"),
        ("[{ up_to = 10 }, {", "[{ up_to = 10 }, { up_to = 5 }, {", "up_to must grow from tier to tier"),
        ("[{ up_to = 10 }, {", "[{ up_to = 0 }, {", "up_to must grow from tier to tier"),
        ("[{ up_to = 10 }, {", '[{ up_to = 10, unit_amount = "-1" }, {', "a price cannot be negative"),
        (
            'unit = "call"',
            'unit = "call"\ncolour = "red"',
            "6: meters.calls.colour: there is no such setting",
        ),
        ('unit = "call"', 'unit = "call"\nkey = "red"', "6: meters.calls.key: there is no such setting"),
        ('unit = "call"', 'unit = "call"\nscale = 10', "6: meters.calls.scale: must be 0 to 9"),
        ('name = "Calls"', "", "3: meters.calls: `name` is missing"),
        (
            'model = "graduated"',
            'model = "stairs"',
            "21: plans.paid.components[1].model: 'stairs' is not one of",
        ),
        ("[{ up_to = 10 }, {", '[{ up_to = "ten" }, {', "tiers[0].up_to: Expected `int | null`, got `str`"),
        ('currencies = ["usd"]', 'currencies = ["usd", "usd"]', "2: currencies[1]: 'usd' stands there twice"),
        ('features = ["sso"]', "trial_days = -1", "plans.paid.trial_days: must be at least 0"),
        ('kind = "base"\nmodel = "flat"', SEAT + "package_size = 0", "package_size: must be at least 1"),
        ("month.usd.amount = 100", 'month.usd.amount = "NaN"', "an amount must be a number"),
        ("month.usd.amount = 100", 'month.usd.amount = "0.0000000000001"', "at most 12 decimals"),
        (
            "month.usd.amount = 100",
            "month.usd = { amount = 100, cap_amount = 200 }",
            "17: plans.paid.components[0].rates.month.usd: Stripe cannot bill this exactly: a flat price cannot",
        ),
        (
            "month.usd.tiers = [",
            "month.usd.cap_amount = 5\nrates.month.usd.minimum_amount = 6\nrates.month.usd.tiers = [",
            "22: plans.paid.components[1].rates.month.usd: the minimum is above the cap",
        ),
        (
            "[plans.free]",
            "[plans.free",
            "catalog.toml:8: Expected ']' at the end of a table declaration",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in MINIMAL
    with pytest.raises(CatalogError) as refused:
        load(MINIMAL.replace(old, new, 1), tmp_path)
    assert message in str(refused.value)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    wrong = (
        MINIMAL.replace('unit = "call"', "")
        .replace('name = "Free"', 'name = "Free"\nfeatures = ["saml"]')
        .replace('kind = "base"\nmodel = "flat"', 'kind = "base"\nmodel = "round"')
        .replace("{ up_to = 10 }", "{ up_to = -10 }")
    )
    with pytest.raises(CatalogError) as refused:
        load(wrong, tmp_path)
    assert str(refused.value).splitlines() == [
        "catalog.toml:3: meters.calls: `unit` is missing",
        "catalog.toml:10: plans.free.features[0]: unknown feature 'saml'",
        "catalog.toml:17: plans.paid.components[0].model: 'round' is not one of flat, per_unit, package, "
        "graduated, volume",
    ]


def test_a_bound_that_a_fractional_quantity_could_cross_within_a_unit_is_refused(tmp_path: Path) -> None:
    by_unit = MINIMAL.replace(
        "rates.month.usd.tiers = [", "rates.month.usd.cap_amount = 7\nrates.month.usd.tiers = ["
    )
    assert load(by_unit, tmp_path).plans["paid"].components[1].rate("month", "usd").cap_amount == 7
    in_tenths = by_unit.replace('unit = "call"', 'unit = "call"\nscale = 1')
    assert load(in_tenths, tmp_path).meters["calls"].scale == 1
    with pytest.raises(CatalogError, match="cap of 7 is not what a whole number of units costs"):
        load(in_tenths.replace('unit_amount = "0.5"', 'unit_amount = "0.3"'), tmp_path)


def test_the_same_component_twice_is_refused(tmp_path: Path) -> None:
    base = MINIMAL[MINIMAL.index("[[plans.paid") : MINIMAL.rindex("[[plans.paid")]
    with pytest.raises(CatalogError, match="twice"):
        load(MINIMAL + base, tmp_path)


def test_a_wrong_setting_anywhere_leaves_the_rules_of_the_rest_to_be_checked(tmp_path: Path) -> None:
    wrong = MINIMAL.replace('["sso"]', '["saml"]').replace('name = "Single sign-on"', "title = 1")
    with pytest.raises(CatalogError) as refused:
        load(wrong + '[changes]\nplans = "now"\n', tmp_path)
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == [
        "features.sso",
        "features.sso.title",
        "plans.paid.features[0]",
        "changes.plans",
    ]


def test_currencies_that_are_none_hide_what_depends_on_them(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        load(MINIMAL.replace('["usd"]', '"usd"'), tmp_path)
    assert str(refused.value) == "catalog.toml:2: currencies: Expected `array`, got `str`"


def test_a_file_in_another_encoding_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_bytes(b'name = "caf\xe9"')
    with pytest.raises(CatalogError, match=r"catalog\.toml is not UTF-8 text"):
        load_catalog(path)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"catalog\.toml cannot be read: No such file"):
        load_catalog(tmp_path / "catalog.toml")


@pytest.mark.parametrize(("words", "status"), [("check", 2), ("plan --detailed-exitcode", 1)])
def test_the_command_prints_every_mistake_on_a_line_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    status: int,
) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(MINIMAL.replace('unit = "call"', "").replace('"base"', '"bass"'), encoding="utf-8")
    # The log of the other tests is not this command's to set up.
    monkeypatch.setattr("portal.cli.__main__.configure", lambda _level: None)
    for name, value in {**ENVIRONMENT, "CATALOG": str(path)}.items():
        monkeypatch.setenv(name, value)
    assert main(["catalog", *words.split()]) == status
    assert capsys.readouterr().err.splitlines() == [
        "catalog.toml:3: meters.calls: `unit` is missing",
        "catalog.toml:15: plans.paid.components[0].kind: 'bass' is not one of base, seat, meter",
    ]
