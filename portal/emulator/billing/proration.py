"""Prorations by the second: what the rest of a period costs and what the unused part of a charge is worth."""

from __future__ import annotations

from fractions import Fraction

from portal.emulator.billing.amounts import round_half_away
from portal.emulator.billing.periods import Period


def remaining(period: Period, at: int) -> Fraction:
    """Give the part of a period that is still to come, between 0 and 1."""
    length = period.end - period.start
    if length <= 0:
        return Fraction(0)
    return min(Fraction(1), max(Fraction(0), Fraction(period.end - at, length)))


def debit(full_amount: Fraction | int, period: Period, at: int) -> int:
    """Price the rest of a period from what the whole period would cost."""
    return round_half_away(Fraction(full_amount) * remaining(period, at))


def credit(charged: int, charged_for: Period, at: int, already_credited: int = 0) -> int:
    """Value the unused part of what was really charged, as a negative amount.

    Under the flexible billing mode a credit comes from the amount debited (after its discounts) and all credits
    against one debit together never exceed it. `already_credited` is positive.
    """
    unused = round_half_away(Fraction(charged) * remaining(charged_for, at))
    return -min(unused, charged - already_credited) if charged >= 0 else -unused
