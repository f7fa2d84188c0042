"""The attributes of a subscription that a request sets without moving money: shared by create, update and schedules."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.cancellation import give_reason
from portal.emulator.billing.due import period_end
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.subscription_shape import is_metered, no_cancellation
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.fields import check_lengths, set_texts, set_values
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.metadata import merged


def set_attributes(
    tx: Transaction, sub: StripeDict, params: dict[str, Any], customer: StripeDict, now: int
) -> None:
    """Set what was sent. Raises a 400 for objects that do not exist or belong to somebody else."""
    if "metadata" in params:
        sub["metadata"] = merged(sub["metadata"], params["metadata"])
    check_lengths(params, {"description": 500})
    set_texts(sub, params, ("description",))
    if "default_payment_method" in params:
        sub["default_payment_method"] = own_method(tx, params["default_payment_method"], customer)
    if "default_tax_rates" in params:
        sub["default_tax_rates"] = chosen_rates(
            tx, params["default_tax_rates"] or [], param="default_tax_rates", kept=sub["default_tax_rates"]
        )
    if "discounts" in params:
        sub["discounts"] = redeem(
            tx,
            params["discounts"] or [],
            customer=customer,
            now=now,
            currency=sub["currency"],
            param="discounts",
            kept=sub["discounts"],
            subscription=sub["id"],
        )
    if "automatic_tax" in params:
        enabled = params["automatic_tax"]["enabled"]
        sub["automatic_tax"].update(enabled=enabled, liability={"type": "self"} if enabled else None)
    if "trial_settings" in params:
        sub["trial_settings"]["end_behavior"].update(params["trial_settings"]["end_behavior"])
    if "invoice_settings" in params:
        sent = params["invoice_settings"]
        refuse_unsupported(sent, ("account_tax_ids", "issuer"), within="invoice_settings")
        set_texts(sub["invoice_settings"], sent, ("description", "footer"))
        if "custom_fields" in sent:
            sub["invoice_settings"]["custom_fields"] = sent["custom_fields"] or None
    if "payment_settings" in params:
        only_card = ("payment_method_options", "payment_method_types")
        refuse_unsupported(params["payment_settings"], only_card, within="payment_settings")
        set_values(sub["payment_settings"], params["payment_settings"], ("save_default_payment_method",))
    if "pause_collection" in params:
        sent = params["pause_collection"] or None
        if sent and sent.get("resumes_at", now + 1) <= now:
            raise invalid("Invalid timestamp: must be in the future.", param="pause_collection[resumes_at]")
        sub["pause_collection"] = sent and {
            "behavior": sent["behavior"],
            "resumes_at": sent.get("resumes_at"),
        }
    give_reason(tx, sub, params.get("cancellation_details", {}))
    _set_collection(sub, params)


def set_cancellation(sub: StripeDict, notes: StripeDict, params: dict[str, Any], now: int) -> None:
    """Set or undo a cancellation in the future. Raises a 400 for both ways at once or an instant in the past.

    The notes keep whether unused time is to be credited then, as it is where the instant is chosen freely.
    """
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise exclusive_parameters("cancel_at", "cancel_at_period_end")
    at = _cancel_at(sub, params)
    if at == "unset":
        sub.update(cancel_at=None, cancel_at_period_end=False, canceled_at=None)
        sub["cancellation_details"] = no_cancellation()
    elif at is not None:
        if int(at) <= now:
            raise invalid("cancel_at must be in the future.", param="cancel_at")
        sub.update(
            cancel_at=int(at), cancel_at_period_end=bool(params.get("cancel_at_period_end")), canceled_at=now
        )
        prorates = params.get("proration_behavior", "create_prorations") != "none"
        notes["prorate_end"] = prorates and not sub["cancel_at_period_end"]
        sub["cancellation_details"]["reason"] = "cancellation_requested"


def own_method(tx: Transaction, method_id: str | None, customer: StripeDict) -> str | None:
    """Check that a payment method is attached to this customer; "" unsets."""
    if not method_id:
        return None
    method = in_param(tx, "payment_method", method_id, param="default_payment_method")
    if method["customer"] != customer["id"]:
        raise StripeError(
            400,
            "invalid_request_error",
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be "
            "attached to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    return method_id


def _cancel_at(sub: StripeDict, params: dict[str, Any]) -> int | str | None:
    if params.get("cancel_at") not in (None, ""):
        sent = params["cancel_at"]
        named = {
            "min_period_end": period_end,
            "max_period_end": last_period_end,
            "max_billed_until": _billed_until,
        }
        return named[sent](sub) if sent in named else int(sent)
    if params.get("cancel_at_period_end"):
        return int(sub["trial_end"]) if sub["status"] == "trialing" else period_end(sub)
    if params.get("cancel_at") == "" or (
        params.get("cancel_at_period_end") is False and sub["cancel_at_period_end"]
    ):
        return "unset"
    return None


def _billed_until(sub: StripeDict) -> int:
    """Give the latest instant any item is billed to: its period's end, or its start where usage is billed after it."""
    return int(
        max(
            item["current_period_start" if is_metered(item) else "current_period_end"]
            for item in sub["items"]["data"]
        )
    )


def last_period_end(sub: StripeDict) -> int:
    """Give the latest end among the items' current periods: everything paid for is over then."""
    return int(max(item["current_period_end"] for item in sub["items"]["data"]))


def _set_collection(sub: StripeDict, params: dict[str, Any]) -> None:
    if params.get("days_until_due", 0) < 0:
        raise invalid(
            "Invalid non-negative integer", param="days_until_due", code="parameter_invalid_integer"
        )
    set_values(sub, params, ("collection_method", "days_until_due"))
    if sub["collection_method"] == "send_invoice":
        if sub["days_until_due"] is None:
            raise missing_parameter("days_until_due")
    elif "days_until_due" in params:
        raise invalid(
            "You can only set `days_until_due` if `collection_method` is `send_invoice`.",
            param="days_until_due",
        )
    else:
        sub["days_until_due"] = None
