"""Subscriptions: what a customer pays for, again and again."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.creating import create_subscription as create
from portal.emulator.billing.ending import cancel_now
from portal.emulator.billing.pausing import pause
from portal.emulator.billing.redemption import end_discount, no_discount
from portal.emulator.billing.resuming import resume
from portal.emulator.billing.subscription_shape import flexible_mode
from portal.emulator.billing.tax_rates import refuse_unlocated
from portal.emulator.billing.updating import update_subscription as update
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

SUBSCRIPTION = "subscription"
_NOT_ENDED = ("active", "incomplete", "past_due", "paused", "trialing", "unpaid")


@route("POST", "/v1/subscriptions", params="SubscriptionCreateParams")
def create_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Create a subscription and collect its first invoice."""
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = in_param(tx, "customer", call.params["customer"], param="customer")
    refuse_unlocated(tx, customer["id"], call.params)
    return create(tx, customer, call.params)


@route("GET", "/v1/subscriptions/{id}", params="SubscriptionRetrieveParams")
def retrieve_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a subscription."""
    return in_path(tx, SUBSCRIPTION, call.args["id"])


@route("POST", "/v1/subscriptions/{id}", params="SubscriptionUpdateParams")
def update_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Change a subscription, with prorations, and collect what is due now."""
    sub = in_path(tx, SUBSCRIPTION, call.args["id"])
    if "automatic_tax" in call.params:
        refuse_unlocated(tx, sub["customer"], call.params)
    return update(tx, sub, call.params)


@route("DELETE", "/v1/subscriptions/{id}", params="SubscriptionCancelParams")
def cancel_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Cancel a subscription at once."""
    return cancel_now(tx, in_path(tx, SUBSCRIPTION, call.args["id"]), call.params)


@route("POST", "/v1/subscriptions/{id}/pause", params="SubscriptionPauseParams")
def pause_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Pause a subscription: no service, no invoices."""
    return pause(tx, in_path(tx, SUBSCRIPTION, call.args["id"]), call.params)


@route("POST", "/v1/subscriptions/{id}/resume", params="SubscriptionResumeParams")
def resume_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Resume a paused subscription."""
    return resume(tx, in_path(tx, SUBSCRIPTION, call.args["id"]), call.params)


@route("POST", "/v1/subscriptions/{id}/migrate", params="SubscriptionMigrateParams")
def migrate_subscription(tx: Transaction, call: Call) -> StripeDict:
    """Move a subscription to the flexible billing mode; there is no way back."""
    sub = in_path(tx, SUBSCRIPTION, call.args["id"])
    if call.params["billing_mode"]["type"] != "flexible":
        raise invalid("Invalid billing_mode[type]: must be flexible", param="billing_mode[type]")
    sub["billing_mode"] = {**flexible_mode(), "updated_at": tx.now(sub)}
    records.update(tx, sub)
    return sub


@route("DELETE", "/v1/subscriptions/{id}/discount", params="SubscriptionDeleteDiscountParams")
def delete_discount(tx: Transaction, call: Call) -> StripeDict:
    """Remove a subscription's discounts."""
    sub = in_path(tx, SUBSCRIPTION, call.args["id"])
    if not sub["discounts"]:
        raise no_discount(sub)
    discounts = [found for name in sub["discounts"] if (found := tx.get("discount", name)) is not None]
    sub["discounts"] = []
    records.update(tx, sub)
    for discount in discounts:
        end_discount(tx, discount)
    return {**discounts[0], "deleted": True}


@route("GET", "/v1/subscriptions", params="SubscriptionListParams")
def list_subscriptions(tx: Transaction, call: Call) -> StripeDict:
    """List subscriptions, newest first; ended ones only with `status` `all` or `ended` or their own."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("collection_method", "customer", "test_clock"))
    status = call.params.get("status")
    if status is None:
        where["status"] = _NOT_ENDED
    elif status == "ended":
        where["status"] = records.GONE
    elif status != "all":
        where["status"] = status
    if "price" in call.params or "plan" in call.params:
        price = call.params.get("price", call.params.get("plan"))
        items = tx.all("subscription_item", {"price.id": price})
        where["id"] = [item["subscription"] for item in items]
    return list_answer(tx, call, SUBSCRIPTION, where)
