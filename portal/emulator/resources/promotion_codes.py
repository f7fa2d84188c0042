"""Promotion codes: the words customers type to get a coupon."""

import re
from copy import deepcopy
from typing import Any

from portal.emulator.billing.redemption import is_past, is_used_up, refuse_over, usable_coupon
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import page_of
from portal.emulator.wire.routes import Call, route

CODE = "promotion_code"
_WORD = re.compile(r"[A-Za-z0-9\-]{1,500}")


@route("POST", "/v1/promotion_codes", params="PromotionCodeCreateParams")
def create_promotion_code(tx: Transaction, call: Call) -> StripeDict:
    """Create a promotion code for a coupon."""
    params = call.params
    if "coupon" not in params["promotion"]:
        raise missing_parameter("promotion[coupon]")
    now = tx.wall_now()
    coupon = usable_coupon(tx, params["promotion"]["coupon"], now, param="promotion[coupon]")
    if "customer" in params:
        in_param(tx, "customer", params["customer"], param="customer")
    _check_limits(params, coupon, now)
    restrictions = params.get("restrictions", {})
    _check_minimum(restrictions)
    word = params.get("code") or tx.new_id("promo", 8).removeprefix("promo_").upper()
    code: StripeDict = {
        "id": tx.new_id("promo"),
        "object": CODE,
        "active": params.get("active", True),
        "code": word,
        "created": now,
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged(None, params.get("metadata")),
        "promotion": {"coupon": params["promotion"]["coupon"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": restrictions.get("first_time_transaction", False),
            "minimum_amount": restrictions.get("minimum_amount"),
            "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    _check_word(tx, code)
    tx.put(code)
    emit(tx, "promotion_code.created", code)
    return code


@route("GET", "/v1/promotion_codes/{id}", params="PromotionCodeRetrieveParams")
def retrieve_promotion_code(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a promotion code."""
    return _as_of_now(tx, in_path(tx, CODE, call.args["id"]))


@route("POST", "/v1/promotion_codes/{id}", params="PromotionCodeUpdateParams")
def update_promotion_code(tx: Transaction, call: Call) -> StripeDict:
    """Switch a promotion code on or off, or annotate it."""
    before = in_path(tx, CODE, call.args["id"])
    code = deepcopy(before)
    set_values(code, call.params, ("active",))
    if "metadata" in call.params:
        code["metadata"] = merged(code["metadata"], call.params["metadata"])
    if call.params.get("active") and not _as_of_now(tx, before)["active"]:
        _check_word(tx, code)
        _check_redeemable(tx, code)
    tx.put(code)
    emit_updated(tx, "promotion_code.updated", before, code)
    return _as_of_now(tx, code)


@route("GET", "/v1/promotion_codes", params="PromotionCodeListParams")
def list_promotion_codes(tx: Transaction, call: Call) -> StripeDict:
    """List promotion codes, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer",))
    if "coupon" in call.params:
        where["promotion.coupon"] = call.params["coupon"]
    found = [_as_of_now(tx, code) for code in tx.all(CODE, where, created=call.params.get("created"))]
    if "active" in call.params:
        found = [code for code in found if code["active"] == call.params["active"]]
    if "code" in call.params:
        found = [code for code in found if code["code"].lower() == call.params["code"].lower()]
    return page_of(call, found[::-1])


def _check_limits(params: dict[str, Any], coupon: StripeDict, now: int) -> None:
    """Raise a 400 for a code that would outlast its coupon, or could be used more often."""
    expires_at, uses = params.get("expires_at"), params.get("max_redemptions")
    if expires_at is not None:
        if expires_at <= now:
            raise invalid("expires_at must be in the future.", param="expires_at")
        if coupon["redeem_by"] is not None and expires_at > coupon["redeem_by"]:
            raise invalid("expires_at cannot be after the coupon's redeem_by.", param="expires_at")
    if uses is not None:
        if uses < 1:
            raise invalid(
                "Invalid positive integer", param="max_redemptions", code="parameter_invalid_integer"
            )
        if coupon["max_redemptions"] is not None and uses > coupon["max_redemptions"]:
            raise invalid(
                "max_redemptions cannot be greater than the coupon's max_redemptions.",
                param="max_redemptions",
            )


def _check_minimum(restrictions: dict[str, Any]) -> None:
    named = [name for name in ("minimum_amount", "minimum_amount_currency") if name in restrictions]
    if len(named) == 1:
        (other,) = {"minimum_amount", "minimum_amount_currency"} - set(named)
        raise missing_parameter(f"restrictions[{other}]")
    if restrictions.get("minimum_amount", 1) < 1:
        raise invalid(
            "Invalid positive integer",
            param="restrictions[minimum_amount]",
            code="parameter_invalid_integer",
        )


def _check_word(tx: Transaction, code: StripeDict) -> None:
    """Raise a 400 for a malformed code, and for one that another active code for the same customers uses."""
    if not _WORD.fullmatch(code["code"]):
        raise invalid("Promotion codes may contain letters, digits and '-' only.", param="code")
    for other in tx.all(CODE, {"active": True}):
        same_customers = other["customer"] is None or code["customer"] in (None, other["customer"])
        same_word = other["id"] != code["id"] and other["code"].lower() == code["code"].lower()
        if same_word and same_customers and _as_of_now(tx, other)["active"]:
            raise invalid(
                f"An active promotion code with `code: {code['code']}` already exists.",
                param="code",
                code="resource_already_exists",
            )


def _as_of_now(tx: Transaction, code: StripeDict) -> StripeDict:
    """Return the code with `active` worked out: switched on, not over, and its coupon still good."""
    now = tx.wall_now()
    coupon = tx.get("coupon", code["promotion"]["coupon"])
    over = is_past(code["expires_at"], now) or is_used_up(code)
    spoilt = coupon is None or is_past(coupon["redeem_by"], now) or is_used_up(coupon)
    return {**code, "active": code["active"] and not over and not spoilt}


def _check_redeemable(tx: Transaction, code: StripeDict) -> None:
    """Raise a 400 for a code that nobody could redeem if it was switched on again: it or its coupon is over."""
    now = tx.wall_now()
    usable_coupon(tx, code["promotion"]["coupon"], now, param="active")
    refuse_over(code, now, "active")
