"""The features of a Customer Portal configuration: what is sent for one, completed and checked."""

from typing import Any

from portal.emulator.resources.feedback_options import active_option
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_object, missing_parameter
from portal.emulator.wire.lookup import in_param

_MOST_PRODUCTS = 10
_MOST_YEARS_OF_PAUSE = 3
_PER_YEAR = {"day": 366, "week": 53, "month": 12, "year": 1}
NO_FEATURES: StripeDict = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": [], "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {
            "interval_options": [{"interval": "month", "interval_count": 1}],
            "type": "interval_options",
        },
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def apply_feature(tx: Transaction, feature: StripeDict, name: str, sent: dict[str, Any]) -> None:
    """Set what was sent of a feature. Raises a 400 for what does not exist, and for one that is on but incomplete."""
    for key, value in sent.items():
        if key == "products":
            feature[key] = _products(tx, value or [])
        elif key == "cancellation_reason":
            feature[key] = _cancellation_reason(tx, feature[key], value)
        elif key == "duration":
            feature[key] = _duration(value)
        elif key == "payment_method_configuration":
            if value:
                path = f"features[{name}][{key}]"
                raise missing_object("payment method configuration", value, param=path)
        elif key in ("allowed_updates", "default_allowed_updates"):
            feature[key] = value or []
        elif key == "schedule_at_period_end":
            feature[key] = {"conditions": value.get("conditions") or []}
        else:
            feature[key] = value
    _check_complete(feature, name)


def _cancellation_reason(tx: Transaction, known: StripeDict, sent: dict[str, Any]) -> StripeDict:
    options = sent.get("feedback_options", known["feedback_options"]) or []
    if "feedback_options" in sent:
        path = "features[subscription_cancel][cancellation_reason][feedback_options]"
        for index, option_id in enumerate(options):
            active_option(tx, option_id, param=f"{path}[{index}]")
    return {
        "enabled": sent["enabled"],
        "feedback_options": options,
        "options": sent.get("options", known["options"]) or [],
    }


def _duration(sent: dict[str, Any]) -> StripeDict:
    path = "features[subscription_pause][duration][interval_options]"
    options = [{"interval_count": 1, **option} for option in sent.get("interval_options") or []]
    if sent["type"] == "interval_options" and not options:
        raise missing_parameter(path)
    for index, option in enumerate(options):
        if not 1 <= option["interval_count"] <= _MOST_YEARS_OF_PAUSE * _PER_YEAR[option["interval"]]:
            raise invalid(
                f"A pause may last {_MOST_YEARS_OF_PAUSE} years at most.",
                param=f"{path}[{index}][interval_count]",
            )
    return {"interval_options": options, "type": sent["type"]}


def _check_complete(feature: StripeDict, name: str) -> None:
    """Raise a 400 for a feature that is on without what it needs."""
    if not feature["enabled"]:
        return
    if name == "customer_update" and not feature["allowed_updates"]:
        raise missing_parameter("features[customer_update][allowed_updates]")
    if name == "subscription_update":
        for needed in ("default_allowed_updates", "products"):
            if not feature[needed]:
                raise missing_parameter(f"features[subscription_update][{needed}]")
    at_period_end = name == "subscription_cancel" and feature["mode"] == "at_period_end"
    if at_period_end and feature["proration_behavior"] != "none":
        raise invalid(
            "When canceling at period end, `proration_behavior` must be `none`.",
            param="features[subscription_cancel][proration_behavior]",
        )


def _products(tx: Transaction, sent: list[dict[str, Any]]) -> list[StripeDict]:
    path = "features[subscription_update][products]"
    if len(sent) > _MOST_PRODUCTS:
        raise invalid(f"You can configure at most {_MOST_PRODUCTS} products.", param=path)
    products = []
    for index, entry in enumerate(sent):
        here = f"{path}[{index}]"
        in_param(tx, "product", entry["product"], param=f"{here}[product]")
        for position, price_id in enumerate(entry["prices"]):
            param = f"{here}[prices][{position}]"
            price = in_param(tx, "price", price_id, param=param)
            if price["product"] != entry["product"]:
                raise invalid(f"The price {price_id} does not belong to {entry['product']}.", param=param)
            if price["recurring"] is None:
                raise invalid("Only recurring prices can be used in the customer portal.", param=param)
        adjustable = _adjustable(entry.get("adjustable_quantity", {}), here)
        products.append(
            {"adjustable_quantity": adjustable, "prices": entry["prices"], "product": entry["product"]}
        )
    return products


def _adjustable(sent: dict[str, Any], path: str) -> StripeDict:
    lowest, highest = sent.get("minimum", 1), sent.get("maximum")
    if lowest < 0 or (highest is not None and highest < max(1, lowest)):
        raise invalid(
            "The maximum must be at least the minimum.", param=f"{path}[adjustable_quantity][maximum]"
        )
    return {"enabled": sent.get("enabled", False), "maximum": highest, "minimum": lowest}
