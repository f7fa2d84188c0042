"""The JSON of subscriptions and their items, every key present, before anything has happened to them."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.periods import Cadence, Period, period_at
from portal.emulator.transaction import StripeDict


def cadence_of(price: StripeDict) -> Cadence:
    """Read how often a recurring price recurs."""
    return Cadence(price["recurring"]["interval"], price["recurring"]["interval_count"])


def is_metered(item: StripeDict) -> bool:
    """Say whether an item is billed in arrears by usage."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def period_of(item: StripeDict) -> Period:
    """Read an item's current period."""
    return Period(item["current_period_start"], item["current_period_end"])


def period_in_cycle(sub: StripeDict, cadence: Cadence, at: int) -> Period:
    """Give the period of an interval that contains an instant, in a subscription's billing cycle."""
    config = sub["billing_cycle_anchor_config"]
    return period_at(sub["billing_cycle_anchor"], cadence, at, config["day_of_month"] if config else None)


def new_item(
    item_id: str,
    subscription_id: str,
    price: StripeDict,
    quantity: int | None,
    period: Period,
    now: int,
) -> StripeDict:
    """Make an item; metered items carry no quantity."""
    item: StripeDict = {
        "id": item_id,
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": now,
        "current_period_end": period.end,
        "current_period_start": period.start,
        "current_trial": None,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(price),
        "price": price,
        "subscription": subscription_id,
        "tax_rates": [],
    }
    if price["recurring"]["usage_type"] == "licensed":
        item["quantity"] = quantity
    return item


def plan_of(price: StripeDict) -> StripeDict:
    """Show a price in the shape of the older plan objects, which items still carry."""
    recurring = price["recurring"]
    transform = price["transform_quantity"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": dict(price["metadata"]),
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": dict(transform) if transform else None,
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


def item_list(subscription_id: str, items: list[StripeDict]) -> StripeDict:
    """Wrap items as the list object a subscription carries."""
    return {
        "object": "list",
        "data": items,
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={subscription_id}",
    }


def new_subscription(subscription_id: str, customer: StripeDict, currency: str, now: int) -> StripeDict:
    """Make a subscription that starts now, without items, to be charged automatically in flexible mode."""
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": flexible_mode(),
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": no_cancellation(),
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": item_list(subscription_id, []),
        "latest_invoice": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "presentment_details": None,
        "schedule": None,
        "start_date": now,
        "status": "active",
        "status_details": None,
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {
            "end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"}
        },
        "trial_start": None,
    }


def flexible_mode() -> StripeDict:
    """Give the billing mode subscriptions have by default."""
    return {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None}


def no_cancellation() -> StripeDict:
    """Give the cancellation details of a subscription nobody has cancelled."""
    return {"comment": None, "feedback": None, "feedback_option": None, "reason": None}


def paused_details(reason: str, now: int) -> dict[str, Any]:
    """Give the status details of a paused subscription."""
    return {"paused": {"subscription": {"type": reason}, "transitioned_at": now, "type": "subscription"}}
