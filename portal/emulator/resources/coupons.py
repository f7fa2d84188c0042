"""Coupons: a reduction by percent or by amount, for one invoice, some months, or forever.

`applies_to` and `currency_options` come only on expand, so they are kept beside the object.
"""

import re
from copy import deepcopy
from typing import Any

from portal.emulator.billing.redemption import is_past, is_used_up
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import check_lengths, set_texts, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_LONGEST = {"name": 40}
_LARGEST_AMOUNT = 99_999_999_999
_LONGEST_SECONDS = 5 * 366 * 86_400
_CHOSEN_ID = re.compile(r"[A-Za-z0-9_\-]{1,200}")


@route("POST", "/v1/coupons", params="CouponCreateParams")
def create_coupon(tx: Transaction, call: Call) -> StripeDict:
    """Create a coupon."""
    params = call.params
    coupon_id = params.get("id") or tx.new_id("co", 8).removeprefix("co_")
    if not _CHOSEN_ID.fullmatch(coupon_id):
        raise invalid("Invalid id: use letters, digits, '_' and '-'.", param="id")
    if tx.get("coupon", coupon_id) is not None:
        raise invalid(f"Coupon already exists: {coupon_id}", param="id", code="resource_already_exists")
    duration = params.get("duration", "once")
    check_lengths(params, _LONGEST)
    _check_reduction(params)
    options = params.get("currency_options", {})
    _check_options(options, params.get("amount_off"))
    _check_limits(tx, params, duration)
    for index, product_id in enumerate(params.get("applies_to", {}).get("products", [])):
        in_param(tx, "product", product_id, param=f"applies_to[products][{index}]")
    coupon: StripeDict = {
        "id": coupon_id,
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": tx.wall_now(),
        "currency": params["currency"] if "amount_off" in params else None,
        "duration": duration,
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged(None, params.get("metadata")),
        "name": text(params.get("name")),
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    private = {
        "applies_to": params.get("applies_to"),
        "currency_options": {name: dict(option) for name, option in options.items()},
    }
    tx.put(coupon, private=private)
    emit(tx, "coupon.created", coupon)
    return coupon


@route("GET", "/v1/coupons/{id}", params="CouponRetrieveParams")
def retrieve_coupon(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a coupon."""
    return _as_of_now(tx, in_path(tx, "coupon", call.args["id"], param="coupon"))


@route("POST", "/v1/coupons/{id}", params="CouponUpdateParams")
def update_coupon(tx: Transaction, call: Call) -> StripeDict:
    """Rename or annotate a coupon; what it reduces may not change."""
    before = in_path(tx, "coupon", call.args["id"], param="coupon")
    coupon = deepcopy(before)
    check_lengths(call.params, _LONGEST)
    set_texts(coupon, call.params, ("name",))
    if "metadata" in call.params:
        coupon["metadata"] = merged(coupon["metadata"], call.params["metadata"])
    private = tx.private("coupon", coupon["id"])
    if "currency_options" in call.params:
        options = call.params["currency_options"]
        _check_options(options, coupon["amount_off"])
        private["currency_options"] |= {name: dict(option) for name, option in options.items()}
    tx.put(coupon, private=private)
    emit_updated(tx, "coupon.updated", before, coupon)
    return _as_of_now(tx, coupon)


@route("DELETE", "/v1/coupons/{id}", params="CouponDeleteParams")
def delete_coupon(tx: Transaction, call: Call) -> StripeDict:
    """Delete a coupon; who has it keeps it."""
    coupon = in_path(tx, "coupon", call.args["id"], param="coupon")
    tx.delete("coupon", coupon["id"])
    emit(tx, "coupon.deleted", {**coupon, "valid": False})
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


@route("GET", "/v1/coupons", params="CouponListParams")
def list_coupons(tx: Transaction, call: Call) -> StripeDict:
    """List coupons, newest first."""
    answer = list_answer(tx, call, "coupon")
    return {**answer, "data": [_as_of_now(tx, coupon) for coupon in answer["data"]]}


@included_on_expand("coupon", "applies_to")
def applies_to(tx: Transaction, coupon: StripeDict) -> StripeDict | None:
    """Return which products a coupon is for, or None for all."""
    found: StripeDict | None = tx.private("coupon", coupon["id"]).get("applies_to")
    return found


@included_on_expand("coupon", "currency_options")
def currency_options(tx: Transaction, coupon: StripeDict) -> StripeDict:
    """Return a coupon's amounts by currency; its own currency is among them."""
    options: StripeDict = dict(tx.private("coupon", coupon["id"]).get("currency_options") or {})
    if coupon["amount_off"] is not None:
        options[coupon["currency"]] = {"amount_off": coupon["amount_off"]}
    return options


def _as_of_now(tx: Transaction, coupon: StripeDict) -> StripeDict:
    """Return the coupon with `valid` worked out: not past its date, not used up."""
    return {**coupon, "valid": not (is_used_up(coupon) or is_past(coupon["redeem_by"], tx.wall_now()))}


def _check_reduction(params: dict[str, Any]) -> None:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if percent is not None and amount is not None:
        raise exclusive_parameters("percent_off", "amount_off")
    if percent is None and amount is None:
        raise invalid(
            "You must pass either percent_off or amount_off.", param="percent_off", code="parameter_missing"
        )
    if percent is not None and not 0 < percent <= 100:
        raise invalid("percent_off must be greater than 0 and at most 100.", param="percent_off")
    if amount is not None:
        _check_amount(amount, "amount_off")
        if "currency" not in params:
            raise missing_parameter("currency")


def _check_amount(amount: int, param: str) -> None:
    if not 1 <= amount <= _LARGEST_AMOUNT:
        raise invalid("Invalid positive integer", param=param, code="parameter_invalid_integer")


def _check_options(options: dict[str, Any], amount_off: int | None) -> None:
    if options and amount_off is None:
        raise invalid("currency_options can only be used with amount_off.", param="currency_options")
    for currency, option in options.items():
        _check_amount(option["amount_off"], f"currency_options[{currency}][amount_off]")


def _check_limits(tx: Transaction, params: dict[str, Any], duration: str) -> None:
    months = params.get("duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise invalid(
            "You must pass duration_in_months with duration=repeating, and only then.",
            param="duration_in_months",
        )
    for name in ("duration_in_months", "max_redemptions"):
        if params.get(name, 1) < 1:
            raise invalid("Invalid positive integer", param=name, code="parameter_invalid_integer")
    now = tx.wall_now()
    if not now < params.get("redeem_by", now + 1) <= now + _LONGEST_SECONDS:
        raise invalid("redeem_by must be in the future and within 5 years.", param="redeem_by")
