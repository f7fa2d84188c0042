"""Invoice lines: what a subscription item costs for a period, what its usage cost, and what is pending."""

from __future__ import annotations

from fractions import Fraction

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import spell
from portal.emulator.billing.invoice_shape import item_parent, new_line, pricing_of
from portal.emulator.billing.periods import Cadence, Period
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, period_of
from portal.emulator.billing.usage import usage_of
from portal.emulator.transaction import StripeDict, Transaction


def trial_line(tx: Transaction, sub: StripeDict, item: StripeDict) -> StripeDict:
    """Give the line of 0 that tells of an item's trial, in the words of the subscription's billing mode
    (docs.stripe.com/billing/subscriptions/billing-mode/compare).
    """
    name, quantity = product_name(tx, item["price"]), item.get("quantity", 0)
    classic = sub["billing_mode"]["type"] == "classic"
    return new_line(
        tx.new_id("il"),
        amount=0,
        currency=sub["currency"],
        description=f"Trial period for {name}" if classic else f"Free trial for {quantity:,} × {name}",
        period=period_of(item),
        quantity=quantity,
        pricing=pricing_of(item["price"], Fraction(0)),
        parent=item_parent(sub["id"], item["id"]),
        metadata=dict(sub["metadata"]),
    )


def licensed_lines(tx: Transaction, sub: StripeDict, item: StripeDict, period: Period) -> list[StripeDict]:
    """Give the lines of a licensed item for one whole period, paid in advance."""
    return _priced_lines(tx, sub, item, Fraction(item["quantity"]), period)


def metered_lines(tx: Transaction, sub: StripeDict, item: StripeDict, period: Period) -> list[StripeDict]:
    """Give the lines of a metered item for the usage within a period, billed in arrears."""
    used = usage_of(tx, item["price"]["recurring"]["meter"], sub["customer"], period)
    return _priced_lines(tx, sub, item, max(used, Fraction(0)), period)


def lines_in_advance(tx: Transaction, sub: StripeDict, items: list[StripeDict]) -> list[StripeDict]:
    """Give the lines of all licensed items among these for their current periods."""
    return [
        line
        for item in items
        if not is_metered(item)
        for line in licensed_lines(
            tx, sub, item, Period(item["current_period_start"], item["current_period_end"])
        )
    ]


def pending_line(tx: Transaction, invoice_item: StripeDict) -> StripeDict:
    """Turn a pending invoice item into a line; a proration stays tied to its subscription item."""
    parent = invoice_item["parent"]
    details = parent["subscription_details"] if parent else None
    if details and details["subscription_item"]:
        origin = item_parent(
            details["subscription"],
            details["subscription_item"],
            invoice_item["proration"],
            invoice_item=invoice_item["id"],
            proration_details=_credited(invoice_item),
        )
    else:
        origin = {
            "invoice_item_details": {
                "invoice_item": invoice_item["id"],
                "proration": invoice_item["proration"],
                "proration_details": _credited(invoice_item),
                "subscription": details["subscription"] if details else None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    line = new_line(
        tx.new_id("il"),
        amount=invoice_item["amount"],
        currency=invoice_item["currency"],
        description=invoice_item["description"],
        period=Period(invoice_item["period"]["start"], invoice_item["period"]["end"]),
        quantity=invoice_item["quantity"],
        pricing=invoice_item["pricing"],
        parent=origin,
        metadata=dict(invoice_item["metadata"]),
        discountable=invoice_item["discountable"],
    )
    line["discounts"] = list(invoice_item["discounts"])
    return line


def describe(
    name: str, price: StripeDict, charge: tiers.TierCharge, quantity: Fraction, cadence: Cadence | None
) -> str:
    """Word a line as Stripe does: "3 × Pro (at $20.00 / month)", "1 × Calls (Tier 2 at $0.01 / month)"."""
    every = "" if cadence is None else f" / {_every(cadence)}"
    tier = "" if charge.tier is None else f"Tier {charge.tier} "
    package = price["transform_quantity"]
    each = f" per {package['divide_by']}" if package else ""
    at = f"{tier}at {spell(charge.unit_amount, price['currency'])}{each}{every}"
    if charge.flat_amount:
        at += f" + {spell(charge.flat_amount, price['currency'])}"
    return f"{int(quantity):,} × {name} ({at})"


def _priced_lines(
    tx: Transaction, sub: StripeDict, item: StripeDict, quantity: Fraction, period: Period
) -> list[StripeDict]:
    price = full_price(tx, item["price"], sub["currency"])
    name = product_name(tx, price)
    found = []
    for charge, amount in tiers.lines(price, quantity):
        units = quantity if charge.tier is None else charge.quantity
        line = new_line(
            tx.new_id("il"),
            amount=amount,
            currency=sub["currency"],
            description=describe(name, price, charge, units, cadence_of(price)),
            period=period,
            quantity=units,
            pricing=pricing_of(price, charge.unit_amount),
            parent=item_parent(sub["id"], item["id"]),
            metadata=dict(sub["metadata"]),
        )
        line["discounts"] = list(item["discounts"])
        found.append(line)
    return found


def _credited(invoice_item: StripeDict) -> StripeDict | None:
    if not invoice_item["proration"]:
        return None
    credited = (invoice_item["proration_details"] or {}).get("credited_items")
    details = credited["invoice_line_item_details"] if credited else None
    return {"credited_items": dict(details) if details else None}


def _every(cadence: Cadence) -> str:
    return cadence.interval if cadence.number == 1 else f"every {cadence.number} {cadence.interval}s"
