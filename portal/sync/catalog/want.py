"""What the catalogue wants to exist at Stripe, under our own names: products by id, prices by lookup key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from portal.gateway.prices import PriceTerms, Tier
from portal.plans.catalog import Catalog, Component, Interval, Plan
from portal.plans.rates import price_model
from portal.plans.wording import component_unit, price_lines
from portal.pricing.models import PriceModel
from portal.pricing.tiers import tiers_of

PRODUCT_PREFIX = "portal_"


@dataclass(frozen=True, slots=True)
class WantedPrice:
    """A price the catalogue sells, ready to be compared with what Stripe has."""

    plan: Plan
    component: Component
    interval: Interval
    model: PriceModel
    product_stripe_id: str
    lookup_key: str
    nickname: str
    unit: str

    def terms(self, meter_stripe_id: str | None) -> PriceTerms:
        """Return what the price costs in Stripe's words. The id of a meter that does not exist yet is None."""
        tiers = tiers_of(self.model)
        return PriceTerms(
            currency=self.model.currency,
            interval=self.interval,
            unit_rate=None if tiers else self.model.rate,
            package_size=self.model.package_size if self.model.kind == "package" else None,
            tiers_mode=("volume" if self.model.kind == "volume" else "graduated") if tiers else None,
            tiers=tuple(Tier(tier.up_to, tier.rate, tier.flat_amount) for tier in tiers),
            meter_stripe_id=meter_stripe_id,
        )

    def words(self, model: PriceModel) -> str:
        """Return a price of this component in one line of words."""
        return "; ".join(price_lines(model, self.interval, self.unit))


def wanted_products(catalog: Catalog) -> dict[str, str]:
    """Return the name of each product by its id."""
    return {
        product_id(plan, component): product_name(catalog, plan, component)
        for plan in catalog.plans.values()
        for component in plan.components
    }


def wanted_prices(catalog: Catalog) -> list[WantedPrice]:
    """Return every price of the catalogue, in its order."""
    return [
        WantedPrice(
            plan=plan,
            component=component,
            interval=interval,
            model=price_model(component, interval, currency),
            product_stripe_id=product_id(plan, component),
            lookup_key=plan.lookup_key(component, interval, currency),
            nickname=f"{product_name(catalog, plan, component)}, {interval}ly",
            unit=component_unit(catalog, component),
        )
        for plan, component, interval, currency in catalog.prices()
    ]


def wanted_features(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Return which features a product carries, by the product's id: those of a plan are on its first product."""
    return {
        product_id(plan, plan.components[0]): plan.features
        for plan in catalog.plans.values()
        if plan.components
    }


def product_id(plan: Plan, component: Component) -> str:
    """Return the id of the product a component is sold as. One product each, so that invoices name them apart."""
    return f"{PRODUCT_PREFIX}{plan.key}_{component.key.replace(':', '_')}"


def product_name(catalog: Catalog, plan: Plan, component: Component) -> str:
    """Return the name of a component's product, as invoices show it."""
    if component.meter is not None:
        return f"{plan.name} {catalog.meters[component.meter].name}"
    return f"{plan.name} seat" if component.kind == "seat" else plan.name


def fingerprint(facts: object) -> str:
    """Return a digest of JSON-like facts; what is no JSON stands there as text."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
