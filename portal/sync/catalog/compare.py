"""What differs between the catalogue and Stripe: the one list of changes that `portal catalog plan` prints and
`portal catalog push` carries out. Pure: it is told what was found."""

from __future__ import annotations

from collections.abc import Iterator

from portal.gateway.prices import PriceSnapshot
from portal.kit.errors import PortalError
from portal.plans.catalog import Catalog
from portal.pricing.models import PriceModel, Tier
from portal.sync.catalog import change as to
from portal.sync.catalog.change import Change, Made
from portal.sync.catalog.look import Found
from portal.sync.catalog.want import WantedPrice, wanted_features, wanted_prices, wanted_products
from portal.web.filters import plural

MOST_IN_A_LINE = 100


class MeterCannotChange(PortalError):
    """The catalogue wants another aggregation for a meter that exists; Stripe never changes one."""

    code = "meter_cannot_change"
    status = 409
    public_message = "A meter's way of adding up cannot change. Give the new one another key."


def changes(catalog: Catalog, found: Found) -> list[Change]:
    """Return what has to change at Stripe, in the order in which it can. Raises MeterCannotChange."""
    made = made_already(catalog, found)
    wanted = wanted_prices(catalog)
    return [
        *_meters(catalog, found),
        *_features(catalog, found),
        *_products(catalog, found),
        *(change for price in wanted for change in _price(price, made, found)),
        *_attachments(catalog, found),
        *_off_sale({price.lookup_key for price in wanted}, found),
        *_products_off_sale(catalog, found),
        *_coupon(catalog, found),
        *_configuration(found),
        *_rows(wanted, made, found),
    ]


def made_already(catalog: Catalog, found: Found) -> Made:
    """Return the ids of what is there and stays: the prices among them cost what the catalogue says."""
    made = Made(configuration=found.configuration)
    for meter in catalog.meters.values():
        if meter.event_name in found.meters:
            made.meters[meter.key] = found.meters[meter.event_name].stripe_id
    made.features = {key: each.stripe_id for key, each in found.features.items()}
    for wanted in wanted_prices(catalog):
        held = found.prices.get(wanted.lookup_key)
        if held is not None and _is_as_wanted(wanted, held, made):
            made.prices[wanted.lookup_key] = held.stripe_id
    return made


def _is_as_wanted(wanted: WantedPrice, held: PriceSnapshot, made: Made) -> bool:
    meter = wanted.component.meter
    if not held.active or held.product_stripe_id != wanted.product_stripe_id:
        return False
    return (meter is None or meter in made.meters) and held.terms == wanted.terms(
        made.meters.get(meter or "")
    )


def _meters(catalog: Catalog, found: Found) -> Iterator[Change]:
    """Hours are reported as sums, so count is sum at Stripe."""
    for meter in catalog.meters.values():
        formula = "last" if meter.aggregation == "last" else "sum"
        held = found.meters.get(meter.event_name)
        if held is None:
            yield Change("+", f"meter {meter.key}", (meter.name,), to.create_meter(meter, formula))
        elif held.formula != formula:
            raise MeterCannotChange(f"{meter.key}: {held.formula} at Stripe, {formula} in the catalogue")
        elif held.name != meter.name:
            step = to.rename_meter(held.stripe_id, meter.name)
            yield Change("~", f"meter {meter.key}", (_arrow(held.name, meter.name),), step)


def _features(catalog: Catalog, found: Found) -> Iterator[Change]:
    for feature in catalog.features.values():
        held = found.features.get(feature.key)
        if held is None:
            yield Change("+", f"feature {feature.key}", (feature.name,), to.create_feature(feature))
        elif held.name != feature.name:
            step = to.rename_feature(held.stripe_id, feature.name)
            yield Change("~", f"feature {feature.key}", (_arrow(held.name, feature.name),), step)


def _products(catalog: Catalog, found: Found) -> Iterator[Change]:
    for stripe_id, name in wanted_products(catalog).items():
        held = found.products.get(stripe_id)
        if held is None:
            yield Change("+", f"product {stripe_id}", (name,), to.create_product(stripe_id, name))
        elif held.name != name or not held.active:
            details = [_arrow(held.name, name)] if held.name != name else []
            details += [] if held.active else ["back on sale"]
            yield Change("~", f"product {stripe_id}", tuple(details), to.update_product(stripe_id, name))


def _price(wanted: WantedPrice, made: Made, found: Found) -> Iterator[Change]:
    if wanted.lookup_key in made.prices:
        return
    new, held = wanted.words(wanted.model), found.prices.get(wanted.lookup_key)
    if held is None:
        step = to.create_price(wanted, was=found.mirror.newest.get(wanted.lookup_key), archive=None)
        yield Change("+", f"price {wanted.lookup_key}", (new,), step)
        return
    is_kept = held.stripe_id in found.mirror.kept
    step = to.create_price(wanted, was=held.stripe_id, archive=None if is_kept else held.stripe_id)
    old = _old_words(wanted, held, found)
    words = (_arrow(old, new),) if len(old) + len(new) < MOST_IN_A_LINE else (old, f"-> {new}")
    details = (*words, _who_keeps(held.stripe_id, found))
    yield Change("~", f"price {wanted.lookup_key}", details, step)


def _old_words(wanted: WantedPrice, held: PriceSnapshot, found: Found) -> str:
    model = _model(held, found)
    if model is None:
        return "another kind of price"
    old = wanted.words(model)
    if not held.active:
        return f"{old} (archived at Stripe)"
    return f"{old} (of another product or meter)" if old == wanted.words(wanted.model) else old


def _attachments(catalog: Catalog, found: Found) -> Iterator[Change]:
    for product, keys in wanted_features(catalog).items():
        attached = found.attached.get(product, {})
        for key in keys:
            if key not in attached:
                yield Change("+", f"feature {key} on {product}", (), to.attach_feature(product, key))
        for key, attachment in attached.items():
            if key not in keys:
                yield Change(
                    "-",
                    f"feature {key} on {product}",
                    ("who has the product loses it",),
                    to.detach_feature(product, attachment),
                )


def _off_sale(wanted_keys: set[str], found: Found) -> Iterator[Change]:
    """What left the catalogue, and what a push that broke off left behind. A price that somebody has, or is going to
    have, stays active at Stripe, which plans changes only between active prices."""
    gone = [
        held
        for key, held in found.prices.items()
        if key not in wanted_keys and held.stripe_id in found.mirror.on_sale
    ]
    for held in (*gone, *found.stale):
        key = held.lookup_key or found.mirror.on_sale[held.stripe_id][0]
        archive = held.stripe_id not in found.mirror.kept
        step = to.retire_price(held.stripe_id, archive=archive)
        yield Change("-", f"price {key}", (held.stripe_id, _who_keeps(held.stripe_id, found)), step)


def _products_off_sale(catalog: Catalog, found: Found) -> Iterator[Change]:
    wanted = wanted_products(catalog)
    for stripe_id in sorted(found.mirror.products - wanted.keys() - found.mirror.kept_products):
        held = found.products.get(stripe_id)
        if held is not None and held.active:
            yield Change("-", f"product {stripe_id}", (held.name,), to.archive_product(stripe_id))


def _coupon(catalog: Catalog, found: Found) -> Iterator[Change]:
    """An offer that left the catalogue leaves its coupon: who redeemed it keeps it."""
    offer = catalog.retention
    if offer is not None and not found.has_coupon:
        name = f"{offer.percent_off}% off for {plural(offer.months, 'month')}"
        yield Change("+", f"coupon {offer.coupon_stripe_id}", (name,), to.create_coupon(offer, name))


def _configuration(found: Found) -> Iterator[Change]:
    if found.configuration is None:
        yield Change("+", "Customer Portal configuration", (), to.create_configuration)


def _rows(wanted: list[WantedPrice], made: Made, found: Found) -> Iterator[Change]:
    """A new database beside an old account, or a price that reads otherwise and costs the same."""
    other = [
        each.lookup_key
        for each in wanted
        if (held := made.prices.get(each.lookup_key)) is not None
        and (held not in found.mirror.on_sale or found.mirror.models[held] != each.model)
    ]
    if other:
        yield Change("~", "the portal's own record of prices", tuple(other), to.note_in_rows)


def _who_keeps(stripe_id: str, found: Found) -> str:
    count = found.mirror.subscribers[stripe_id]
    if not count:
        planned = stripe_id in found.mirror.kept
        return "a planned change keeps the old price" if planned else "no subscription has the old price"
    return f"{count} subscription{' keeps' if count == 1 else 's keep'} the old price"


def _model(held: PriceSnapshot, found: Found) -> PriceModel | None:
    """Return how a price at Stripe is computed: as we noted it, or else as Stripe says it."""
    terms = held.terms
    if held.stripe_id in found.mirror.models or terms is None:
        return found.mirror.models.get(held.stripe_id)
    if terms.tiers:
        tiers = tuple(Tier(tier.up_to, tier.unit_rate, tier.flat_amount) for tier in terms.tiers)
        return PriceModel(
            "volume" if terms.tiers_mode == "volume" else "graduated", terms.currency, tiers=tiers
        )
    assert terms.unit_rate is not None
    if terms.package_size is not None:
        return PriceModel("package", terms.currency, terms.unit_rate, terms.package_size)
    return PriceModel(
        "flat" if held.product_stripe_id.endswith("_base") else "per_unit", terms.currency, terms.unit_rate
    )


def _arrow(old: str, new: str) -> str:
    return f"{old} -> {new}"
