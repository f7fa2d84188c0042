"""One change at Stripe that the catalogue asks for: how it reads, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from portal.gateway import catalog as stripe
from portal.gateway import coupons, portal_configuration
from portal.gateway import prices as stripe_prices
from portal.gateway.client import Gateway
from portal.plans.catalog import Feature, Meter, Retention
from portal.sync.catalog.want import WantedPrice, fingerprint

Sign = Literal["+", "~", "-"]


@dataclass(slots=True)
class Made:
    """The ids at Stripe: those found at first, and those of what is made on the way. Meters and features by key,
    prices by lookup key."""

    meters: dict[str, str] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    configuration: str | None = None


Step = Callable[[Gateway, Made], None]


@dataclass(frozen=True, slots=True)
class Change:
    """Something to create (+), change (~) or archive (-). `what` names it, `details` say more, a line each."""

    sign: Sign
    what: str
    details: tuple[str, ...]
    carry_out: Step = field(repr=False, compare=False)


def create_product(stripe_id: str, name: str) -> Step:
    """Return the step that makes a product."""
    return lambda gateway, _made: stripe.create_product(gateway, stripe_id, name=name)


def update_product(stripe_id: str, name: str) -> Step:
    """Return the step that names a product and puts it back on sale."""
    return lambda gateway, _made: stripe.update_product(gateway, stripe_id, name=name)


def archive_product(stripe_id: str) -> Step:
    """Return the step that takes a product off sale."""
    return lambda gateway, _made: stripe.archive_product(gateway, stripe_id)


def create_meter(meter: Meter, formula: str) -> Step:
    """Return the step that makes a meter."""

    def step(gateway: Gateway, made: Made) -> None:
        found = stripe.create_meter(gateway, event_name=meter.event_name, name=meter.name, formula=formula)
        made.meters[meter.key] = found.stripe_id

    return step


def rename_meter(stripe_id: str, name: str) -> Step:
    """Return the step that renames a meter."""
    return lambda gateway, _made: stripe.rename_meter(gateway, stripe_id, name=name)


def create_feature(feature: Feature) -> Step:
    """Return the step that makes a feature."""

    def step(gateway: Gateway, made: Made) -> None:
        found = stripe.create_feature(gateway, lookup_key=feature.key, name=feature.name)
        made.features[feature.key] = found.stripe_id

    return step


def rename_feature(stripe_id: str, name: str) -> Step:
    """Return the step that renames a feature."""
    return lambda gateway, _made: stripe.rename_feature(gateway, stripe_id, name=name)


def attach_feature(product: str, key: str) -> Step:
    """Return the step that lets a product carry a feature."""
    return lambda gateway, made: stripe.attach_feature(gateway, product, made.features[key])


def detach_feature(product: str, attachment: str) -> Step:
    """Return the step that takes a feature from a product."""
    return lambda gateway, _made: stripe.detach_feature(gateway, product, attachment)


def create_price(wanted: WantedPrice, *, was: str | None, archive: str | None) -> Step:
    """Return the step that makes a price, and archives the one it replaces. `was`: the last price that had its
    lookup key; the same wish after the same price makes no second one."""

    def step(gateway: Gateway, made: Made) -> None:
        meter = made.meters[wanted.component.meter] if wanted.component.meter is not None else None
        terms = wanted.terms(meter)
        mark = fingerprint([wanted.product_stripe_id, repr(terms)])
        new = stripe_prices.NewPrice(
            product_stripe_id=wanted.product_stripe_id,
            lookup_key=wanted.lookup_key,
            nickname=wanted.nickname,
            fingerprint=mark,
            terms=terms,
        )
        # The price before is in the key: going back to an earlier amount makes a new price again.
        key = fingerprint({"lookup_key": wanted.lookup_key, "is": mark, "was": was})
        made.prices[wanted.lookup_key] = stripe_prices.create_price(
            gateway, new, key=f"price-{key}"
        ).stripe_id
        if archive is not None:
            stripe_prices.retire_price(gateway, archive, archive=True)

    return step


def retire_price(stripe_id: str, *, archive: bool) -> Step:
    """Return the step that takes a price off sale."""
    return lambda gateway, _made: stripe_prices.retire_price(gateway, stripe_id, archive=archive)


def create_coupon(offer: Retention, name: str) -> Step:
    """Return the step that makes the coupon of the retention offer."""
    return lambda gateway, _made: coupons.create(
        gateway, offer.coupon_stripe_id, name=name, percent_off=offer.percent_off, months=offer.months
    )


def create_configuration(gateway: Gateway, made: Made) -> None:
    """Make the Customer Portal's configuration."""
    made.configuration = portal_configuration.create(gateway)


def note_in_rows(_gateway: Gateway, _made: Made) -> None:
    """Change nothing at Stripe: the rows follow after every push."""
