"""Prices: per unit, in packages, or in tiers; once or recurring; licensed or metered; in several currencies.

`tiers` and `currency_options` come only on expand, so they are kept beside the object.
"""

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.resources.price_amounts import amounts_of, currency_options_of
from portal.emulator.resources.product_fields import make_product
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter, within
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import set_texts, set_values, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_LONGEST_PERIOD = {"day": 1095, "week": 156, "month": 36, "year": 3}
_LONGEST_LOOKUP_KEY = 200
_MOST_LOOKUP_KEYS = 10


@route("POST", "/v1/prices", params="PriceCreateParams")
def create_price(tx: Transaction, call: Call) -> StripeDict:
    """Create a price, and its product if `product_data` describes one."""
    params = call.params
    if "product" in params and "product_data" in params:
        raise exclusive_parameters("product", "product_data")
    if "product_data" in params:
        with within("product_data"):
            params = {**params, "product": make_product(tx, params["product_data"])["id"]}
    elif "product" not in params:
        raise missing_parameter("product")
    return make_price(tx, params)


def make_price(tx: Transaction, params: dict[str, Any]) -> StripeDict:
    """Make a price from checked parameters. Raises a 400 for amounts, tiers or periods that contradict each other."""
    in_param(tx, "product", params["product"], param="product")
    currency = params["currency"]
    amounts, tiers = amounts_of(params)
    recurring = _recurring(tx, params.get("recurring"))
    _check_shape(params, recurring, tiers)
    price: StripeDict = {
        "id": tx.new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "tiered" if tiers is not None else "per_unit",
        "created": tx.wall_now(),
        "currency": currency,
        "custom_unit_amount": amounts["custom_unit_amount"],
        "livemode": False,
        "lookup_key": None,
        "metadata": merged(None, params.get("metadata")),
        "nickname": text(params.get("nickname")),
        "product": params["product"],
        "recurring": recurring,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "one_time" if recurring is None else "recurring",
        "unit_amount": amounts["unit_amount"],
        "unit_amount_decimal": amounts["unit_amount_decimal"],
    }
    own = {**amounts, "tiers": tiers, "tax_behavior": price["tax_behavior"]}
    options = currency_options_of(params.get("currency_options", {}), currency, own, tiered=tiers is not None)
    tx.put(price, private={"tiers": tiers, "currency_options": {**options, currency: own}})
    _give_lookup_key(tx, price, params)
    emit(tx, "price.created", price)
    return price


@route("GET", "/v1/prices/{id}", params="PriceRetrieveParams")
def retrieve_price(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a price."""
    return in_path(tx, "price", call.args["id"])


@route("POST", "/v1/prices/{id}", params="PriceUpdateParams")
def update_price(tx: Transaction, call: Call) -> StripeDict:
    """Update what may change of a price: its amounts may not."""
    before = in_path(tx, "price", call.args["id"])
    price, params = deepcopy(before), call.params
    if params.get("active") is False and tx.count("product", {"default_price": price["id"]}):
        raise invalid(
            "This price cannot be archived because it is the default price of its product.", param="active"
        )
    set_values(price, params, ("active",))
    set_texts(price, params, ("nickname",))
    if params.get("tax_behavior", price["tax_behavior"]) != price["tax_behavior"]:
        if price["tax_behavior"] != "unspecified":
            raise invalid(
                "The tax behavior of a price cannot be changed once it is set.", param="tax_behavior"
            )
        price["tax_behavior"] = params["tax_behavior"]
    if "metadata" in params:
        price["metadata"] = merged(price["metadata"], params["metadata"])
    private = tx.private("price", price["id"])
    if "currency_options" in params:
        currency, sent = price["currency"], params["currency_options"] or {}
        own = private["currency_options"][currency]
        tiered = price["billing_scheme"] == "tiered"
        options = currency_options_of(sent, currency, own, tiered=tiered)
        known = private["currency_options"] if sent else {}
        private["currency_options"] = {**known, **options, currency: own}
    tx.put(price, private=private)
    _give_lookup_key(tx, price, params)
    emit_updated(tx, "price.updated", before, price)
    return price


@route("GET", "/v1/prices", params="PriceListParams")
def list_prices(tx: Transaction, call: Call) -> StripeDict:
    """List prices, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("active", "currency", "product", "type"))
    keys = call.params.get("lookup_keys")
    if keys is not None:
        if len(keys) > _MOST_LOOKUP_KEYS:
            raise invalid(f"You may list at most {_MOST_LOOKUP_KEYS} lookup keys.", param="lookup_keys")
        where["lookup_key"] = keys
    for name, value in call.params.get("recurring", {}).items():
        where[f"recurring.{name}"] = value
    return list_answer(tx, call, "price", where)


@included_on_expand("price", "tiers")
def tiers_of(tx: Transaction, price: StripeDict) -> Objects | None:
    """Return the tiers of a price as its object shows them, or None."""
    tiers: Objects | None = tx.private("price", price["id"]).get("tiers")
    return tiers


@included_on_expand("price", "currency_options")
def options_of(tx: Transaction, price: StripeDict) -> StripeDict:
    """Return a price's amounts by currency; its own currency is among them."""
    options: StripeDict = tx.private("price", price["id"]).get("currency_options", {})
    return options


def _recurring(tx: Transaction, sent: dict[str, Any] | None) -> StripeDict | None:
    if sent is None:
        return None
    if sent.get("trial_period_days", 0) < 0:
        raise invalid(
            "This value must be greater than or equal to 0.",
            param="recurring[trial_period_days]",
            code="parameter_invalid_integer",
        )
    count = sent.get("interval_count", 1)
    if not 1 <= count <= _LONGEST_PERIOD[sent["interval"]]:
        raise invalid(
            "Invalid recurring[interval_count]: the period may be at most 3 years.",
            param="recurring[interval_count]",
        )
    metered = sent.get("usage_type", "licensed") == "metered"
    meter = text(sent.get("meter"))
    if metered and meter is None:
        raise invalid(
            "Prices with `recurring.usage_type=metered` must be backed by a meter: pass `recurring.meter`.",
            param="recurring[meter]",
            code="parameter_missing",
        )
    if meter is not None:
        if not metered:
            raise invalid("A meter can only be used with `usage_type=metered`.", param="recurring[meter]")
        found = in_param(tx, "billing.meter", meter, param="recurring[meter]")
        if found["status"] != "active":
            raise invalid(f"The meter {meter} is inactive.", param="recurring[meter]")
    return {
        "interval": sent["interval"],
        "interval_count": count,
        "meter": meter,
        "trial_period_days": sent.get("trial_period_days"),
        "usage_type": "metered" if metered else "licensed",
    }


def _check_shape(params: dict[str, Any], recurring: StripeDict | None, tiers: Objects | None) -> None:
    if params.get("billing_scheme", "per_unit") == "tiered" and tiers is None:
        raise missing_parameter("tiers")
    if tiers is not None:
        if params.get("billing_scheme") != "tiered":
            raise invalid("You must set `billing_scheme=tiered` to use tiers.", param="billing_scheme")
        if "tiers_mode" not in params:
            raise missing_parameter("tiers_mode")
        if recurring is None:
            raise invalid("Tiers can only be used with recurring prices.", param="tiers")
    elif "tiers_mode" in params:
        raise invalid("`tiers_mode` can only be used with `billing_scheme=tiered`.", param="tiers_mode")
    transform = params.get("transform_quantity")
    if transform is not None:
        if tiers is not None:
            raise exclusive_parameters("transform_quantity", "tiers")
        if transform["divide_by"] < 1:
            raise invalid(
                "This value must be greater than or equal to 1.",
                param="transform_quantity[divide_by]",
                code="parameter_invalid_integer",
            )
    if params.get("custom_unit_amount", {}).get("enabled") and recurring is not None:
        raise invalid("custom_unit_amount cannot be used with recurring prices.", param="custom_unit_amount")


def _give_lookup_key(tx: Transaction, price: StripeDict, params: dict[str, Any]) -> None:
    """Set the lookup key; one that another price has moves only with `transfer_lookup_key`."""
    if "lookup_key" not in params:
        return
    key = text(params["lookup_key"])
    if key is not None:
        if len(key) > _LONGEST_LOOKUP_KEY:
            raise invalid(
                f"Invalid string: must be at most {_LONGEST_LOOKUP_KEY} characters", param="lookup_key"
            )
        for holder in tx.all("price", {"lookup_key": key}):
            if holder["id"] == price["id"]:
                continue
            if not params.get("transfer_lookup_key"):
                raise invalid(
                    f"A price (`{holder['id']}`) already uses that lookup key.",
                    param="lookup_key",
                    code="resource_already_exists",
                )
            lost = {**holder, "lookup_key": None}
            tx.put(lost)
            emit_updated(tx, "price.updated", holder, lost)
    price["lookup_key"] = key
    tx.put(price)
