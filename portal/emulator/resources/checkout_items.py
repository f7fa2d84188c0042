"""The line items of a Checkout session and what they come to today: subtotal, discount, tax, total.

A line item is kept beside its session as {id, price, quantity, adjustable_quantity, tax_rates, metadata} with its
amounts; `reprice` works the amounts out again when the payer changes a quantity, adds a code or an address.
"""

from fractions import Fraction
from typing import Any

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import round_half_away
from portal.emulator.billing.discounts import Discountable, Reduction, apply_discounts
from portal.emulator.billing.prices import full_price, inline_price, product_name
from portal.emulator.billing.redemption import usable_code, usable_coupon
from portal.emulator.billing.subscription_shape import cadence_of
from portal.emulator.billing.tax import AUTOMATIC, Rate, exclusive_tax, line_taxes, rate_of
from portal.emulator.resources.product_fields import make_product
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.lookup import in_param

_MOST_ITEMS = 20


def new_line_items(tx: Transaction, params: dict[str, Any]) -> tuple[Objects, str | None]:
    """Return the line items a session is created with, and its currency.

    Raises a 400 for an unknown or inactive price, mixed currencies or intervals, a missing quantity (or one for
    metered usage), and for a subscription without anything recurring.
    """
    sent = params.get("line_items", [])
    if len(sent) > _MOST_ITEMS:
        raise invalid(f"You may have at most {_MOST_ITEMS} line items.", param="line_items")
    items, currency = [], params.get("currency")
    cadences = set()
    for index, entry in enumerate(sent):
        path = f"line_items[{index}]"
        price = _price_of(tx, entry, path)
        currency = currency or price["currency"]
        full_price(tx, price, currency)
        if price["recurring"] is not None:
            cadences.add(cadence_of(price))
        items.append(_new_item(tx, entry, price, path))
    if sent and not cadences:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.",
            param="line_items",
        )
    if len(cadences) > 1:
        raise invalid(
            "Checkout does not support multiple prices with different billing intervals.", param="line_items"
        )
    return items, currency.lower() if currency else None


def reprice(tx: Transaction, session: StripeDict, private: StripeDict) -> None:
    """Work out the session's amounts from its line items, discounts and the payer's country; nothing is stored.

    Under a trial nothing recurring is due today. Raises a 400 for a discount that cannot be used.
    """
    items = private["line_items"]
    if session["mode"] != "subscription":
        return
    trial = bool(private["subscription_data"].keys() & {"trial_end", "trial_period_days"})
    views = []
    for item in items:
        price = full_price(tx, _price(tx, item), session["currency"])
        item["amount_subtotal"] = 0 if trial and price["recurring"] else _amount(price, item["quantity"])
        views.append(Discountable(amount=item["amount_subtotal"], product=price["product"]))
    apply_discounts(views, _reductions(tx, session), session["currency"])
    exempt = (session["customer_details"] or {}).get("tax_exempt") or "none"
    for item, view in zip(items, views, strict=True):
        taxes = line_taxes(view.left, _rates(tx, session, private, item), exempt)
        item["amount_discount"] = view.amount - view.left
        item["amount_tax"] = sum(tax["amount"] for tax in taxes)
        item["amount_total"] = view.left + exclusive_tax(taxes)
        item["currency"] = session["currency"]
    session["amount_subtotal"] = sum(item["amount_subtotal"] for item in items)
    session["amount_total"] = sum(item["amount_total"] for item in items)
    session["total_details"] = {
        "amount_discount": sum(item["amount_discount"] for item in items),
        "amount_shipping": 0,
        "amount_tax": sum(item["amount_tax"] for item in items),
    }
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete" if _country(session) else "requires_location_inputs"


def line_item(tx: Transaction, item: StripeDict) -> StripeDict:
    """Return a line item as the API shows it."""
    price = _price(tx, item)
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
    for index, rate_id in enumerate(entry.get("tax_rates", [])):
        in_param(tx, "tax_rate", rate_id, param=f"{path}[tax_rates][{index}]")
    return {
        "id": tx.new_id("li"),
        "price": price["id"],
        "quantity": quantity,
        "adjustable_quantity": _adjustable(entry.get("adjustable_quantity"), path),
        "tax_rates": entry.get("tax_rates", []),
        "metadata": entry.get("metadata", {}),
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


def _price_of(tx: Transaction, entry: dict[str, Any], path: str) -> StripeDict:
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
    data = dict(entry["price_data"])
    if "product_data" in data:
        data["product"] = make_product(tx, data.pop("product_data"))["id"]
    if "product" not in data:
        raise missing_parameter(f"{path}[price_data][product]")
    return inline_price(tx, data, param=f"{path}[price_data]")


def _price(tx: Transaction, item: StripeDict) -> StripeDict:
    price = tx.get("price", item["price"])
    assert price is not None, item["price"]
    return price


def _amount(price: StripeDict, quantity: int | None) -> int:
    """Return what a quantity costs today; metered usage is billed later."""
    return 0 if quantity is None else round_half_away(tiers.amount(price, quantity))


def _reductions(tx: Transaction, session: StripeDict) -> list[Reduction]:
    found = []
    customer = tx.get("customer", session["customer"]) if session["customer"] else None
    for index, entry in enumerate(session["discounts"]):
        coupon_id, path = entry["coupon"], f"discounts[{index}]"
        if entry["promotion_code"]:
            where = f"{path}[promotion_code]"
            code = usable_code(tx, entry["promotion_code"], customer, tx.wall_now(), param=where)
            coupon_id = code["promotion"]["coupon"]
        coupon = usable_coupon(tx, coupon_id, tx.wall_now(), param=f"{path}[coupon]")
        found.append(Reduction(coupon_id, coupon))
    return found


def _rates(tx: Transaction, session: StripeDict, private: StripeDict, item: StripeDict) -> list[Rate]:
    if session["automatic_tax"]["enabled"]:
        if _country(session) not in AUTOMATIC:
            return []
        percentage, name = AUTOMATIC[_country(session)]
        inclusive = _price(tx, item)["tax_behavior"] == "inclusive"
        return [Rate(name, Fraction(percentage), inclusive)]
    chosen = item["tax_rates"] or private["subscription_data"].get("default_tax_rates", [])
    return [rate_of(rate) for rate_id in chosen if (rate := tx.get("tax_rate", rate_id)) is not None]


def _country(session: StripeDict) -> str:
    details = session["customer_details"] or {}
    return str((details.get("address") or {}).get("country") or "")
