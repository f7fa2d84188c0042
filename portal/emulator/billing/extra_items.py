"""One-time charges that ride on a subscription's next invoice (`add_invoice_items`)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import round_half_away
from portal.emulator.billing.invoice_shape import new_invoice_item, pricing_of
from portal.emulator.billing.periods import Period
from portal.emulator.billing.prices import full_price, inline_price, product_name
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.metadata import merged


def one_time_price(tx: Transaction, entry: dict[str, Any], param: str) -> StripeDict:
    """Load or make the one-time price an entry names. Raises a 400 for a recurring one, or none."""
    if "price_data" in entry:
        return inline_price(tx, entry["price_data"], param=f"{param}[price_data]")
    if "price" not in entry:
        raise invalid("You must pass `price` or `price_data`.", param=param)
    price = in_param(tx, "price", entry["price"], param=f"{param}[price]")
    if price["recurring"] is not None:
        raise invalid(
            "The price specified is set to `type=recurring` but this field only accepts prices with "
            "`type=one_time`.",
            param=f"{param}[price]",
        )
    return price


def add_invoice_items(
    tx: Transaction, sub: StripeDict, entries: list[dict[str, Any]], customer: StripeDict, now: int
) -> list[StripeDict]:
    """Make the pending invoice items of a request for one subscription."""
    return [
        extra_item(
            tx,
            entry,
            customer,
            sub["currency"],
            now,
            f"add_invoice_items[{index}]",
            subscription_id=sub["id"],
        )
        for index, entry in enumerate(entries)
    ]


def extra_item(
    tx: Transaction,
    entry: dict[str, Any],
    customer: StripeDict,
    currency: str,
    now: int,
    param: str,
    *,
    subscription_id: str | None = None,
) -> StripeDict:
    """Make the pending invoice item of one entry: a one-time price, how many, and what is special about it."""
    refuse_unsupported(entry, ("period",), within=param)
    price = full_price(tx, one_time_price(tx, entry, param), currency)
    quantity = entry.get("quantity", 1)
    item = new_invoice_item(
        tx.new_id("ii"),
        customer,
        amount=round_half_away(tiers.amount(price, Fraction(quantity))),
        currency=currency,
        period=Period(now, now),
        now=now,
    )
    item.update(
        description=product_name(tx, price),
        discountable=entry.get("discountable", True),
        metadata=merged(None, entry.get("metadata")),
        pricing=pricing_of(price, tiers.unit_amount(price)),
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=chosen_rates(tx, entry.get("tax_rates") or [], param=f"{param}[tax_rates]"),
    )
    if subscription_id is not None:
        item["parent"] = {
            "subscription_details": {"subscription": subscription_id, "subscription_item": None},
            "type": "subscription_details",
        }
    item["discounts"] = redeem(
        tx,
        entry.get("discounts") or [],
        customer=customer,
        now=now,
        currency=item["currency"],
        param=f"{param}[discounts]",
        invoice_item=item["id"],
    )
    tx.put(item)
    emit(tx, "invoiceitem.created", item)
    return item
