"""Customer Portal configurations: what customers may do for themselves. Every feature is always present."""

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.resources.portal_features import NO_FEATURES, apply_feature
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import set_texts, set_values
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route
from portal.emulator.wire.urls import check_url

CONFIGURATION = "billing_portal.configuration"
_PROFILE = ("headline", "privacy_policy_url", "terms_of_service_url")


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
        "features": deepcopy(NO_FEATURES),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }


def _apply(tx: Transaction, configuration: StripeDict, params: dict[str, Any]) -> None:
    check_url(params.get("default_return_url"), "default_return_url")
    for name in _PROFILE[1:]:
        check_url(params.get("business_profile", {}).get(name), f"business_profile[{name}]")
    set_texts(configuration, params, ("default_return_url", "name"))
    set_texts(configuration["business_profile"], params.get("business_profile", {}), _PROFILE)
    if "metadata" in params:
        configuration["metadata"] = merged(configuration["metadata"], params["metadata"])
    if "login_page" in params:
        enabled = params["login_page"]["enabled"]
        url = f"{tx.base_url}/p/login/{configuration['id']}" if enabled else None
        configuration["login_page"] = {"enabled": enabled, "url": url}
    for name, sent in params.get("features", {}).items():
        apply_feature(tx, configuration["features"][name], name, sent)
