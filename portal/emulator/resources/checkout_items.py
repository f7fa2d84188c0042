"""The line items of a Checkout session, as they are sent, kept and shown.

A line item is kept beside its session as {id, price, quantity, adjustable_quantity, tax_rates, metadata} with its
amounts, which `checkout_amounts` works out.
"""

from typing import Any

from portal.emulator.billing.prices import full_price, inline_price, product_name
from portal.emulator.billing.subscription_shape import cadence_of
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.metadata import merged

_MOST_ITEMS = 100
# Each: of recurring and of one-time prices.
_MOST_ITEMS_OF_SUBSCRIPTION = 20


def new_line_items(tx: Transaction, params: dict[str, Any]) -> tuple[Objects, str | None]:
    """Return the line items a session is created with, and its currency.

    Raises a 400 for an unknown or inactive price, mixed currencies or intervals, a missing quantity (or one for
    metered usage), a subscription without anything recurring, and one payment with something recurring.
    """
    sent = params.get("line_items", [])
    if len(sent) > _MOST_ITEMS:
        raise invalid(f"You may have at most {_MOST_ITEMS} line items.", param="line_items")
    items, currency = [], params.get("currency")
    prices = []
    for index, entry in enumerate(sent):
        path = f"line_items[{index}]"
        price = _sent_price(tx, entry, path)
        currency = currency or price["currency"]
        full_price(tx, price, currency)
        if price["recurring"] is not None and params["mode"] == "payment":
            raise invalid(
                "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or "
                "use only one-time prices.",
                param=f"{path}[price]",
            )
        prices.append(price)
        items.append(_new_item(tx, entry, price, path))
    if params["mode"] == "subscription":
        _check_subscribed(prices)
    return items, currency.lower() if currency else None


def _check_subscribed(prices: Objects) -> None:
    recurring = [price for price in prices if price["recurring"] is not None]
    if not recurring:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.",
            param="line_items",
        )
    if max(len(recurring), len(prices) - len(recurring)) > _MOST_ITEMS_OF_SUBSCRIPTION:
        raise invalid(
            f"You may have at most {_MOST_ITEMS_OF_SUBSCRIPTION} recurring and as many one-time line items.",
            param="line_items",
        )
    if len({cadence_of(price) for price in recurring}) > 1:
        raise invalid(
            "Checkout does not support multiple prices with different billing intervals.", param="line_items"
        )


def line_item(tx: Transaction, item: StripeDict) -> StripeDict:
    """Return a line item as the API shows it."""
    price = price_of(tx, item)
    return {
        "id": item["id"],
        "object": "item",
        "adjustable_quantity": item["adjustable_quantity"],
        "amount_discount": item["amount_discount"],
        "amount_subtotal": item["amount_subtotal"],
        "amount_tax": item["amount_tax"],
        "amount_total": item["amount_total"],
        "currency": item["currency"],
        "description": product_name(tx, price),
        "metadata": item["metadata"],
        "price": price,
        "quantity": item["quantity"],
    }


def _new_item(tx: Transaction, entry: dict[str, Any], price: StripeDict, path: str) -> StripeDict:
    metered = price["recurring"] is not None and price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in entry:
        raise invalid(
            "Quantity should not be specified where usage_type is `metered`. Remove quantity from `line_items`.",
            param=f"{path}[quantity]",
        )
    if not metered and "quantity" not in entry:
        raise missing_parameter(f"{path}[quantity]")
    quantity = entry.get("quantity")
    if quantity is not None and not 1 <= quantity <= 999_999:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param=f"{path}[quantity]",
            code="parameter_invalid_integer",
        )
    chosen_rates(tx, entry.get("tax_rates", []), param=f"{path}[tax_rates]")
    return {
        "id": tx.new_id("li"),
        "price": price["id"],
        "quantity": quantity,
        "adjustable_quantity": _adjustable(entry.get("adjustable_quantity"), path),
        "tax_rates": entry.get("tax_rates", []),
        "metadata": merged(None, entry.get("metadata")),
    }


def _adjustable(sent: dict[str, Any] | None, path: str) -> StripeDict | None:
    if not sent or not sent["enabled"]:
        return None
    lowest, highest = sent.get("minimum", 0), sent.get("maximum", 99)
    if not 0 <= lowest <= highest <= 999_999:
        raise invalid(
            "The maximum must be at least the minimum.", param=f"{path}[adjustable_quantity][maximum]"
        )
    return {"enabled": True, "minimum": lowest, "maximum": highest}


def _sent_price(tx: Transaction, entry: dict[str, Any], path: str) -> StripeDict:
    if "price" in entry and "price_data" in entry:
        raise exclusive_parameters(f"{path}[price]", f"{path}[price_data]")
    if "price" in entry:
        price = in_param(tx, "price", entry["price"], param=f"{path}[price]")
        if not price["active"]:
            raise invalid(
                "The price specified is inactive. This field only accepts active prices.",
                param=f"{path}[price]",
            )
        return price
    if "price_data" not in entry:
        raise missing_parameter(f"{path}[price]")
    return inline_price(tx, dict(entry["price_data"]), param=f"{path}[price_data]")


def price_of(tx: Transaction, item: StripeDict) -> StripeDict:
    """Load the price of a kept line item."""
    price = tx.get("price", item["price"])
    assert price is not None, item["price"]
    return price
