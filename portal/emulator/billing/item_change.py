"""What a request's `items` make of a subscription's items: added, changed, removed, or refused."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy

from portal.emulator.billing.periods import Cadence, Period
from portal.emulator.billing.prices import inline_price, recurring_price, supports
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, new_item, plan_of
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_object
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.metadata import merged

MOST_ITEMS = 20
_UNSUPPORTED = ("billing_thresholds", "clear_usage", "current_trial")


def price_of_entry(tx: Transaction, entry: StripeDict, param: str) -> StripeDict | None:
    """Load or make the price an entry of `items` names; None if it names none. Raises a 400 for two of them.

    `agreed_price` is one that was checked when it was offered: in Checkout it may have been archived since.
    """
    if "agreed_price" in entry:
        return in_param(tx, "price", entry["agreed_price"], param=param)
    if "plan" in entry and "price" in entry:
        raise exclusive_parameters(f"{param}[plan]", f"{param}[price]")
    if "price_data" in entry:
        return inline_price(tx, entry["price_data"], param=f"{param}[price_data]")
    name = "price" if "price" in entry else "plan"
    return recurring_price(tx, entry[name], param=f"{param}[{name}]") if name in entry else None


def changed_items(
    tx: Transaction, sub: StripeDict, entries: list[StripeDict], customer: StripeDict, now: int
) -> list[StripeDict]:
    """Give the items of a subscription after a request, without touching the subscription.

    New items have an empty period (start and end now) which the caller sets. Raises a 400 for an unknown item, a
    price twice, another currency, intervals that do not go together, a quantity on a metered item, or no item left.
    """
    items: list[StripeDict] = deepcopy(sub["items"]["data"])
    by_id = {item["id"]: item for item in items}
    removed: set[str] = set()
    for index, entry in enumerate(entries):
        param = f"items[{index}]"
        refuse_unsupported(entry, _UNSUPPORTED, within=param)
        price = price_of_entry(tx, entry, param)
        if "id" in entry:
            item = by_id.get(entry["id"])
            if item is None:
                raise missing_object("subscription item", entry["id"], param=f"{param}[id]")
            if entry.get("deleted"):
                removed.add(item["id"])
                continue
            if price is not None:
                _set_price(item, price)
        else:
            if price is None:
                raise invalid(
                    "Each item must have a price.", param=f"{param}[price]", code="parameter_missing"
                )
            quantity = entry.get("quantity", 1)
            item = new_item(tx.new_id("si"), sub["id"], price, quantity, Period(now, now), now)
            items.append(item)
        _apply(tx, sub, item, entry, customer, now, param)
    items = [item for item in items if item["id"] not in removed]
    _check(tx, sub, items)
    return items


def _set_price(item: StripeDict, price: StripeDict) -> None:
    item["price"], item["plan"] = price, plan_of(price)
    if is_metered(item):
        item.pop("quantity", None)
    else:
        item.setdefault("quantity", 1)


def _apply(
    tx: Transaction,
    sub: StripeDict,
    item: StripeDict,
    entry: StripeDict,
    customer: StripeDict,
    now: int,
    param: str,
) -> None:
    if "quantity" in entry:
        if is_metered(item):
            raise invalid(
                "You cannot set a quantity on an item with a metered price: its usage comes from the meter.",
                param=f"{param}[quantity]",
            )
        if entry["quantity"] < 0:
            raise invalid(
                "Invalid quantity: must be 0 or more",
                param=f"{param}[quantity]",
                code="parameter_invalid_integer",
            )
        item["quantity"] = entry["quantity"]
    if "metadata" in entry:
        item["metadata"] = merged(item["metadata"], entry["metadata"])
    if "discounts" in entry:
        item["discounts"] = redeem(
            tx,
            entry["discounts"] or [],
            customer=customer,
            now=now,
            currency=sub["currency"],
            param=f"{param}[discounts]",
            kept=item["discounts"],
            subscription=sub["id"],
            subscription_item=item["id"],
        )
    if "tax_rates" in entry:
        item["tax_rates"] = chosen_rates(
            tx, entry["tax_rates"] or [], param=f"{param}[tax_rates]", kept=item["tax_rates"]
        )


def _check(tx: Transaction, sub: StripeDict, items: list[StripeDict]) -> None:
    if not items:
        raise invalid(
            "A subscription must have at least one active item. To remove the last one, cancel the subscription.",
            param="items",
        )
    if len(items) > MOST_ITEMS:
        raise invalid(f"A subscription can have at most {MOST_ITEMS} items.", param="items")
    prices = [item["price"]["id"] for item in items]
    for price_id in prices:
        if prices.count(price_id) > 1:
            raise invalid(
                f"Cannot add multiple subscription items with the same price: {price_id}.", param="items"
            )
    for item in items:
        if not supports(tx, item["price"], sub["currency"]):
            raise invalid(
                f"The price specified only supports `{item['price']['currency']}`. This doesn't match the expected "
                f"currency: `{sub['currency']}`.",
                param="items",
            )
    cadences = {cadence_of(item["price"]) for item in items}
    if sub["billing_mode"]["type"] == "classic" and len(cadences) > 1:
        raise invalid(
            "All prices of a subscription in classic billing mode must have the same interval.", param="items"
        )
    refuse_unaligned(cadences, "items")


def refuse_unaligned(cadences: Collection[Cadence], param: str) -> None:
    """Raise a 400 unless every interval is a multiple of the shortest, so that their boundaries fall together."""
    shortest = min(cadences, key=lambda cadence: cadence.days)
    if not all(cadence.is_multiple_of(shortest) for cadence in cadences):
        raise invalid(
            "The intervals of all prices must be multiples of the shortest one among them.", param=param
        )
