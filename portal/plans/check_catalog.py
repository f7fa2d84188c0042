"""The rules of the catalogue: what has to hold between its parts so that it can be sold, and billed by Stripe exactly
as the pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from portal.plans.catalog import INTERVALS, Catalog, Component, Plan, Rate, Retention, Tier
from portal.plans.check_shape import Problem
from portal.plans.locate import Place
from portal.plans.rates import price_model
from portal.pricing.tiers import NotInTiers, tiers_of

MOST_DECIMALS = 12
"""How many decimals of a minor unit Stripe keeps in a unit amount."""
MOST_METER_DECIMALS = 9
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[a-z]{3}")


def broken_rules(catalog: Catalog) -> Iterator[Problem]:
    """Go through everything that is wrong with a catalogue of the right shape."""
    if sum(plan.is_free for plan in catalog.plans.values()) != 1:
        yield Problem(("plans",), "exactly one plan must be free (have no components)")
    yield from _currencies(catalog.currencies)
    for group, tables in (
        ("meters", catalog.meters),
        ("features", catalog.features),
        ("plans", catalog.plans),
    ):
        for key in tables:
            if not _KEY.fullmatch(key):
                yield Problem((group, key), "keys are up to 40 of a-z, 0-9 and _, beginning with a letter")
    for meter in catalog.meters.values():
        if not 0 <= meter.scale <= MOST_METER_DECIMALS:
            yield Problem(("meters", meter.key, "scale"), f"must be 0 to {MOST_METER_DECIMALS}")
    if catalog.retention is not None:
        yield from _retention(catalog.retention)
    for plan in catalog.plans.values():
        yield from _plan(catalog, plan, ("plans", plan.key))


def _currencies(currencies: Sequence[str]) -> Iterator[Problem]:
    if not currencies:
        yield Problem(("currencies",), "must name at least one currency")
    for index, currency in enumerate(currencies):
        if not _CURRENCY.fullmatch(currency):
            yield Problem(("currencies", index), f"{currency!r} is not a lower-case currency code")
        elif currency in currencies[:index]:
            yield Problem(("currencies", index), f"{currency!r} stands there twice")


def _retention(offer: Retention) -> Iterator[Problem]:
    if not 1 <= offer.percent_off <= 100:
        yield Problem(("retention", "percent_off"), "must be 1 to 100")
    if offer.months < 1:
        yield Problem(("retention", "months"), "must be at least 1")


def _plan(catalog: Catalog, plan: Plan, place: Place) -> Iterator[Problem]:
    for index, feature in enumerate(plan.features):
        if feature not in catalog.features:
            yield Problem((*place, "features", index), f"unknown feature {feature!r}")
    for limit in plan.limits:
        if limit not in catalog.meters:
            yield Problem((*place, "limits", limit), f"unknown meter {limit!r}")
    for name, value, least in (
        ("trial_days", plan.trial_days, 0),
        ("pause_months", plan.pause_months, 0),
        ("included_seats", plan.included_seats, 1),
    ):
        if value < least:
            yield Problem((*place, name), f"must be at least {least}")
    keys = [component.key for component in plan.components]
    for index, component in enumerate(plan.components):
        here = (*place, "components", index)
        if component.key in keys[:index]:
            yield Problem(here, "the same component stands there twice")
        yield from _component(catalog, component, here)


def _component(catalog: Catalog, component: Component, place: Place) -> Iterator[Problem]:
    if (component.kind == "meter") != (component.meter is not None):
        yield Problem(place, "`meter` belongs to components of kind meter, and only to those")
    elif component.meter is not None and component.meter not in catalog.meters:
        yield Problem((*place, "meter"), f"unknown meter {component.meter!r}")
    if (component.kind == "base") != (component.model == "flat"):
        yield Problem(place, "a base fee, and only a base fee, is flat")
    if component.included and component.model not in ("per_unit", "graduated"):
        # Stripe has no such price, so what the portal shows could not be what the invoice says.
        yield Problem((*place, "included"), f"a {component.model} price cannot have included units")
    for name, value, least in (
        ("included", component.included, 0),
        ("minimum", component.minimum, 1),
        ("package_size", component.package_size, 1),
    ):
        if value < least:
            yield Problem((*place, name), f"must be at least {least}")
    if component.maximum is not None and component.maximum < component.minimum:
        yield Problem((*place, "maximum"), "the maximum is below the minimum")
    yield from _rates(catalog, component, (*place, "rates"))


def _rates(catalog: Catalog, component: Component, place: Place) -> Iterator[Problem]:
    for interval in INTERVALS:
        by_currency = component.rates.get(interval)
        if by_currency is None and component.kind == "meter" and interval == "year":
            continue
        if set(by_currency or ()) != set(catalog.currencies):
            yield Problem((*place, interval), f"needs exactly the currencies {', '.join(catalog.currencies)}")
        for currency, rate in (by_currency or {}).items():
            here = (*place, interval, currency)
            wrong = [*_rate(component, rate, here), *_tiers(rate.tiers, here)]
            yield from wrong
            if not wrong and component.included >= 0 and component.package_size > 0:
                try:
                    tiers_of(
                        price_model(component, interval, currency),
                        whole_units=_in_whole_units(catalog, component),
                    )
                except NotInTiers as error:
                    yield Problem(here, f"Stripe cannot bill this exactly: {error}")


def _rate(component: Component, rate: Rate, place: Place) -> Iterator[Problem]:
    tiered = component.model in ("graduated", "volume")
    if tiered != bool(rate.tiers) or tiered == (rate.amount is not None):
        wanted = "tiers" if tiered else "amount"
        yield Problem(place, f"{component.model} needs {wanted}, and nothing else")
    rates = [rate.amount or Decimal(0), *(tier.unit_amount for tier in rate.tiers)]
    bounds = [each for each in (rate.minimum_amount, rate.cap_amount) if each is not None]
    if not all(each.is_finite() for each in rates):
        yield Problem(place, "an amount must be a number")
        return
    if min(rates) < 0 or min((*(tier.flat_amount for tier in rate.tiers), *bounds), default=0) < 0:
        yield Problem(place, "a price cannot be negative")
    if any(_decimals(each) > MOST_DECIMALS for each in rates):
        yield Problem(place, f"a price has at most {MOST_DECIMALS} decimals")
    if bounds != sorted(bounds):
        yield Problem(place, "the minimum is above the cap")


def _tiers(tiers: tuple[Tier, ...], place: Place) -> Iterator[Problem]:
    ends = [tier.up_to for tier in tiers]
    if tiers and (ends[-1] is not None or None in ends[:-1]):
        yield Problem(place, "the last tier, and only it, has no up_to")
    finite = [end for end in ends if end is not None]
    if finite != sorted(set(finite)) or any(end < 1 for end in finite):
        yield Problem(place, "up_to must grow from tier to tier")


def _in_whole_units(catalog: Catalog, component: Component) -> bool:
    meter = catalog.meters.get(component.meter or "")
    return meter is None or meter.scale == 0


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "the amount is finite"
    return -exponent
