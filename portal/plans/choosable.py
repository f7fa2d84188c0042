"""Who may choose which plan. Pure, and the one place that says it: the plans page, Checkout, quotes and their
confirmation all ask here. A plan that somebody may not choose is to them as if it did not exist."""

from __future__ import annotations

from dataclasses import dataclass

from portal.plans.catalog import Plan


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant stands towards the catalogue: the key of the plan it is `on` (None: none of the catalogue's) and
    the keys of the plans it was `invited` to."""

    on: str | None
    invited: frozenset[str] = frozenset()


def may_choose(plan: Plan, standing: Standing) -> bool:
    """Tell whether a tenant may be on a plan from now on, in whatever interval and with however many seats.

    Whoever is on a plan keeps it, whatever became of its visibility; whoever left a plan that was withdrawn (`legacy`)
    does not come back to it.
    """
    if plan.key == standing.on:
        return True
    if plan.visibility == "invitation":
        return plan.key in standing.invited
    return plan.visibility != "legacy"


def is_shown(plan: Plan, standing: Standing, *, asked: str | None) -> bool:
    """Tell whether a plan stands on the tenant's plans page; a hidden one only if the address `asked` for it."""
    if not may_choose(plan, standing):
        return False
    return plan.visibility != "hidden" or plan.key in (standing.on, asked)
