"""When a change of plan takes effect. Pure: the catalogue's rules applied to what the change makes more or less of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from portal.plans.catalog import ChangeRule, ChangeRules, Interval, Plan, When
from portal.plans.rates import MONTHS, recurring_cost


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan as somebody has it or wants it. `seats` None: the plan sells none."""

    plan: Plan
    interval: Interval
    seats: int | None


def takes_effect(rules: ChangeRules, before: Terms, after: Terms, currency: str) -> When:
    """Return "now" or "period_end": of the parts that change, the one that waits longest decides."""
    return "period_end" if "period_end" in _votes(rules, before, after, currency) else "now"


def _votes(rules: ChangeRules, before: Terms, after: Terms, currency: str) -> Iterator[When]:
    if before.plan.key != after.plan.key:
        yield _vote(
            rules.plan,
            _per_month(after, before.interval, currency) - _per_month(before, before.interval, currency),
        )
    if before.interval != after.interval:
        yield _vote(rules.interval, MONTHS[after.interval] - MONTHS[before.interval])
    if before.seats is not None and after.seats is not None and before.seats != after.seats:
        yield _vote(rules.seats, after.seats - before.seats)


def _vote(rule: ChangeRule, difference: Fraction | int) -> When:
    return rule.up if difference >= 0 else rule.down


def _per_month(terms: Terms, interval: Interval, currency: str) -> Fraction:
    """Both plans are compared by the same interval, so that a yearly rebate makes no plan look cheaper."""
    return Fraction(
        recurring_cost(terms.plan, interval, currency, seats=terms.seats or 0).minor, MONTHS[interval]
    )
