"""What a quantity costs at one price: per unit, by package, graduated or by volume.

Works on the price as it stands on the wire. The result is exact; `lines` rounds the item once and splits the
rounded total over the tiers it entered.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from portal.emulator.billing.amounts import allocate, exact, round_half_away

Price = dict[str, Any]


class TierCharge(NamedTuple):
    """One tier's part of a charge: how many units at which unit price, plus that tier's flat fee (exact)."""

    quantity: Fraction
    unit_amount: Fraction
    flat_amount: Fraction
    tier: int | None

    @property
    def amount(self) -> Fraction:
        return self.quantity * self.unit_amount + self.flat_amount


def unit_amount(price: Price) -> Fraction:
    """Read the exact unit amount of a per-unit price."""
    decimal = price.get("unit_amount_decimal")
    return exact(decimal if decimal is not None else price.get("unit_amount"))


def packaged(price: Price, quantity: Fraction) -> Fraction:
    """Turn a quantity into packages where the price has transform_quantity; otherwise leave it."""
    transform = price.get("transform_quantity")
    if not transform:
        return quantity
    packages = quantity / transform["divide_by"]
    if transform["round"] == "up":
        return Fraction(-((-packages.numerator) // packages.denominator))
    return Fraction(packages.numerator // packages.denominator)


def charges(price: Price, quantity: Fraction | int) -> list[TierCharge]:
    """Break a quantity into the charges of the tiers it enters.

    A graduated price charges each tier's flat fee as the tier is entered, the first one also for a quantity of
    zero; a volume price charges all units at the tier reached.
    """
    quantity = Fraction(quantity)
    if price["billing_scheme"] == "per_unit":
        return [TierCharge(packaged(price, quantity), unit_amount(price), Fraction(0), None)]
    found: list[TierCharge] = []
    below = Fraction(0)
    for number, tier in enumerate(price["tiers"], start=1):
        top = None if tier["up_to"] is None else Fraction(tier["up_to"])
        reached = top is None or quantity <= top
        unit, flat = _tier_amounts(tier)
        if price["tiers_mode"] == "volume":
            if reached:
                return [TierCharge(quantity, unit, flat, number)]
            continue
        inside = (quantity if reached or top is None else top) - below
        if inside > 0 or number == 1:
            found.append(TierCharge(inside, unit, flat, number))
        if reached or top is None:
            break
        below = top
    return found


def amount(price: Price, quantity: Fraction | int) -> Fraction:
    """Give the exact cost of a quantity in minor units."""
    return sum((charge.amount for charge in charges(price, quantity)), Fraction(0))


def lines(price: Price, quantity: Fraction | int) -> list[tuple[TierCharge, int]]:
    """Give each tier's charge with its share of the item's cost, which is rounded once as a whole."""
    found = charges(price, quantity)
    total = round_half_away(sum((charge.amount for charge in found), Fraction(0)))
    if any(charge.amount < 0 for charge in found):
        return [(charge, round_half_away(charge.amount)) for charge in found]
    return list(zip(found, allocate(total, [charge.amount for charge in found]), strict=True))


def _tier_amounts(tier: dict[str, Any]) -> tuple[Fraction, Fraction]:
    unit = tier.get("unit_amount_decimal")
    flat = tier.get("flat_amount_decimal")
    return (
        exact(unit if unit is not None else tier.get("unit_amount")),
        exact(flat if flat is not None else tier.get("flat_amount")),
    )
