"""Customer Portal configurations: what customers may do for themselves. Every feature is always present."""

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_texts, set_values, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

CONFIGURATION = "billing_portal.configuration"
_MOST_PRODUCTS = 10
_PROFILE = ("headline", "privacy_policy_url", "terms_of_service_url")
_NO_FEATURES: StripeDict = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
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


@route("POST", "/v1/billing_portal/configurations", params="billing_portal.ConfigurationCreateParams")
def create_configuration(tx: Transaction, call: Call) -> StripeDict:
    """Create a Customer Portal configuration."""
    configuration = _new_configuration(tx, is_default=False)
    _apply(tx, configuration, call.params)
    tx.put(configuration)
    emit(tx, "billing_portal.configuration.created", configuration)
    return configuration


@route("GET", "/v1/billing_portal/configurations/{id}", params="billing_portal.ConfigurationRetrieveParams")
def retrieve_configuration(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a Customer Portal configuration."""
    return in_path(tx, CONFIGURATION, call.args["id"], param="configuration")


@route("POST", "/v1/billing_portal/configurations/{id}", params="billing_portal.ConfigurationUpdateParams")
def update_configuration(tx: Transaction, call: Call) -> StripeDict:
    """Update what is sent of a Customer Portal configuration."""
    before = in_path(tx, CONFIGURATION, call.args["id"], param="configuration")
    configuration = deepcopy(before)
    if call.params.get("active") is False and configuration["is_default"]:
        raise invalid("You cannot deactivate the default configuration.", param="active")
    set_values(configuration, call.params, ("active",))
    _apply(tx, configuration, call.params)
    configuration["updated"] = tx.wall_now()
    tx.put(configuration)
    emit_updated(tx, "billing_portal.configuration.updated", before, configuration)
    return configuration


@route("GET", "/v1/billing_portal/configurations", params="billing_portal.ConfigurationListParams")
def list_configurations(tx: Transaction, call: Call) -> StripeDict:
    """List Customer Portal configurations, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("active", "is_default"))
    return list_answer(tx, call, CONFIGURATION, where)


def default_configuration(tx: Transaction) -> StripeDict:
    """Return the default configuration; the first to ask for it makes it, with the usual features on."""
    for found in tx.all(CONFIGURATION, {"is_default": True}):
        return found
    configuration = _new_configuration(tx, is_default=True)
    features = configuration["features"]
    features["customer_update"] = {
        "allowed_updates": ["email", "name", "address", "phone", "tax_id"], "enabled": True
    }  # fmt: skip
    features["invoice_history"]["enabled"] = True
    features["payment_method_update"]["enabled"] = True
    features["subscription_cancel"]["enabled"] = True
    tx.put(configuration)
    emit(tx, "billing_portal.configuration.created", configuration)
    return configuration


def _new_configuration(tx: Transaction, *, is_default: bool) -> StripeDict:
    now = tx.wall_now()
    return {
        "id": tx.new_id("bpc"),
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "business_profile": dict.fromkeys(_PROFILE),
        "created": now,
        "default_return_url": None,
        "features": deepcopy(_NO_FEATURES),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }


def _apply(tx: Transaction, configuration: StripeDict, params: dict[str, Any]) -> None:
    set_texts(configuration, params, ("default_return_url", "name"))
    set_texts(configuration["business_profile"], params.get("business_profile", {}), _PROFILE)
    if "metadata" in params:
        configuration["metadata"] = merged(configuration["metadata"], params["metadata"])
    if "login_page" in params:
        enabled = params["login_page"]["enabled"]
        url = f"{tx.base_url}/p/login/{configuration['id']}" if enabled else None
        configuration["login_page"] = {"enabled": enabled, "url": url}
    for name, sent in params.get("features", {}).items():
        _apply_feature(tx, configuration["features"][name], name, sent)


def _apply_feature(tx: Transaction, feature: StripeDict, name: str, sent: dict[str, Any]) -> None:
    for key, value in sent.items():
        if key == "products":
            feature[key] = _products(tx, value or [])
        elif key == "cancellation_reason":
            reason = {
                "enabled": value["enabled"],
                "options": value.get("options", feature[key]["options"]) or [],
            }
            feature[key] = reason
        elif key == "duration":
            options = [{"interval_count": 1, **option} for option in value.get("interval_options") or []]
            feature[key] = {"interval_options": options, "type": value["type"]}
        elif key == "payment_method_configuration":
            feature[key] = text(value)
        elif key in ("allowed_updates", "default_allowed_updates"):
            feature[key] = value or []
        elif key == "schedule_at_period_end":
            feature[key] = {"conditions": value.get("conditions", [])}
        else:
            feature[key] = value
    _check_complete(feature, name)


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
        quantity = entry.get("adjustable_quantity", {})
        adjustable = {
            "enabled": quantity.get("enabled", False),
            "maximum": quantity.get("maximum"),
            "minimum": quantity.get("minimum", 1),
        }
        products.append(
            {"adjustable_quantity": adjustable, "prices": entry["prices"], "product": entry["product"]}
        )
    return products
