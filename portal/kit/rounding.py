"""The one rounding rule of the portal: half away from zero, to whole minor units, once per line; and the way back from
exact fractions to decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction


def round_half_away(value: Decimal | Fraction) -> int:
    """Round to the nearest integer; exact halves go away from zero (ROUND_HALF_UP in Decimal's words)."""
    if isinstance(value, Fraction):
        sign = -1 if value < 0 else 1
        doubled = 2 * abs(value)
        return sign * ((doubled.numerator + doubled.denominator) // (2 * doubled.denominator))
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def exact_decimal(value: Fraction) -> Decimal:
    """Turn a fraction that came from decimals back into one; exact up to 60 digits."""
    with localcontext(prec=60):
        return Decimal(value.numerator) / Decimal(value.denominator)
