"""What a quantity costs, and why. The amount is exact until the end and rounded once, half away from zero; the
lines share it out so that they always add up to it. Quantities are whole numbers or Decimals, never floats."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Literal

from portal.kit.money import Money, allocate
from portal.kit.rounding import exact_decimal, round_half_away
from portal.pricing.models import PriceModel

LineKind = Literal["fee", "included", "units", "packages", "tier", "minimum", "cap"]


@dataclass(frozen=True, slots=True)
class CostLine:
    """One reason for a part of the amount.

    `quantity` units (or packages) at `rate` minor units each plus `flat_amount`. `first` and `last` are the units a
    tier covers (last None: no end). The kinds `minimum` and `cap` only carry the difference they make.
    """

    kind: LineKind
    amount: Money
    quantity: Decimal
    rate: Decimal = Decimal(0)
    flat_amount: int = 0
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount and the lines that add up to it."""

    amount: Money
    lines: tuple[CostLine, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A line before rounding."""

    kind: LineKind
    quantity: Fraction
    rate: Fraction = Fraction(0)
    flat_amount: int = 0
    first: int | None = None
    last: int | None = None

    @property
    def exact(self) -> Fraction:
        return self.quantity * self.rate + self.flat_amount


def cost(model: PriceModel, quantity: int | Decimal) -> Cost:
    """Price a quantity. Raises ValueError for a negative one and TypeError for a float."""
    if isinstance(quantity, float):
        raise TypeError("a quantity is a whole number or a Decimal")
    if quantity < 0:
        raise ValueError("a quantity cannot be negative")
    return _cost(model, quantity)


# Pages price the same few quantities over and over.
@lru_cache(maxsize=2048)
def _cost(model: PriceModel, quantity: int | Decimal) -> Cost:
    parts = _parts(model, Fraction(quantity))
    exact = sum((part.exact for part in parts), Fraction(0))
    plain = Money(round_half_away(exact), model.currency)
    lines = _share(parts, plain)
    if model.minimum_amount is not None and plain.minor < model.minimum_amount:
        return _bounded(lines, plain, model.minimum_amount, "minimum")
    if model.cap_amount is not None and plain.minor > model.cap_amount:
        return _bounded(lines, plain, model.cap_amount, "cap")
    return Cost(plain, tuple(lines))


def _parts(model: PriceModel, quantity: Fraction) -> list[_Part]:
    if model.kind == "flat":
        return [_Part("fee", Fraction(1), Fraction(model.rate))]
    parts: list[_Part] = []
    if model.included:
        parts.append(_Part("included", min(quantity, Fraction(model.included)), last=model.included))
    billed = max(quantity - model.included, Fraction(0))
    match model.kind:
        case "per_unit":
            parts.append(_Part("units", billed, Fraction(model.rate)))
        case "package":
            packages = -(-billed // model.package_size)
            parts.append(_Part("packages", Fraction(packages), Fraction(model.rate)))
        case "volume":
            parts.append(_volume_part(model, billed))
        case "graduated":
            parts.extend(_graduated_parts(model, billed))
    return parts


def _graduated_parts(model: PriceModel, billed: Fraction) -> list[_Part]:
    """Split the units over the tiers they reach. The first tier counts at zero units too, as at Stripe; but where
    units are included, these are Stripe's first tier, and ours begin with the first unit that is billed."""
    parts: list[_Part] = []
    if model.included and not billed:
        return parts
    below = 0
    for tier in model.tiers:
        top = billed if tier.up_to is None else min(billed, Fraction(tier.up_to))
        if parts and top <= below:
            break
        parts.append(
            _Part(
                "tier", top - below, Fraction(tier.rate), tier.flat_amount, *_span(model, below, tier.up_to)
            )
        )
        if tier.up_to is None:
            break
        below = tier.up_to
    return parts


def _volume_part(model: PriceModel, billed: Fraction) -> _Part:
    below = 0
    for tier in model.tiers:
        if tier.up_to is None or billed <= tier.up_to:
            return _Part(
                "tier", billed, Fraction(tier.rate), tier.flat_amount, *_span(model, below, tier.up_to)
            )
        below = tier.up_to
    raise AssertionError("the last tier has no end")


def _span(model: PriceModel, below: int, up_to: int | None) -> tuple[int, int | None]:
    """The first and last unit of a tier as a person counts them, the included units before it."""
    return below + 1 + model.included, None if up_to is None else up_to + model.included


def _share(parts: list[_Part], amount: Money) -> list[CostLine]:
    weights = [part.exact for part in parts]
    if any(weights):
        whole = lcm(*(weight.denominator for weight in weights))
        shares = allocate(amount, [int(weight * whole) for weight in weights])
    else:
        shares = [amount] * len(parts)
    return [
        CostLine(
            part.kind,
            share,
            exact_decimal(part.quantity),
            exact_decimal(part.rate),
            part.flat_amount,
            part.first,
            part.last,
        )
        for part, share in zip(parts, shares, strict=True)
    ]


def _bounded(lines: list[CostLine], plain: Money, bound: int, kind: Literal["minimum", "cap"]) -> Cost:
    difference = Money(bound - plain.minor, plain.currency)
    return Cost(Money(bound, plain.currency), (*lines, CostLine(kind, difference, Decimal(1))))
