"""A price said in graduated or volume tiers alone, which is how Stripe can bill it: Stripe knows no included units, no
minimum and no cap. The tiers cost exactly what the model costs, or there are none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from portal.kit.rounding import exact_decimal
from portal.pricing.models import PriceModel, Tier

Tiers = tuple[Tier, ...]


class NotInTiers(ValueError):
    """No tiers cost exactly what the model costs; the message says why."""


def tiers_of(model: PriceModel, *, whole_units: bool = True) -> Tiers:
    """Return the tiers of a price; empty where its rate alone (the fee, per unit or per package) says it all.

    Included units are a first tier that costs nothing; a minimum is a first tier with a fee; a cap ends in a tier
    that costs nothing more. Where a bound is reached within a unit, that unit is a tier of its own, which is exact
    for quantities in `whole_units` only. Raises NotInTiers.
    """
    bounded = model.minimum_amount is not None or model.cap_amount is not None
    if bounded and model.kind not in ("per_unit", "graduated"):
        raise NotInTiers(f"a {model.kind} price cannot have a minimum or a cap")
    if model.kind == "per_unit":
        tiers: Tiers = (Tier(None, model.rate),) if bounded or model.included else ()
    else:
        tiers = model.tiers
    if model.included:
        free = Tier(model.included, Decimal(0))
        tiers = (free, *(_moved(tier, model.included) for tier in tiers))
    if model.minimum_amount is not None:
        tiers = _at_least(tiers, model.minimum_amount, whole_units)
    if model.cap_amount is not None:
        tiers = _at_most(tiers, model.cap_amount, whole_units)
    return tiers


def _moved(tier: Tier, by: int) -> Tier:
    return Tier(None if tier.up_to is None else tier.up_to + by, tier.rate, tier.flat_amount)


def _at_least(tiers: Tiers, least: int, whole_units: bool) -> Tiers:
    covered = _units_for(tiers, least)
    if covered is None:
        return (Tier(None, Decimal(0), least),)
    if covered < 0 or (covered == 0 and _cost(tiers, 0) == least):
        return tiers
    head = (Tier(covered, Decimal(0), least),) if covered else ()
    if _cost(tiers, covered) == least:
        return head + _after(tiers, covered)
    _refuse_within_a_unit(whole_units, "minimum", least)
    step = exact_decimal(_cost(tiers, covered + 1) - least)
    return (*head, Tier(covered + 1, step, 0 if head else least), *_after(tiers, covered + 1))


def _at_most(tiers: Tiers, most: int, whole_units: bool) -> Tiers:
    covered = _units_for(tiers, most)
    if covered is None:
        return tiers
    if covered < 0:
        return (Tier(None, Decimal(0), most),)
    entry = 0 if covered else tiers[0].flat_amount
    head = _until(tiers, covered)
    missing = most - _cost(tiers, covered)
    if not missing:
        return (*head, Tier(None, Decimal(0), entry))
    _refuse_within_a_unit(whole_units, "cap", most)
    return (*head, Tier(covered + 1, exact_decimal(missing), entry), Tier(None, Decimal(0)))


def _refuse_within_a_unit(whole_units: bool, bound: str, amount: int) -> None:
    if not whole_units:
        raise NotInTiers(f"the {bound} of {amount} is not what a whole number of units costs")


def _units_for(tiers: Tiers, amount: int) -> int | None:
    """Return the most units that cost no more than the amount: None if any number, -1 if not even none of them."""
    below, spent = 0, Fraction(0)
    for tier in tiers:
        spent += tier.flat_amount
        if spent > amount:
            return below if below else -1
        if tier.up_to is None and not tier.rate:
            return None
        size = None if tier.up_to is None else tier.up_to - below
        affordable = (amount - spent) // Fraction(tier.rate) if tier.rate else size
        assert affordable is not None
        if size is None or affordable < size:
            return below + affordable
        below, spent = below + size, spent + size * Fraction(tier.rate)
    raise AssertionError("the last tier has no end")


def _cost(tiers: Tiers, units: int) -> Fraction:
    """Return the exact cost of whole units; the first tier's fee is charged for none of them too."""
    below, spent = 0, Fraction(0)
    for tier in tiers:
        top = units if tier.up_to is None else min(units, tier.up_to)
        if top > below or not below:
            spent += (top - below) * Fraction(tier.rate) + tier.flat_amount
        if tier.up_to is None or units <= tier.up_to:
            break
        below = tier.up_to
    return spent


def _until(tiers: Tiers, units: int) -> Tiers:
    """Return the tiers cut off after so many units."""
    kept: list[Tier] = []
    below = 0
    for tier in tiers:
        if below >= units:
            break
        end = units if tier.up_to is None else min(units, tier.up_to)
        kept.append(Tier(end, tier.rate, tier.flat_amount))
        below = end
    return tuple(kept)


def _after(tiers: Tiers, units: int) -> Tiers:
    """Return what is left of the tiers after so many units; the fee of the one that was entered is paid already."""
    left: list[Tier] = []
    below = 0
    for tier in tiers:
        if tier.up_to is None or tier.up_to > units:
            left.append(Tier(tier.up_to, tier.rate, 0 if below < units else tier.flat_amount))
        below = tier.up_to or below
    return tuple(left)
