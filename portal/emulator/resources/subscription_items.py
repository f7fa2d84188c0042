"""Subscription items: one price of a subscription, and how many of it."""

from __future__ import annotations

import re
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.updating import update_subscription
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, missing_parameter
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import page_of
from portal.emulator.wire.routes import Call, route

ITEM = "subscription_item"
_OF_ITEM = re.compile(r"^items\[0\]\[(\w+)\]")
_OF_THE_SUBSCRIPTION = ("off_session", "payment_behavior", "proration_behavior", "proration_date")


@route("POST", "/v1/subscription_items", params="SubscriptionItemCreateParams")
def create_item(tx: Transaction, call: Call) -> StripeDict:
    """Add an item to a subscription."""
    if "subscription" not in call.params:
        raise missing_parameter("subscription")
    sub = in_param(tx, "subscription", call.params["subscription"], param="subscription")
    known = {item["id"] for item in sub["items"]["data"]}
    changed = _update(tx, sub, call.params, {})
    return next(item for item in _items(changed) if item["id"] not in known)


@route("GET", "/v1/subscription_items/{id}", params="SubscriptionItemRetrieveParams")
def retrieve_item(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an item."""
    return in_path(tx, ITEM, call.args["id"], param="item")


@route("POST", "/v1/subscription_items/{id}", params="SubscriptionItemUpdateParams")
def update_item(tx: Transaction, call: Call) -> StripeDict:
    """Change an item's price or quantity."""
    item = in_path(tx, ITEM, call.args["id"], param="item")
    _update(tx, records.subscription(tx, item["subscription"]), call.params, {"id": item["id"]})
    return in_path(tx, ITEM, item["id"])


@route("DELETE", "/v1/subscription_items/{id}", params="SubscriptionItemDeleteParams")
def delete_item(tx: Transaction, call: Call) -> StripeDict:
    """Remove an item from its subscription."""
    item = in_path(tx, ITEM, call.args["id"], param="item")
    sub = records.subscription(tx, item["subscription"])
    _update(tx, sub, call.params, {"id": item["id"], "deleted": True})
    return {"id": item["id"], "object": ITEM, "deleted": True}


@route("GET", "/v1/subscription_items", params="SubscriptionItemListParams")
def list_items(tx: Transaction, call: Call) -> StripeDict:
    """List the items of a subscription."""
    if "subscription" not in call.params:
        raise missing_parameter("subscription")
    sub = in_param(tx, "subscription", call.params["subscription"], param="subscription")
    answer = page_of(call, _items(sub))
    return {**answer, "url": f"{call.path}?subscription={sub['id']}"}


def _update(tx: Transaction, sub: StripeDict, params: dict[str, Any], entry: dict[str, Any]) -> StripeDict:
    """Make the change as an update of the subscription; errors name the item's own parameters."""
    refuse_unsupported(params, ("clear_usage",))
    own = {
        name: value
        for name, value in params.items()
        if name not in (*_OF_THE_SUBSCRIPTION, "subscription", "expand")
    }
    shared = {name: params[name] for name in _OF_THE_SUBSCRIPTION if name in params}
    try:
        return update_subscription(tx, sub, {**shared, "items": [{**own, **entry}]})
    except StripeError as refused:
        if refused.param is not None:
            refused.param = _OF_ITEM.sub(r"\1", refused.param)
        raise


def _items(sub: StripeDict) -> list[StripeDict]:
    items: list[StripeDict] = sub["items"]["data"]
    return items
