"""Prorations as invoice items: credit for what is no longer used, a debit for what is used from now on."""

from __future__ import annotations

from fractions import Fraction

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import round_half_away
from portal.emulator.billing.debits import note_debit, take_debits
from portal.emulator.billing.discounts import Discountable, apply_discounts
from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.invoice_shape import new_invoice_item, pricing_of
from portal.emulator.billing.lines import metered_lines
from portal.emulator.billing.periods import Period, spell_date
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.proration import credit, debit
from portal.emulator.billing.redemption import reductions
from portal.emulator.billing.subscription_shape import is_metered, period_of
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction


def credit_item(
    tx: Transaction, sub: StripeDict, item: StripeDict, notes: StripeDict, at: int
) -> list[StripeDict]:
    """Credit the unused part of everything charged in advance for an item, and forget those charges.

    The classic billing mode values the current price instead of what was charged.
    """
    found = []
    for charged in take_debits(notes, item["id"], at):
        amount = charged["amount"]
        if sub["billing_mode"]["type"] == "classic":
            whole, part = period_of(item), Period(charged["start"], charged["end"])
            price = full_price(tx, item["price"], sub["currency"])
            share = Fraction(part.end - part.start, whole.end - whole.start)
            amount = round_half_away(tiers.amount(price, item["quantity"]) * share)
        value = credit(amount, Period(charged["start"], charged["end"]), at)
        if value == 0:
            continue
        invoice_item = _proration(tx, sub, item, value, Period(at, charged["end"]), "Unused time on")
        invoice_item["discountable"] = False
        invoice_item["proration_details"] = {
            "credited_items": _credited(charged),
            "discount_amounts": [],
        }
        tx.put(invoice_item)
        emit(tx, "invoiceitem.created", invoice_item)
        found.append(invoice_item)
    return found


def debit_item(
    tx: Transaction, sub: StripeDict, item: StripeDict, notes: StripeDict, at: int
) -> StripeDict | None:
    """Charge a licensed item for the rest of its current period; None where that costs nothing."""
    period = period_of(item)
    full = full_price_of_period(tx, sub, item, at)
    value = debit(full, period, at)
    if value == 0:
        return None
    rest = Period(max(at, period.start), period.end)
    invoice_item = _proration(tx, sub, item, value, rest, "Remaining time on")
    # The amount is net of discounts already, as the credit for it will be.
    invoice_item["discountable"] = False
    invoice_item["proration_details"] = {"credited_items": None, "discount_amounts": []}
    tx.put(invoice_item)
    note_debit(notes, item["id"], value, rest, invoice_item=invoice_item["id"])
    emit(tx, "invoiceitem.created", invoice_item)
    return invoice_item


def bill_usage(tx: Transaction, sub: StripeDict, item: StripeDict, until: int) -> list[StripeDict]:
    """Turn an item's usage of the current period so far into pending invoice items, as the item goes away."""
    start = item["current_period_start"]
    period = Period(start, max(start, until))
    found = []
    for line in metered_lines(tx, sub, item, period):
        if line["amount"] == 0:
            continue
        invoice_item = new_invoice_item(
            tx.new_id("ii"),
            customer_of(tx, sub),
            amount=line["amount"],
            currency=sub["currency"],
            period=period,
            now=tx.now(sub),
        )
        invoice_item.update(
            description=line["description"],
            pricing=line["pricing"],
            quantity=line["quantity"],
            quantity_decimal=line["quantity_decimal"],
            parent=_parent(sub, item),
            discounts=list(item["discounts"]),
            tax_rates=list(item["tax_rates"]),
        )
        tx.put(invoice_item)
        emit(tx, "invoiceitem.created", invoice_item)
        found.append(invoice_item)
    return found


def full_price_of_period(tx: Transaction, sub: StripeDict, item: StripeDict, at: int) -> Fraction:
    """Price an item for a whole period after the discounts it shares with the subscription's other items."""
    licensed = [other for other in sub["items"]["data"] if not is_metered(other)]
    costs = [
        tiers.amount(full_price(tx, other["price"], sub["currency"]), other["quantity"]) for other in licensed
    ]
    views = [
        Discountable(
            amount=round_half_away(cost),
            product=other["price"]["product"],
            own=reductions(tx, other["discounts"], at),
        )
        for other, cost in zip(licensed, costs, strict=True)
    ]
    apply_discounts(views, reductions(tx, sub["discounts"], at), sub["currency"])
    for other, cost, view in zip(licensed, costs, views, strict=True):
        if other["id"] == item["id"]:
            return Fraction(view.left) if view.taken else cost
    return Fraction(0)


def _proration(
    tx: Transaction, sub: StripeDict, item: StripeDict, amount: int, period: Period, words: str
) -> StripeDict:
    now = tx.now(sub)
    invoice_item = new_invoice_item(
        tx.new_id("ii"), customer_of(tx, sub), amount=amount, currency=sub["currency"], period=period, now=now
    )
    name = product_name(tx, item["price"])
    units = "" if item["quantity"] == 1 else f"{item['quantity']:,} × "
    price = full_price(tx, item["price"], sub["currency"])
    per_unit = tiers.unit_amount(price) if price["billing_scheme"] == "per_unit" else None
    invoice_item.update(
        description=f"{words} {units}{name} after {spell_date(period.start)}",
        parent=_parent(sub, item),
        pricing=pricing_of(price, per_unit),
        proration=True,
        quantity=item["quantity"],
        quantity_decimal=str(item["quantity"]),
        # Its own rates must outlive the item, which may be gone when this is invoiced.
        tax_rates=list(item["tax_rates"]),
    )
    return invoice_item


def _parent(sub: StripeDict, item: StripeDict) -> StripeDict:
    return {
        "subscription_details": {"subscription": sub["id"], "subscription_item": item["id"]},
        "type": "subscription_details",
    }


def _credited(charged: StripeDict) -> StripeDict:
    if charged["line"] is None:
        return {
            "invoice_item": charged["invoice_item"],
            "invoice_line_item_details": None,
            "type": "invoice_item",
        }
    return {
        "invoice_item": None,
        "invoice_line_item_details": {
            "invoice": charged["invoice"],
            "invoice_line_items": [charged["line"]],
        },
        "type": "invoice_line_items",
    }
