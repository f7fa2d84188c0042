"""Prices as billing needs them: with their tiers, in the currency asked for, under their product's name."""

from __future__ import annotations

from portal.emulator.resources.prices import make_price
from portal.emulator.resources.product_fields import make_product
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter, within
from portal.emulator.wire.lookup import in_param


def recurring_price(tx: Transaction, price_id: str, *, param: str) -> StripeDict:
    """Load a price a subscription can use. Raises a 400 if it is unknown, inactive or not recurring."""
    price = in_param(tx, "price", price_id, param=param)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with "
            "`type=recurring`.",
            param=param,
        )
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param=param)
    return price


def full_price(tx: Transaction, price: StripeDict, currency: str) -> StripeDict:
    """Add what a price only shows on request: its tiers, and its amounts in another currency."""
    full = {**price, **tx.private("price", price["id"])}
    if currency == price["currency"]:
        return full
    option = (full.get("currency_options") or {}).get(currency)
    if option is None:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            f"`{currency}`.",
            param="currency",
        )
    return {**full, **option, "currency": currency}


def supports(tx: Transaction, price: StripeDict, currency: str) -> bool:
    """Say whether a price can be billed in a currency."""
    options = tx.private("price", price["id"]).get("currency_options") or {}
    return currency == price["currency"] or currency in options


def product_name(tx: Transaction, price: StripeDict) -> str:
    """Name what is sold, as invoice lines call it."""
    product = tx.get("product", price["product"])
    return str(product["name"]) if product and "name" in product else str(price["product"])


def inline_price(tx: Transaction, data: StripeDict, *, param: str) -> StripeDict:
    """Make the price that `price_data` describes, and its product where that is described too; it exists, but is not
    offered again.

    Raises a 400 for no product or an unknown one, no amount, or two amounts.
    """
    if "product_data" in data:
        with within(f"{param}[product_data]"):
            data["product"] = make_product(tx, data.pop("product_data"))["id"]
    if "product" not in data:
        raise missing_parameter(f"{param}[product]")
    in_param(tx, "product", data["product"], param=f"{param}[product]")
    given = [name for name in ("unit_amount", "unit_amount_decimal") if name in data]
    if len(given) != 1:
        raise invalid("You must specify exactly one of `unit_amount` and `unit_amount_decimal`.", param=param)
    with within(param):
        price = make_price(tx, data)
    price["active"] = False
    tx.put(price)
    return price
