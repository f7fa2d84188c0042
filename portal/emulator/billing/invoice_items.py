"""What an invoice item, or a line of a draft, costs and says: from the parameters both are described with."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import decimal_string, exact, round_half_away
from portal.emulator.billing.extra_items import one_time_price
from portal.emulator.billing.invoice_shape import pricing_of
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.fields import set_texts, set_values
from portal.emulator.wire.metadata import merged

_UNSUPPORTED = ("quantity_decimal", "tax_amounts", "tax_behavior", "tax_code")
_WAYS = ("amount", "price_data", "pricing", "unit_amount_decimal")


def price_item(tx: Transaction, item: StripeDict, params: dict[str, Any], *, within: str = "") -> None:
    """Set amount (minor units), quantity and pricing by the way that was sent, or by the one it has if only the
    quantity is. Raises a 400 for two ways, none at all, a recurring price, or a negative quantity.

    `within` is the parameter these are fields of.
    """
    ways = [name for name in _WAYS if name in params]
    if len(ways) > 1:
        raise exclusive_parameters(_path(within, ways[0]), _path(within, ways[1]))
    quantity: int = params["quantity"] if "quantity" in params else item["quantity"]
    if quantity < 0:
        raise invalid(
            "Invalid non-negative integer",
            param=_path(within, "quantity"),
            code="parameter_invalid_integer",
        )
    item.update(quantity=quantity, quantity_decimal=str(quantity))
    if "pricing" in params or "price_data" in params:
        named = params["pricing"] if "pricing" in params else {"price_data": params["price_data"]}
        found = one_time_price(tx, named, _path(within, "pricing" if "pricing" in params else ""))
        price = full_price(tx, found, item["currency"])
        item["amount"] = round_half_away(tiers.amount(price, Fraction(quantity)))
        item["pricing"] = pricing_of(price, tiers.unit_amount(price))
        item["description"] = item["description"] or product_name(tx, price)
    elif "amount" in params:
        item["amount"] = params["amount"]
        item["pricing"] = pricing_of(None, Fraction(params["amount"]) / (quantity or 1))
    elif "unit_amount_decimal" in params:
        unit = exact(params["unit_amount_decimal"])
        item["amount"] = round_half_away(unit * quantity)
        item["pricing"] = pricing_of(None, exact(decimal_string(unit)))
    elif item["pricing"] is not None:
        item["amount"] = _again(tx, item)
    else:
        raise missing_parameter(_path(within, "amount"))


def describe_item(
    tx: Transaction,
    item: StripeDict,
    customer: StripeDict,
    params: dict[str, Any],
    *,
    within: str = "",
    **owner: str,
) -> None:
    """Set description, period, metadata, tax rates and discounts as they were sent; `owner` is who has the discounts.

    Raises a 400 for a period that ends before it starts, and for what does not exist or is not imitated.
    """
    refuse_unsupported(params, _UNSUPPORTED, within=within or None)
    set_texts(item, params, ("description",))
    set_values(item, params, ("discountable",))
    if "period" in params:
        start, end = params["period"]["start"], params["period"]["end"]
        if end < start:
            raise invalid("The period must end at or after its start.", param=_path(within, "period[end]"))
        item["period"] = {"end": end, "start": start}
    if "metadata" in params:
        item["metadata"] = merged(item["metadata"], params["metadata"])
    if "tax_rates" in params:
        item["tax_rates"] = chosen_rates(
            tx, params["tax_rates"] or [], param=_path(within, "tax_rates"), kept=item["tax_rates"]
        )
    if "discounts" in params:
        item["discounts"] = redeem(
            tx,
            params["discounts"] or [],
            customer=customer,
            now=tx.now(customer),
            currency=item["currency"],
            param=_path(within, "discounts"),
            kept=item["discounts"],
            **owner,
        )


def _again(tx: Transaction, item: StripeDict) -> int:
    """Work the amount out from the pricing an item has; a line may be one tier of its price, at that tier's unit."""
    details, unit = item["pricing"]["price_details"], exact(item["pricing"]["unit_amount_decimal"])
    quantity = Fraction(item["quantity"])
    price = tx.get("price", details["price"]) if details else None
    if price is None:
        return round_half_away(unit * quantity)
    if item["object"] == "line_item":
        return round_half_away(unit * tiers.packaged(price, quantity))
    return round_half_away(tiers.amount(full_price(tx, price, item["currency"]), quantity))


def _path(within: str, name: str) -> str:
    if not within or not name:
        return within or name
    first, bracket, rest = name.partition("[")
    return f"{within}[{first}]{bracket}{rest}"
