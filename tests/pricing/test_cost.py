"""What a quantity costs under every model: golden tables with boundaries, zero, fractions of a cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.pricing.cost import Cost, cost
from portal.pricing.models import PriceModel, Tier

GRADUATED = PriceModel(
    "graduated",
    "usd",
    tiers=(
        Tier(10_000, Decimal(0)),
        Tier(50_000, Decimal("0.04")),
        Tier(None, Decimal("0.03")),
    ),
)
VOLUME = PriceModel(
    "volume",
    "usd",
    tiers=(Tier(10, Decimal(1_000)), Tier(100, Decimal(800), 500), Tier(None, Decimal(500))),
)


def explained(priced: Cost) -> list[tuple[str, str, int]]:
    return [(line.kind, str(line.quantity), line.amount.minor) for line in priced.lines]


def test_a_flat_fee_does_not_depend_on_the_quantity() -> None:
    fee = PriceModel("flat", "usd", rate=Decimal(19_900))
    assert [cost(fee, quantity).amount.minor for quantity in (0, 1, 7)] == [19_900, 19_900, 19_900]


@pytest.mark.parametrize(("seats", "amount"), [(0, 0), (1, 1_500), (3, 4_500), (500, 750_000)])
def test_a_price_per_unit_multiplies(seats: int, amount: int) -> None:
    assert cost(PriceModel("per_unit", "usd", rate=Decimal(1_500)), seats).amount.minor == amount


@pytest.mark.parametrize(("units", "amount"), [(0, 0), (1, 0), (12, 0), (13, 1), (25, 1), (37, 1), (38, 2)])
def test_fractions_of_a_cent_are_rounded_once_for_the_whole_line(units: int, amount: int) -> None:
    assert cost(PriceModel("per_unit", "usd", rate=Decimal("0.04")), units).amount.minor == amount


@pytest.mark.parametrize(
    ("units", "packages"), [("0", 0), ("0.001", 1), ("100", 1), ("100.001", 2), ("250", 3)]
)
def test_a_started_package_is_a_whole_package(units: str, packages: int) -> None:
    price = PriceModel("package", "usd", rate=Decimal(50), package_size=100)
    assert cost(price, Decimal(units)).amount.minor == packages * 50


@pytest.mark.parametrize(
    ("calls", "amount"),
    [
        (0, 0),
        (10_000, 0),
        (10_001, 0),
        (10_012, 0),
        (10_013, 1),
        (50_000, 1_600),
        (50_001, 1_600),
        (50_017, 1_601),
        (1_000_000, 30_100),
    ],
)
def test_a_graduated_price_charges_each_tier_for_the_units_in_it(calls: int, amount: int) -> None:
    assert cost(GRADUATED, calls).amount.minor == amount


def test_a_graduated_price_explains_each_tier_it_reached() -> None:
    priced = cost(GRADUATED, 60_000)
    assert explained(priced) == [("tier", "10000", 0), ("tier", "40000", 1_600), ("tier", "10000", 300)]
    assert [(line.first, line.last) for line in priced.lines] == [
        (1, 10_000),
        (10_001, 50_000),
        (50_001, None),
    ]


def test_the_flat_fee_of_the_first_tier_is_due_at_zero_units_and_later_ones_when_reached() -> None:
    price = PriceModel(
        "graduated", "usd", tiers=(Tier(5, Decimal(100), 1_000), Tier(None, Decimal(50), 2_000))
    )
    assert [cost(price, units).amount.minor for units in (0, 5, 6)] == [1_000, 1_500, 3_550]


@pytest.mark.parametrize(
    ("units", "amount"), [(0, 0), (10, 10_000), (11, 9_300), (100, 80_500), (101, 50_500)]
)
def test_a_volume_price_charges_all_units_at_the_tier_reached(units: int, amount: int) -> None:
    assert cost(VOLUME, units).amount.minor == amount


@pytest.mark.parametrize(("units", "amount"), [(0, 0), (5, 0), (6, 1_500), (7, 3_000)])
def test_included_units_cost_nothing(units: int, amount: int) -> None:
    price = PriceModel("per_unit", "usd", rate=Decimal(1_500), included=5)
    assert cost(price, units).amount.minor == amount


def test_included_units_are_a_line_of_their_own() -> None:
    priced = cost(PriceModel("per_unit", "usd", rate=Decimal(1_500), included=5), 7)
    assert explained(priced) == [("included", "5", 0), ("units", "2", 3_000)]


def test_tiers_are_counted_after_the_included_units() -> None:
    price = PriceModel("graduated", "usd", tiers=(Tier(10, Decimal(5)), Tier(None, Decimal(3))), included=100)
    priced = cost(price, 115)
    assert priced.amount.minor == 10 * 5 + 5 * 3
    assert [(line.first, line.last) for line in priced.lines[1:]] == [(101, 110), (111, None)]


def test_a_tiers_fee_waits_for_the_first_unit_that_is_not_included() -> None:
    price = PriceModel("graduated", "usd", tiers=(Tier(None, Decimal(5), 100),), included=3)
    assert [cost(price, units).amount.minor for units in (0, 3, 4)] == [0, 0, 105]


@pytest.mark.parametrize(("units", "amount"), [(0, 900), (5, 900), (9, 900), (10, 1_000)])
def test_a_minimum_fills_the_amount_up(units: int, amount: int) -> None:
    price = PriceModel("per_unit", "usd", rate=Decimal(100), minimum_amount=900)
    priced = cost(price, units)
    assert priced.amount.minor == amount
    assert sum(line.amount.minor for line in priced.lines) == amount


def test_a_cap_takes_the_rest_off_in_a_line_of_its_own() -> None:
    priced = cost(PriceModel("per_unit", "usd", rate=Decimal(100), cap_amount=1_000), 12)
    assert explained(priced) == [("units", "12", 1_200), ("cap", "1", -200)]


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 3), ("bhd", 3), ("usd", 3)])
def test_amounts_are_minor_units_of_any_currency(currency: str, amount: int) -> None:
    priced = cost(PriceModel("per_unit", currency, rate=Decimal("0.5")), 5)
    assert (priced.amount.minor, priced.amount.currency) == (amount, currency)


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        cost(GRADUATED, 1.5)  # type: ignore[arg-type]


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        cost(GRADUATED, -1)


@pytest.mark.parametrize(
    "mistake",
    [
        {"kind": "graduated"},
        {"kind": "flat", "tiers": (Tier(None, Decimal(1)),)},
        {"kind": "volume", "tiers": (Tier(5, Decimal(1)),)},
        {"kind": "package", "package_size": 0},
        {"kind": "per_unit", "included": -1},
        {"kind": "per_unit", "rate": Decimal(-1)},
        {"kind": "volume", "tiers": (Tier(None, Decimal(1), -5),)},
        {"kind": "per_unit", "minimum_amount": 2, "cap_amount": 1},
    ],
)
def test_a_model_that_contradicts_itself_is_refused(mistake: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        PriceModel(currency="usd", **mistake)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "model",
    [GRADUATED, VOLUME, PriceModel("package", "eur", rate=Decimal("45.5"), package_size=100, cap_amount=900)],
)
def test_a_model_survives_being_stored(model: PriceModel) -> None:
    assert PriceModel.from_json(model.to_json()) == model
