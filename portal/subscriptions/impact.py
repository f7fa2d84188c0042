"""What a tenant would have less of after a change of plan: features, limits and use above them. Words for the quote;
nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from portal.plans.catalog import Catalog, Plan
from portal.web.filters import number, plural


def losses(
    catalog: Catalog, before: Plan, after: Plan, *, used: Mapping[str, Decimal], held: int, capacity: int
) -> list[str]:
    """Return a sentence for each thing that goes or gets less; empty where nothing does.

    `used` is by meter key, in the period that runs; `held` members hold a seat, `capacity` is how many can afterwards.
    """
    gone = [catalog.features[key].name for key in before.features if key not in after.features]
    found = [f"You will no longer have: {', '.join(gone)}."] if gone else []
    for key in catalog.meters:
        limit = _limit(after, key)
        earlier = _limit(before, key)
        if limit is not None and (earlier is None or limit < earlier):
            found.append(_less(catalog, key, limit, used.get(key, Decimal(0))))
    if held > capacity:
        found.append(
            f"{plural(held - capacity, 'member')} will lose a seat, because there will be {plural(capacity, 'seat')} "
            f"and {number(held)} are held now."
        )
    elif held and capacity == held:
        found.append(f"All {plural(capacity, 'seat')} will be taken by the members who hold one now.")
    return found


def _limit(plan: Plan, meter: str) -> int | None:
    """The most that can be used; None where use is billed instead, or not limited."""
    return None if plan.component(f"meter:{meter}") is not None else plan.limits.get(meter)


def _less(catalog: Catalog, key: str, limit: int, used: Decimal) -> str:
    meter = catalog.meters[key]
    words = f"{meter.name}: at most {plural(limit, meter.unit)} a month."
    if used > limit:
        words += f" You have used {number(used)} in this period, which would be too much."
    return words
