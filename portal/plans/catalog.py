"""The catalogue as code: what `catalog.toml` says, as frozen values. It says what is sold; the `price` table says
what that became at Stripe. Amounts are minor units; unit amounts may be fractions of one, as decimal strings ("0.04"
is four hundredths of a cent). Reading the file is in read_catalog.py, its rules are in check_catalog.py."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec
from flask import current_app

Interval = Literal["month", "year"]
Model = Literal["flat", "per_unit", "package", "graduated", "volume"]
Kind = Literal["base", "seat", "meter"]
When = Literal["now", "period_end"]
INTERVALS: tuple[Interval, ...] = ("month", "year")


class CatalogError(Exception):
    """The catalogue cannot be used; the message has one line for each mistake, with its line in the file."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table of the file: unknown names are mistakes, not extras."""


class Tier(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units up to and including `up_to` (None: no end) cost `unit_amount` each, plus `flat_amount` once."""

    up_to: int | None = None
    unit_amount: Decimal = Decimal(0)
    flat_amount: int = 0


class Rate(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one component costs in one interval and currency. `amount` for flat, per_unit and package (per package);
    `tiers` for graduated and volume. `minimum_amount` and `cap_amount` bound a per_unit or graduated price."""

    amount: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    minimum_amount: int | None = None
    cap_amount: int | None = None


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
    """A plan. `limits` are hard numbers for the host product (`seats`, meter keys); `points` the lines on its card;
    `pause_months` for how many months at most it can be paused (0: not at all)."""

    name: str
    tagline: str = ""
    visibility: Literal["public", "hidden", "invitation", "legacy"] = "public"
    highlighted: bool = False
    trial_days: int = 0
    pause_months: int = 0
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


class Retention(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is offered to who wants to cancel: `percent_off` all invoices of the next `months`."""

    percent_off: int
    months: int

    @property
    def coupon_stripe_id(self) -> str:
        """The id of the coupon at Stripe, which can never change: other figures are another coupon."""
        return f"portal_retention_{self.percent_off}_{self.months}"


class Catalog(_Part, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that is sold. Plans stand in the order of the file."""

    currencies: tuple[str, ...]
    changes: ChangeRules = ChangeRules()
    retention: Retention | None = None
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
