"""What the line items of a Checkout session come to today: subtotal, discount, tax, total.

`reprice` works the amounts out again when the payer changes a quantity, adds a code or an address.
"""

from fractions import Fraction

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import minimum_charge, round_half_away, spell
from portal.emulator.billing.discounts import Discountable, Reduction, apply_discounts
from portal.emulator.billing.prices import full_price
from portal.emulator.billing.redemption import usable_code, usable_coupon
from portal.emulator.billing.tax import AUTOMATIC, Rate, exclusive_tax, line_taxes, rate_of
from portal.emulator.resources.checkout_items import price_of
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


def reprice(tx: Transaction, session: StripeDict, private: StripeDict) -> None:
    """Work out the session's amounts from its line items, discounts and the payer's country; nothing is stored.

    Under a trial nothing recurring is due today. Raises a 400 for a discount that cannot be used, and for one payment
    below what a card can be charged.
    """
    items = private["line_items"]
    if session["mode"] == "setup":
        return
    trial = bool(private["subscription_data"].keys() & {"trial_end", "trial_period_days"})
    views, order = [], 0
    for item in items:
        price = full_price(tx, price_of(tx, item), session["currency"])
        amount = _amount(price, item["quantity"])
        order += amount
        item["amount_subtotal"] = 0 if trial and price["recurring"] else amount
        views.append(Discountable(amount=item["amount_subtotal"], product=price["product"]))
    apply_discounts(views, _reductions(tx, session, order), session["currency"])
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
    if session["mode"] == "payment":
        _refuse_small(session)


def _amount(price: StripeDict, quantity: int | None) -> int:
    """Return what a quantity costs today; metered usage is billed later."""
    return 0 if quantity is None else round_half_away(tiers.amount(price, quantity))


def _refuse_small(session: StripeDict) -> None:
    least = minimum_charge(session["currency"])
    if 0 < session["amount_total"] < least:
        raise invalid(
            "The Checkout Session's total amount due must add up to at least "
            f"{spell(least, session['currency'])}.",
            param="line_items",
            code="amount_too_small",
        )


def _reductions(tx: Transaction, session: StripeDict, order: int) -> list[Reduction]:
    found = []
    for index, entry in enumerate(session["discounts"]):
        coupon_id, path = entry["coupon"], f"discounts[{index}]"
        if entry["promotion_code"]:
            coupon_id = _code(tx, session, entry["promotion_code"], order, f"{path}[promotion_code]")
        coupon = usable_coupon(tx, coupon_id, tx.now_for(session["customer"]), param=f"{path}[coupon]")
        _refuse_foreign(coupon, session["currency"], path)
        found.append(Reduction(coupon_id, coupon))
    return found


def _refuse_foreign(coupon: StripeDict, currency: str, param: str) -> None:
    """Raise a 400 for an amount that comes off in other currencies only."""
    if coupon["amount_off"] is None or currency in (
        coupon["currency"],
        *(coupon.get("currency_options") or {}),
    ):
        return
    raise invalid(
        f"The coupon {coupon['id']} takes an amount off in {coupon['currency']}, not in {currency}.",
        param=param,
    )


def _code(tx: Transaction, session: StripeDict, code_id: str, order: int, param: str) -> str:
    """Return the coupon of a promotion code this order may use."""
    customer = tx.get("customer", session["customer"]) if session["customer"] else None
    code = usable_code(tx, code_id, customer, tx.now_for(session["customer"]), param=param)
    limits = code["restrictions"]
    if limits["first_time_transaction"] and customer is None and session["customer_creation"] != "always":
        # Nobody can tell of a guest whether they bought before.
        raise invalid(
            "This promotion code is for first-time customers.", param=param, code="promotion_code_invalid"
        )
    wrong_currency = limits["minimum_amount_currency"] not in (None, session["currency"])
    if wrong_currency or order < (limits["minimum_amount"] or 0):
        least = spell(limits["minimum_amount"], limits["minimum_amount_currency"])
        raise invalid(
            f"This promotion code needs an order of at least {least}.",
            param=param,
            code="promotion_code_invalid",
        )
    return str(code["promotion"]["coupon"])


def _rates(tx: Transaction, session: StripeDict, private: StripeDict, item: StripeDict) -> list[Rate]:
    if session["automatic_tax"]["enabled"]:
        if _country(session) not in AUTOMATIC:
            return []
        percentage, name = AUTOMATIC[_country(session)]
        inclusive = price_of(tx, item)["tax_behavior"] == "inclusive"
        return [Rate(name, Fraction(percentage), inclusive)]
    chosen = item["tax_rates"] or private["subscription_data"].get("default_tax_rates", [])
    return [rate_of(rate) for rate_id in chosen if (rate := tx.get("tax_rate", rate_id)) is not None]


def _country(session: StripeDict) -> str:
    details = session["customer_details"] or {}
    return str((details.get("address") or {}).get("country") or "")
