"""Redeeming coupons and promotion codes: which may be used by whom, and the discounts they become."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.discounts import Reduction
from portal.emulator.billing.periods import add_months
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid, missing_object
from portal.emulator.wire.lookup import in_param


def redeem(
    tx: Transaction,
    wanted: list[StripeDict],
    *,
    customer: StripeDict | None,
    now: int,
    currency: str,
    param: str,
    kept: list[str] | None = None,
    **owner: str | None,
) -> list[str]:
    """Turn the `discounts` of a request into discounts of their owner, in order, and return their ids.

    `owner` names what carries them (subscription, subscription_item, invoice, invoice_item, checkout_session).
    `kept` are those it has: a request may name them again, and what it leaves out ends. Without a customer (a guest's
    Checkout) nobody is told of the discount.
    Raises a 400 for a code or coupon that cannot be used.
    """
    ids = []
    for index, entry in enumerate(wanted):
        where = f"{param}[{index}]"
        if "discount" in entry:
            if entry["discount"] not in (kept or []):
                _refuse_foreign(tx, entry["discount"], customer, f"{where}[discount]")
            ids.append(entry["discount"])
        elif "promotion_code" in entry:
            code = usable_code(tx, entry["promotion_code"], customer, now, param=f"{where}[promotion_code]")
            coupon = usable_coupon(tx, code["promotion"]["coupon"], now, param=where)
            _refuse_other_currency(coupon, currency, f"{where}[promotion_code]")
            ids.append(_discount(tx, coupon, code, customer, now, owner))
        elif "coupon" in entry:
            coupon = usable_coupon(tx, entry["coupon"], now, param=f"{where}[coupon]")
            _refuse_other_currency(coupon, currency, f"{where}[coupon]")
            ids.append(_discount(tx, coupon, None, customer, now, owner))
        else:
            raise invalid("You must pass one of `coupon`, `discount` or `promotion_code`.", param=where)
    for discount_id in kept or []:
        discount = tx.get("discount", discount_id)
        # A draft lets go of its subscription's discounts, which go on there.
        if discount_id not in ids and discount is not None and owner.items() <= discount.items():
            end_discount(tx, discount)
    return ids


def end_discount(tx: Transaction, discount: StripeDict) -> None:
    """Take a discount out of use and tell the world; what it has reduced still names it."""
    tx.put(discount, private={**tx.private("discount", discount["id"]), "ended": True})
    emit(tx, "customer.discount.deleted", discount)


def no_discount(owner: StripeDict) -> StripeError:
    """Return the 404 for removing a discount from something that has none."""
    return StripeError(
        404,
        "invalid_request_error",
        f"No active discount for {owner['object']}: {owner['id']}",
        code="resource_missing",
    )


def usable_code(
    tx: Transaction, code_id: str, customer: StripeDict | None, now: int, *, param: str
) -> StripeDict:
    """Load a promotion code this customer may use now. Raises a 400 saying why not."""
    code = in_param(tx, "promotion_code", code_id, param=param)
    refuse_over(code, now, param)
    if code["customer"] is not None and (customer is None or code["customer"] != customer["id"]):
        raise _refused("This promotion code is not valid for this customer.", param)
    payer = customer["id"] if customer and code["restrictions"]["first_time_transaction"] else None
    if payer is not None and tx.count("invoice", {"customer": payer, "status": "paid"}) > 0:
        raise _refused(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            param,
        )
    return code


def refuse_over(code: StripeDict, now: int, param: str) -> None:
    """Raise a 400 for a promotion code that is switched off, past its date or used up."""
    if not code["active"] or is_past(code["expires_at"], now):
        raise _refused("This promotion code is expired or no longer active.", param)
    if is_used_up(code):
        raise _refused("This promotion code has been redeemed the maximum number of times.", param)


def is_used_up(redeemable: StripeDict) -> bool:
    """Say whether a coupon or a promotion code was redeemed as often as it may be."""
    most = redeemable["max_redemptions"]
    return most is not None and redeemable["times_redeemed"] >= most


def is_past(at: int | None, now: int) -> bool:
    """Say whether a date that need not be set has come."""
    return at is not None and at <= now


def usable_coupon(tx: Transaction, coupon_id: str, now: int, *, param: str) -> StripeDict:
    """Load a coupon that can be redeemed now, with the parts it only shows on request. Raises a 400 if it cannot."""
    coupon = in_param(tx, "coupon", coupon_id, param=param)
    if is_past(coupon["redeem_by"], now) or is_used_up(coupon) or not coupon["valid"]:
        raise StripeError(
            400, "invalid_request_error", f"Coupon expired: {coupon_id}", code="coupon_expired", param=param
        )
    return {**coupon, **tx.private("coupon", coupon_id)}


def reductions(tx: Transaction, discount_ids: list[str], at: int) -> list[Reduction]:
    """Load discounts as they are applied to lines at an instant; those that have ended are left out."""
    found = []
    for discount_id in discount_ids:
        discount = tx.get("discount", discount_id)
        if discount is not None and (discount["end"] is None or discount["end"] > at):
            found.append(Reduction(discount_id, tx.private("discount", discount_id)["coupon"]))
    return found


def consume(tx: Transaction, sub: StripeDict, invoice: StripeDict) -> None:
    """Take off a subscription what its new invoice has used up (`once`), and what has ended (`repeating`).

    An invoice that a discount did not reduce, such as that of a trial, does not use it up.
    """
    used = {part["discount"] for part in invoice["total_discount_amounts"]}
    sub["discounts"] = _still_good(tx, sub["discounts"], used, invoice["created"])
    for item in sub["items"]["data"]:
        item["discounts"] = _still_good(tx, item["discounts"], used, invoice["created"])


def _still_good(tx: Transaction, discount_ids: list[str], used: set[str], at: int) -> list[str]:
    good = []
    for discount_id in discount_ids:
        discount = tx.get("discount", discount_id)
        if discount is None:
            continue
        once = tx.private("discount", discount_id)["coupon"]["duration"] == "once"
        if (once and discount_id in used) or (discount["end"] is not None and discount["end"] <= at):
            end_discount(tx, discount)
        else:
            good.append(discount_id)
    return good


def _refuse_other_currency(coupon: StripeDict, currency: str, param: str) -> None:
    takes = {coupon["currency"], *(coupon.get("currency_options") or {})}
    if coupon["amount_off"] is not None and currency not in takes:
        raise invalid(
            f"The coupon {coupon['id']} takes off an amount in {coupon['currency']}; it cannot be used where amounts "
            f"are in {currency}.",
            param=param,
        )


def _refuse_foreign(tx: Transaction, discount_id: str, customer: StripeDict | None, param: str) -> None:
    found = in_param(tx, "discount", discount_id, param=param)
    theirs = customer is not None and found["customer"] == customer["id"]
    if not theirs or tx.private("discount", discount_id).get("ended"):
        raise missing_object("discount", discount_id, param=param)


def _discount(
    tx: Transaction,
    coupon: StripeDict,
    code: StripeDict | None,
    customer: StripeDict | None,
    now: int,
    owner: dict[str, Any],
) -> str:
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    discount: StripeDict = {
        "id": tx.new_id("di"),
        "object": "discount",
        "checkout_session": owner.get("checkout_session"),
        "customer": customer["id"] if customer is not None else None,
        "customer_account": None,
        "end": add_months(now, months) if months else None,
        "invoice": owner.get("invoice"),
        "invoice_item": owner.get("invoice_item"),
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": now,
        "subscription": owner.get("subscription"),
        "subscription_item": owner.get("subscription_item"),
    }
    tx.put(discount, private={"coupon": coupon})
    _count_redemption(tx, "coupon", coupon["id"])
    if code is not None:
        _count_redemption(tx, "promotion_code", code["id"])
    if customer is not None:
        emit(tx, "customer.discount.created", discount)
    return str(discount["id"])


def _count_redemption(tx: Transaction, object_type: str, object_id: str) -> None:
    found = tx.get(object_type, object_id)
    assert found is not None, object_id
    found["times_redeemed"] += 1
    if object_type == "coupon" and found["times_redeemed"] == found["max_redemptions"]:
        found["valid"] = False
    tx.put(found)


def _refused(message: str, param: str) -> StripeError:
    return invalid(message, param=param, code="promotion_code_invalid")
