"""From prices at Stripe back to the components of a plan. What they cost is read from the prices themselves; a form
that Stripe does not know (included units, a minimum, a cap) comes back as the tiers it became."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import msgspec

from portal.gateway.prices import PriceSnapshot, PriceTerms
from portal.plans.catalog import INTERVALS, Component, Interval, Kind, Model, Plan, Rate, Tier

_LOOKUP_KEY = re.compile(
    r"(?P<plan>[a-z][a-z0-9_]*)\.(?P<component>base|seat|meter\.(?P<meter>[a-z][a-z0-9_]*))"
    r"\.(?P<interval>month|year)\.(?P<currency>[a-z]{3})"
)


@dataclass(frozen=True, slots=True)
class Sold:
    """A price of ours that is on sale, with what its lookup key says."""

    plan: str
    component: str
    meter: str | None
    interval: Interval
    currency: str
    price: PriceSnapshot
    terms: PriceTerms


def read_price(price: PriceSnapshot) -> Sold | None:
    """Read a price that a push made and that is on sale; None for all others."""
    found = _LOOKUP_KEY.fullmatch(price.lookup_key or "")
    if found is None or price.fingerprint is None or price.terms is None:
        return None
    component = found["component"].replace(".", ":")
    interval = next(each for each in INTERVALS if each == found["interval"])
    return Sold(found["plan"], component, found["meter"], interval, found["currency"], price, price.terms)


def components_of(
    sold: list[Sold], before: Plan, priced: Mapping[str, Mapping[str, PriceTerms]]
) -> tuple[Component, ...]:
    """Return the components of a plan whose prices are `sold`, in the order they had in the plan `before`.

    `priced`: what the components of that plan would cost at Stripe, by component and lookup key. What costs the
    same is taken over as it was said: the whole component, or if it can be, single rates of it.
    """
    keys = tuple(each.key for each in before.components) or ("base", "seat")
    components = []
    for key in in_order((each.component for each in sold), keys):
        here = [each for each in sold if each.component == key]
        known = before.component(key)
        if known is None:
            components.append(_component(here, {}))
            continue
        same = {each for each in here if priced[key].get(each.price.lookup_key or "") == each.terms}
        if len(same) == len(here) == len(priced[key]):
            components.append(known)
            continue
        rates = {(each.interval, each.currency): known.rate(each.interval, each.currency) for each in same}
        is_kept = known.model == _model(here) and not known.included
        found = _component(here, rates if is_kept else {})
        components.append(msgspec.structs.replace(found, minimum=known.minimum, maximum=known.maximum))
    return tuple(components)


def in_order(found: Iterable[str], before: Collection[str]) -> tuple[str, ...]:
    """Put names in the order they had, new ones behind them; each once."""
    places = {name: place for place, name in enumerate(before)}
    return tuple(sorted(dict.fromkeys(found), key=lambda name: places.get(name, len(places))))


def _component(here: list[Sold], known: Mapping[tuple[Interval, str], Rate]) -> Component:
    """Build a component from its prices; rates that are `known` stand there as they are."""
    model = _model(here)
    rates: dict[Interval, dict[str, Rate]] = {}
    for each in here:
        rate = known.get((each.interval, each.currency)) or _rate(each.terms, model)
        rates.setdefault(each.interval, {})[each.currency] = rate
    return Component(
        kind=cast("Kind", here[0].component.partition(":")[0]),
        model=model,
        meter=here[0].meter,
        package_size=here[0].terms.package_size or 1,
        rates=rates,
    )


def _model(here: list[Sold]) -> Model:
    if any(each.terms.tiers for each in here):
        return "volume" if any(each.terms.tiers_mode == "volume" for each in here) else "graduated"
    if here[0].terms.package_size is not None:
        return "package"
    return "flat" if here[0].component == "base" else "per_unit"


def _rate(terms: PriceTerms, model: Model) -> Rate:
    amount = terms.unit_rate or Decimal(0)
    if model not in ("graduated", "volume"):
        return Rate(amount=amount)
    # One of several prices may need no tiers, such as the one that has no cap.
    tiers = [
        Tier(up_to=each.up_to, unit_amount=each.unit_rate, flat_amount=each.flat_amount)
        for each in terms.tiers
    ]
    return Rate(tiers=tuple(tiers) or (Tier(unit_amount=amount),))
