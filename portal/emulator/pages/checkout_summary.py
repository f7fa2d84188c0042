"""What the Checkout page says about money: the items, today's amounts, and what comes after today."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from portal.emulator.billing.checkout_completion import amount_due_today
from portal.emulator.billing.checkout_payer import SESSION, Payer
from portal.emulator.billing.periods import Cadence
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.pages import words
from portal.emulator.resources.checkout_amounts import reprice
from portal.emulator.transaction import Objects, StripeDict, Transaction


@dataclass(frozen=True)
class Line:
    """One thing that is bought. `adjustable` holds the bounds of the quantities the payer may choose."""

    id: str
    name: str
    description: str | None
    price: str | None
    quantity: int | None
    amount: int
    adjustable: StripeDict | None


@dataclass(frozen=True)
class Summary:
    """The page's left side; amounts in minor units of `currency`. `applied_balance` is negative for a credit; `once`
    says that nothing follows today's payment.
    """

    title: str
    currency: str
    lines: list[Line]
    subtotal: int
    discount: int
    discount_words: str | None
    tax: int
    tax_follows_address: bool
    total: int
    applied_balance: int
    due: int
    once: bool
    trial: str | None
    then: str | None
    metered: bool


def summarize(tx: Transaction, session: StripeDict) -> Summary | None:
    """Work out what a session sells; None for one that only saves a card."""
    if session["mode"] == "setup":
        return None
    private = tx.private(SESSION, session["id"])
    currency = session["currency"]
    prices = [_price(tx, item["price"], currency) for item in private["line_items"]]
    lines = [_line(tx, item, price) for item, price in zip(private["line_items"], prices, strict=True)]
    due = amount_due_today(tx, session, known_payer(session))
    details = session["total_details"]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return Summary(
        title=f"{'Pay for' if session['mode'] == 'payment' else 'Subscribe to'} {lines[0].name}{more}",
        currency=currency,
        lines=lines,
        subtotal=session["amount_subtotal"],
        discount=details["amount_discount"],
        discount_words=_discount_words(tx, session),
        tax=details["amount_tax"],
        tax_follows_address=session["automatic_tax"]["status"] == "requires_location_inputs",
        total=session["amount_total"],
        applied_balance=due - session["amount_total"],
        due=due,
        once=session["mode"] == "payment",
        trial=_trial(private["subscription_data"]),
        then=_afterwards(tx, session, private),
        metered=any(price["recurring"] and price["recurring"]["usage_type"] == "metered" for price in prices),
    )


def known_payer(session: StripeDict) -> Payer:
    """Return the payer as far as the session knows them: tax depends on their address."""
    return Payer(address=(session["customer_details"] or {}).get("address"))


def _line(tx: Transaction, item: StripeDict, price: StripeDict) -> Line:
    product = tx.get("product", price["product"]) or {}
    return Line(
        id=item["id"],
        name=product_name(tx, price),
        description=product.get("description"),
        price=_each(price, item["quantity"], product.get("unit_label")),
        quantity=item["quantity"],
        amount=item["amount_subtotal"],
        adjustable=item["adjustable_quantity"],
    )


def _each(price: StripeDict, quantity: int | None, unit_label: str | None) -> str | None:
    """Say what one costs, where the line's amount does not say it already."""
    if price["recurring"] is not None:
        return words.unit_price(price, unit_label)
    alone = quantity == 1 and price["billing_scheme"] == "per_unit"
    return None if alone else f"{words.unit_price(price, unit_label)}{'' if unit_label else ' each'}"


def _price(tx: Transaction, price_id: str, currency: str) -> StripeDict:
    price = tx.get("price", price_id)
    assert price is not None, price_id
    return full_price(tx, price, currency)


def _discount_words(tx: Transaction, session: StripeDict) -> str | None:
    for entry in session["discounts"]:
        coupon = _coupon(tx, entry)
        if coupon is not None:
            code = tx.get("promotion_code", entry["promotion_code"] or "")
            name = code["code"] if code else coupon["name"] or coupon["id"]
            return f"{name}: {reduction(coupon)}"
    return None


def reduction(coupon: StripeDict) -> str:
    """Say what a coupon takes off and for how long: "20% off for 3 months"."""
    if coupon["percent_off"] is not None:
        off = f"{coupon['percent_off']:g}% off"
    else:
        off = f"{words.money(coupon['amount_off'], coupon['currency'])} off"
    if coupon["duration"] == "once":
        return f"{off} once"
    months = coupon["duration_in_months"]
    return f"{off} for {months} month{'s' if months != 1 else ''}" if months else off


def _trial(subscription_data: dict[str, Any]) -> str | None:
    days, end = subscription_data.get("trial_period_days"), subscription_data.get("trial_end")
    if days:
        return f"{days} day{'s' if days != 1 else ''} free"
    return f"Free until {words.date(end)}" if isinstance(end, int) else None


def _afterwards(tx: Transaction, session: StripeDict, private: StripeDict) -> str | None:
    """Say what is charged again and again: licensed items with tax, and with a discount as long as it lasts."""
    items = []
    often, length = "", 0
    for item in private["line_items"]:
        recurring = _price(tx, item["price"], session["currency"])["recurring"]
        if recurring and item["quantity"] is not None:
            # All intervals are the same: Checkout sells no others together.
            often, length = words.every(recurring), _days(recurring)
            items.append(item)
    if not items:
        return None
    coupons = [_coupon(tx, entry) for entry in session["discounts"]]
    lasting = [
        entry
        for entry, coupon in zip(session["discounts"], coupons, strict=True)
        if coupon is not None and coupon["duration"] == "forever"
    ]
    text = f"{_recurring(tx, session, private, items, lasting)} {often}"
    months = next((coupon["duration_in_months"] for coupon in coupons if coupon), None)
    if months and months * 30 > length:
        reduced = _recurring(tx, session, private, items, session["discounts"])
        return f"{reduced} {often} for {months} month{'s' if months != 1 else ''} in all, then {text}"
    return text


def _days(recurring: StripeDict) -> int:
    return Cadence(recurring["interval"], recurring["interval_count"]).days


def _recurring(
    tx: Transaction, session: StripeDict, private: StripeDict, items: Objects, discounts: Objects
) -> str:
    """Say what these items come to in a period after the trial, with these discounts."""
    later = {**deepcopy(session), "discounts": discounts}
    data = {
        name: value
        for name, value in private["subscription_data"].items()
        if name not in ("trial_end", "trial_period_days")
    }
    reprice(tx, later, {**private, "subscription_data": data, "line_items": deepcopy(items)})
    return words.money(later["amount_total"], session["currency"])


def _coupon(tx: Transaction, entry: StripeDict) -> StripeDict | None:
    code = tx.get("promotion_code", entry["promotion_code"] or "")
    return tx.get("coupon", code["promotion"]["coupon"] if code else entry["coupon"] or "")
