"""The catalogue as code: `catalog.toml` parsed into frozen values and checked. It says what is sold; the `price`
table says what that became at Stripe. Amounts are minor units; unit amounts may be fractions of one, as decimal
strings ("0.04" is four hundredths of a cent)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
from flask import current_app

Interval = Literal["month", "year"]
Model = Literal["flat", "per_unit", "package", "graduated", "volume"]
Kind = Literal["base", "seat", "meter"]
When = Literal["now", "period_end"]
INTERVALS: tuple[Interval, ...] = ("month", "year")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[a-z]{3}")


class CatalogError(Exception):
    """The catalogue cannot be used; the message names the place and what is wrong there."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table of the file: unknown names are mistakes, not extras."""


class Tier(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units up to and including `up_to` (None: no end) cost `unit_amount` each, plus `flat_amount` once."""

    up_to: int | None = None
    unit_amount: Decimal = Decimal(0)
    flat_amount: int = 0


class Rate(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one component costs in one interval and currency. `amount` for flat, per_unit and package (per package);
    `tiers` for graduated and volume."""

    amount: Decimal | None = None
    tiers: tuple[Tier, ...] = ()


class Component(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a plan bills: its base fee, its seats, or a meter.

    `included` units cost nothing; `minimum` is the fewest seats sold, `maximum` the most (None: no limit);
    `package_size` is how many units a package holds. `rates[interval][currency]`; a meter that has rates by the month
    only is billed monthly in a plan paid by the year too.
    """

    kind: Kind
    model: Model
    meter: str | None = None
    included: int = 0
    minimum: int = 1
    maximum: int | None = None
    package_size: int = 1
    rates: dict[Interval, dict[str, Rate]]

    @property
    def key(self) -> str:
        """The component's name in rows and lookup keys: `base`, `seat` or `meter:<key>`."""
        return f"meter:{self.meter}" if self.kind == "meter" else self.kind

    def interval_for(self, interval: Interval) -> Interval:
        """Return how often the component is billed in a plan that is paid by `interval`."""
        return interval if interval in self.rates else "month"

    def rate(self, interval: Interval, currency: str) -> Rate:
        """Return the rate in a plan that is paid by `interval`; the check at load time made sure that it exists."""
        return self.rates[self.interval_for(interval)][currency]


class Meter(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something the host product counts. `scale` is the number of decimals kept."""

    name: str
    unit: str
    aggregation: Literal["sum", "count", "last"] = "sum"
    scale: int = 0
    key: str = ""

    @property
    def event_name(self) -> str:
        return f"portal_{self.key}"


class Feature(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something a plan switches on in the host product."""

    name: str
    key: str = ""


class Plan(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan. `limits` are hard numbers for the host product (`seats`, meter keys); `points` the lines on its card."""

    name: str
    tagline: str = ""
    visibility: Literal["public", "hidden", "invitation", "legacy"] = "public"
    highlighted: bool = False
    trial_days: int = 0
    included_seats: int = 1
    features: tuple[str, ...] = ()
    limits: dict[str, int] = {}
    points: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    key: str = ""

    @property
    def is_free(self) -> bool:
        return not self.components

    def component(self, key: str) -> Component | None:
        """Return the component called `base`, `seat` or `meter:<key>`, if the plan has it."""
        return next((each for each in self.components if each.key == key), None)

    @property
    def meters(self) -> tuple[Component, ...]:
        return tuple(each for each in self.components if each.kind == "meter")

    def lookup_key(self, component: Component, interval: Interval, currency: str) -> str:
        """The name under which Stripe finds the price that bills a component today in a plan paid by `interval`."""
        billed = component.interval_for(interval)
        return f"{self.key}.{component.key.replace(':', '.')}.{billed}.{currency}"


class ChangeRule(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a change of one part of a subscription takes effect: one that gives more, and one that gives less."""

    up: When
    down: When


class ChangeRules(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a change of plan takes effect, by what it changes; the part that waits longest decides.

    `plan`: to a dearer or a cheaper plan. `seats`: more or fewer along with it. `interval`: from month to year (up)
    or back. By default more comes at once and less when the time that is paid for is over.
    """

    plan: ChangeRule = ChangeRule(up="now", down="period_end")
    seats: ChangeRule = ChangeRule(up="now", down="period_end")
    interval: ChangeRule = ChangeRule(up="now", down="period_end")


class Catalog(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that is sold. Plans stand in the order of the file."""

    currencies: tuple[str, ...]
    changes: ChangeRules = ChangeRules()
    meters: dict[str, Meter] = {}
    features: dict[str, Feature] = {}
    plans: dict[str, Plan]

    @property
    def default_currency(self) -> str:
        return self.currencies[0]

    @property
    def free_plan(self) -> Plan:
        return next(plan for plan in self.plans.values() if plan.is_free)

    @property
    def public_plans(self) -> list[Plan]:
        return [plan for plan in self.plans.values() if plan.visibility == "public"]

    def prices(self) -> Iterator[tuple[Plan, Component, Interval, str]]:
        """Go through every price the catalogue sells: plan, component, interval and currency."""
        for plan in self.plans.values():
            for component in plan.components:
                for interval, by_currency in component.rates.items():
                    for currency in by_currency:
                        yield plan, component, interval, currency


def current_catalog() -> Catalog:
    """Return the catalogue of the running app."""
    catalog = current_app.extensions["catalog"]
    assert isinstance(catalog, Catalog)
    return catalog


def load_catalog(path: Path) -> Catalog:
    """Read and check the catalogue. Raises CatalogError naming the place of the first mistake."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"{path.name} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path.name}: {error}") from error
    for group in ("meters", "features", "plans"):
        for key, table in tables.get(group, {}).items():
            if isinstance(table, dict):
                table["key"] = key
    try:
        catalog = msgspec.convert(tables, Catalog, strict=False)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{path.name}: {error}") from error
    _check(catalog)
    return catalog


def _check(catalog: Catalog) -> None:
    if sum(plan.is_free for plan in catalog.plans.values()) != 1:
        raise CatalogError("exactly one plan must be free (have no components)")
    if not catalog.currencies:
        raise CatalogError("currencies must name at least one currency")
    for currency in catalog.currencies:
        if not _CURRENCY.fullmatch(currency):
            raise CatalogError(f"currencies: {currency!r} is not a lower-case currency code")
    for group, tables in (
        ("meters", catalog.meters),
        ("features", catalog.features),
        ("plans", catalog.plans),
    ):
        for key in tables:
            if not _KEY.fullmatch(key):
                raise CatalogError(
                    f"{group}.{key}: keys are up to 40 of a-z, 0-9 and _, beginning with a letter"
                )
    for plan in catalog.plans.values():
        _check_plan(catalog, plan)


def _check_plan(catalog: Catalog, plan: Plan) -> None:
    for feature in plan.features:
        if feature not in catalog.features:
            raise CatalogError(f"plans.{plan.key}: unknown feature {feature!r}")
    for limit in plan.limits:
        if limit not in catalog.meters:
            raise CatalogError(f"plans.{plan.key}.limits: unknown meter {limit!r}")
    keys = [component.key for component in plan.components]
    if len(set(keys)) != len(keys):
        raise CatalogError(f"plans.{plan.key}: the same component stands there twice")
    for index, component in enumerate(plan.components):
        _check_component(catalog, component, f"plans.{plan.key}.components[{index}]")


def _check_component(catalog: Catalog, component: Component, place: str) -> None:
    if (component.kind == "meter") != (component.meter is not None):
        raise CatalogError(f"{place}: `meter` belongs to components of kind meter, and only to those")
    if component.meter is not None and component.meter not in catalog.meters:
        raise CatalogError(f"{place}: unknown meter {component.meter!r}")
    if (component.kind == "base") != (component.model == "flat"):
        raise CatalogError(f"{place}: a base fee, and only a base fee, is flat")
    if component.included and component.model not in ("per_unit", "graduated"):
        # Stripe has no such price, so what the portal shows could not be what the invoice says.
        raise CatalogError(f"{place}: a {component.model} price cannot have included units")
    if component.maximum is not None and component.maximum < component.minimum:
        raise CatalogError(f"{place}: the maximum is below the minimum")
    for interval in INTERVALS:
        if component.kind == "meter" and interval == "year" and interval not in component.rates:
            continue
        if set(component.rates.get(interval, {})) != set(catalog.currencies):
            raise CatalogError(
                f"{place}.rates.{interval}: needs exactly the currencies {', '.join(catalog.currencies)}"
            )
    for interval, by_currency in component.rates.items():
        for currency, rate in by_currency.items():
            _check_rate(component.model, rate, f"{place}.rates.{interval}.{currency}")


def _check_rate(model: Model, rate: Rate, where: str) -> None:
    tiered = model in ("graduated", "volume")
    if tiered != bool(rate.tiers) or tiered == (rate.amount is not None):
        raise CatalogError(f"{where}: {model} needs {'tiers' if tiered else 'amount'}, and nothing else")
    amounts = [
        rate.amount or 0,
        *(part for tier in rate.tiers for part in (tier.unit_amount, tier.flat_amount)),
    ]
    if any(amount < 0 for amount in amounts):
        raise CatalogError(f"{where}: a price cannot be negative")
    _check_tiers(rate.tiers, where)


def _check_tiers(tiers: tuple[Tier, ...], where: str) -> None:
    ends = [tier.up_to for tier in tiers]
    if not tiers:
        return
    if ends[-1] is not None or None in ends[:-1]:
        raise CatalogError(f"{where}: the last tier, and only it, has no up_to")
    finite = [end for end in ends if end is not None]
    if finite != sorted(set(finite)) or any(end < 1 for end in finite):
        raise CatalogError(f"{where}: up_to must grow from tier to tier")
