"""How coupons come off invoice lines: percentages and fixed amounts, shared out so that the lines add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from portal.emulator.billing.amounts import allocate, round_half_away


@dataclass(frozen=True)
class Reduction:
    """One discount ready to be applied: its id and its coupon as on the wire."""

    discount_id: str
    coupon: dict[str, Any]


@dataclass
class Discountable:
    """A line as discounts see it; `taken` collects what came off, in order."""

    amount: int
    product: str | None = None
    discountable: bool = True
    own: Sequence[Reduction] = ()
    taken: list[tuple[str, int]] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.amount - sum(amount for _, amount in self.taken)


def apply_discounts(lines: Sequence[Discountable], shared: Sequence[Reduction], currency: str) -> None:
    """Take each line's own discounts first, then the invoice's, in their order.

    Only positive, discountable lines whose product the coupon covers are reduced, and never below zero.
    """
    for line in lines:
        for reduction in line.own:
            _reduce([line], reduction, currency)
    for reduction in shared:
        _reduce(lines, reduction, currency)


def _reduce(lines: Sequence[Discountable], reduction: Reduction, currency: str) -> None:
    products = (reduction.coupon.get("applies_to") or {}).get("products")
    eligible = [
        line
        for line in lines
        if line.discountable and line.left > 0 and (products is None or line.product in products)
    ]
    base = sum(line.left for line in eligible)
    off = _amount_off(reduction.coupon, base, currency)
    if off <= 0:
        return
    for line, part in zip(eligible, allocate(off, [line.left for line in eligible]), strict=True):
        line.taken.append((reduction.discount_id, part))


def _amount_off(coupon: dict[str, Any], base: int, currency: str) -> int:
    percent = coupon.get("percent_off")
    if percent is not None:
        return round_half_away(base * Fraction(str(percent)) / 100)
    if coupon.get("currency") == currency:
        return min(base, int(coupon["amount_off"]))
    option = (coupon.get("currency_options") or {}).get(currency)
    return min(base, int(option["amount_off"])) if option else 0
