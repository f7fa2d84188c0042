"""Prices in words, from the catalogue: the headline of a plan's card and every price in detail. Amounts are written
with their currency, so that nothing has to be worked out by the reader."""

from __future__ import annotations

from dataclasses import dataclass

from portal.plans.catalog import Catalog, Component, Interval, Plan
from portal.plans.rates import price_model
from portal.pricing.cost import Cost, CostLine
from portal.pricing.models import PriceModel, Tier
from portal.web.filters import amount_in, number, plural, unit_price


@dataclass(frozen=True, slots=True)
class Headline:
    """The price that stands large on a card (`amount`), what it is for (`per`), and a line below it (`note`)."""

    amount: str
    per: str
    note: str | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """All about one component of a plan: what is billed and its price, one line for each tier."""

    what: str
    lines: tuple[str, ...]


def headline(plan: Plan, interval: Interval, currency: str) -> Headline:
    """Return the large price of a plan: its base fee, else its price per seat; nothing where only use is billed."""
    first = _first_licensed(plan)
    if first is None:
        note = "No card needed" if plan.is_free else "plus usage"
        return Headline(_whole(amount_in(0, currency)), f"per {interval}", note)
    model = price_model(first, interval, currency)
    per = f"per {interval}" if first.kind == "base" else f"per seat and {interval}"
    return Headline(_headline_amount(model), per, _extras(plan, first))


def price_rows(catalog: Catalog, plan: Plan, interval: Interval, currency: str) -> list[PriceRow]:
    """Return every price of a plan in words."""
    return [_price_row(catalog, component, interval, currency) for component in plan.components]


def component_name(catalog: Catalog, component: Component) -> str:
    """Return what a component is called on pages."""
    if component.meter is not None:
        return catalog.meters[component.meter].name
    return "Seats" if component.kind == "seat" else "Base fee"


def component_unit(catalog: Catalog, component: Component) -> str:
    """Return what one unit of a component is called."""
    return catalog.meters[component.meter].unit if component.meter is not None else "seat"


def _price_row(catalog: Catalog, component: Component, interval: Interval, currency: str) -> PriceRow:
    name, billed = component_name(catalog, component), component.interval_for(interval)
    lines = price_lines(
        price_model(component, interval, currency), billed, component_unit(catalog, component)
    )
    return PriceRow(name if billed == interval else f"{name}, billed by the {billed}", lines)


def price_lines(model: PriceModel, interval: str, unit: str) -> tuple[str, ...]:
    """Return a price in words, one line for each tier, and for the least and the most that is billed."""
    bounds = [
        f"{words} {amount_in(amount, model.currency)} per {interval}"
        for words, amount in (("At least", model.minimum_amount), ("Never more than", model.cap_amount))
        if amount is not None
    ]
    return (*_lines(model, interval, unit), *bounds)


def _lines(model: PriceModel, interval: str, unit: str) -> tuple[str, ...]:
    match model.kind:
        case "flat":
            return (f"{unit_price(model.rate, model.currency)} per {interval}",)
        case "per_unit":
            each = f"{unit_price(model.rate, model.currency)} per {unit} and {interval}"
            return (f"{plural(model.included, unit)} included, then {each}" if model.included else each,)
        case "package":
            size = plural(model.package_size, unit)
            return (f"{unit_price(model.rate, model.currency)} for every {size} begun",)
        case _:
            return tuple(_tier_lines(model, unit))


def cost_note(priced: Cost, unit: str) -> str | None:
    """Return how an amount came about, such as "5 included, 3 at $12.00"; None where there is nothing to explain."""
    words = [_cost_line_words(line, unit) for line in priced.lines if line.kind != "fee"]
    return ", ".join(word for word in words if word) or None


def _cost_line_words(line: CostLine, unit: str) -> str:
    currency = line.amount.currency
    if line.kind == "minimum":
        return f"{amount_in(line.amount.minor, currency)} up to the minimum"
    if line.kind == "cap":
        return f"{amount_in(-line.amount.minor, currency)} off by the cap"
    if not line.quantity:
        return ""
    noun = "package" if line.kind == "packages" else unit
    count = f"{number(line.quantity)} {noun if line.quantity == 1 else noun + 's'}"
    flat = f" plus {amount_in(line.flat_amount, currency)}" if line.flat_amount else ""
    return f"{count} {f'at {unit_price(line.rate, currency)}' if line.rate else 'included'}{flat}"


def _tier_lines(model: PriceModel, unit: str) -> list[str]:
    lines = []
    if model.included:
        lines.append(f"The first {plural(model.included, unit)} included")
    first = 1 + model.included
    for tier in model.tiers:
        last = None if tier.up_to is None else tier.up_to + model.included
        span = _span(first, last, unit)
        if model.kind == "volume" and first == 1 and last is not None:
            span = f"Up to {plural(last, unit)}:"
        lines.append(f"{span} {_tier_price(tier, model, is_first=first == 1)}")
        first = (last or 0) + 1
    return lines


def _span(first: int, last: int | None, unit: str) -> str:
    if last is None:
        return f"From {number(first)} {unit}s:" if first > 1 else f"Every {unit}:"
    if first == 1:
        return f"The first {plural(last, unit)}:"
    return f"{number(first)} to {number(last)}:"


def _tier_price(tier: Tier, model: PriceModel, *, is_first: bool) -> str:
    parts = []
    if tier.rate:
        word = "each" if model.kind == "graduated" or is_first else "each for all of them"
        parts.append(f"{unit_price(tier.rate, model.currency)} {word}")
    if tier.flat_amount:
        parts.append(f"{amount_in(tier.flat_amount, model.currency)} once")
    return " plus ".join(parts) or "included"


def _first_licensed(plan: Plan) -> Component | None:
    return next((component for component in plan.components if component.kind != "meter"), None)


def _headline_amount(model: PriceModel) -> str:
    return _whole(unit_price(model.tiers[0].rate if model.tiers else model.rate, model.currency))


def _whole(amount: str) -> str:
    """Leave decimals that are all zero out: on a card the large figure reads better without them."""
    whole, point, decimals = amount.rpartition(".")
    return whole if point and not decimals.strip("0") else amount


def _extras(plan: Plan, first: Component) -> str | None:
    kinds = {component.kind for component in plan.components if component is not first}
    words = [word for kind, word in (("seat", "seats"), ("meter", "usage")) if kind in kinds]
    return f"plus {' and '.join(words)}" if words else None
