"""What Checkout refuses when a session is created, beyond the types of its parameters."""

from typing import Any

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.fields import check_email
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.urls import check_url

_SHORTEST_LIFETIME = 30 * 60
_LONGEST_LIFETIME = 24 * 3600
_SHORTEST_TRIAL = 48 * 3600
_LONGEST_TRIAL_DAYS = 730
_MODES_OF = {
    "allow_promotion_codes": ("payment", "subscription"),
    "customer_creation": ("payment", "setup"),
    "discounts": ("payment", "subscription"),
    "invoice_creation": ("payment",),
    "payment_intent_data": ("payment",),
    "payment_method_collection": ("subscription",),
    "phone_number_collection": ("payment", "subscription"),
    "saved_payment_method_options": ("payment", "subscription"),
    "setup_intent_data": ("setup",),
    "submit_type": ("payment", "subscription"),
    "subscription_data": ("subscription",),
}
# Parameters that change what the page does and that the emulator's page does not do.
_UNSUPPORTED = (
    "branding_settings", "managed_payments", "name_collection", "optional_items", "permissions", "return_url",
    "redirect_on_completion", "shipping_options",
)  # fmt: skip


def check_session_params(tx: Transaction, params: dict[str, Any]) -> StripeDict | None:
    """Return the session's customer, if it names one. Raises a 400 for what Checkout refuses."""
    if "mode" not in params:
        raise missing_parameter("mode")
    _check_supported(params)
    _check_urls(params)
    _check_lifetime(tx, params)
    _check_mode(params)
    check_email(params.get("customer_email"), "customer_email")
    receipt_email = params.get("payment_intent_data", {}).get("receipt_email")
    check_email(receipt_email, "payment_intent_data[receipt_email]")
    _check_discounts(params)
    customer = _check_customer(tx, params)
    now = tx.now_for(customer["id"] if customer is not None else None)
    _check_trial(params.get("subscription_data", {}), now)
    return customer


def _check_supported(params: dict[str, Any]) -> None:
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The emulator supports `ui_mode=hosted_page` only.", param="ui_mode")
    for name in _UNSUPPORTED:
        if name in params:
            raise invalid(f"The emulator does not support {name} in Checkout.", param=name)


def _check_urls(params: dict[str, Any]) -> None:
    if not params.get("success_url"):
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        check_url(params.get(name), name)


def _check_lifetime(tx: Transaction, params: dict[str, Any]) -> None:
    expires_at = params.get("expires_at")
    if expires_at is None:
        return
    lifetime = expires_at - tx.wall_now()
    # A minute's grace: clocks of client and server differ.
    if not _SHORTEST_LIFETIME - 60 <= lifetime <= _LONGEST_LIFETIME + 60:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session "
            "creation.",
            param="expires_at",
        )


def _check_mode(params: dict[str, Any]) -> None:
    mode = params["mode"]
    for name, modes in _MODES_OF.items():
        if name in params and mode not in modes:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "setup":
        if "line_items" in params:
            raise invalid("`line_items` cannot be passed in `setup` mode.", param="line_items")
        if "currency" not in params:
            raise missing_parameter("currency")
    elif not params.get("line_items"):
        raise missing_parameter("line_items")
    by_hand = params.get("payment_intent_data", {}).get("capture_method") == "manual"
    if by_hand and params.get("invoice_creation", {}).get("enabled"):
        raise invalid(
            "You cannot use `invoice_creation` with `payment_intent_data[capture_method]=manual`.",
            param="invoice_creation",
        )


def _check_discounts(params: dict[str, Any]) -> None:
    discounts = params.get("discounts")
    if discounts is None:
        return
    if params.get("allow_promotion_codes"):
        raise exclusive_parameters("allow_promotion_codes", "discounts")
    if len(discounts) > 1:
        raise invalid("You can only apply one discount to a Checkout Session.", param="discounts")
    for index, entry in enumerate(discounts):
        if len(entry) != 1:
            raise exclusive_parameters(f"discounts[{index}][coupon]", f"discounts[{index}][promotion_code]")


def _check_trial(data: dict[str, Any], now: int) -> None:
    if "trial_end" in data and "trial_period_days" in data:
        raise exclusive_parameters("subscription_data[trial_end]", "subscription_data[trial_period_days]")
    if not 1 <= data.get("trial_period_days", 1) <= _LONGEST_TRIAL_DAYS:
        raise invalid(
            f"trial_period_days must be between 1 and {_LONGEST_TRIAL_DAYS}.",
            param="subscription_data[trial_period_days]",
        )
    if "trial_end" in data and data["trial_end"] < now + _SHORTEST_TRIAL:
        raise invalid(
            "The `trial_end` date has to be at least 2 days in the future.",
            param="subscription_data[trial_end]",
        )


def _check_customer(tx: Transaction, params: dict[str, Any]) -> StripeDict | None:
    if "customer" not in params:
        if "customer_update" in params:
            raise invalid("`customer_update` can only be used with `customer`.", param="customer_update")
        return None
    if "customer_email" in params:
        raise exclusive_parameters("customer", "customer_email")
    customer = in_param(tx, "customer", params["customer"], param="customer")
    update = params.get("customer_update", {})
    taxed = params.get("automatic_tax", {}).get("enabled", False)
    if taxed and update.get("address") != "auto" and not (customer["address"] or {}).get("country"):
        raise StripeError(
            400,
            "invalid_request_error",
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to "
            "the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' "
            "to save the address entered in Checkout to the Customer.",
            code="customer_tax_location_invalid",
        )
    if params.get("tax_id_collection", {}).get("enabled") and update.get("name") != "auto":
        raise invalid(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an "
            "existing customer, please set `customer_update[name]` to `auto`.",
            param="customer_update[name]",
        )
    return customer
