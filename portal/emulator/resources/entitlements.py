"""Entitlements: features, which products carry them, and which of them a customer has now.

A customer's active entitlements are kept beside the customer; `refresh` works them out anew and tells the world
if they changed.
"""

from copy import deepcopy
from typing import Any

from portal.emulator.events import changes, emit
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import empty_parameter, invalid
from portal.emulator.wire.fields import check_lengths, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, list_of, page_of
from portal.emulator.wire.routes import Call, route

FEATURE = "entitlements.feature"
_ENTITLING = ("trialing", "active", "past_due")
_IN_SUMMARY = 10
_LONGEST = {"name": 80, "lookup_key": 80}


@route("POST", "/v1/entitlements/features", params="entitlements.FeatureCreateParams")
def create_feature(tx: Transaction, call: Call) -> StripeDict:
    """Create a feature."""
    name, key = call.params["name"], call.params["lookup_key"]
    check_lengths(call.params, _LONGEST)
    if tx.count(FEATURE, {"lookup_key": key}):
        raise invalid(
            f"A feature with the lookup key '{key}' already exists.",
            param="lookup_key",
            code="resource_already_exists",
        )
    feature: StripeDict = {
        "id": tx.new_id("feat"),
        "object": FEATURE,
        "active": True,
        "livemode": False,
        "lookup_key": key,
        "metadata": merged(None, call.params.get("metadata")),
        "name": name,
    }
    tx.put(feature)
    return feature


@route("GET", "/v1/entitlements/features/{id}", params="entitlements.FeatureRetrieveParams")
def retrieve_feature(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a feature."""
    return in_path(tx, FEATURE, call.args["id"])


@route("POST", "/v1/entitlements/features/{id}", params="entitlements.FeatureUpdateParams")
def update_feature(tx: Transaction, call: Call) -> StripeDict:
    """Rename, archive or annotate a feature."""
    feature = in_path(tx, FEATURE, call.args["id"])
    if call.params.get("name") == "":
        raise empty_parameter("name")
    check_lengths(call.params, _LONGEST)
    set_values(feature, call.params, ("active", "name"))
    if "metadata" in call.params:
        feature["metadata"] = merged(feature["metadata"], call.params["metadata"])
    tx.put(feature)
    return feature


@route("GET", "/v1/entitlements/features", params="entitlements.FeatureListParams")
def list_features(tx: Transaction, call: Call) -> StripeDict:
    """List features, newest first; archived ones only when asked for."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("lookup_key",))
    where["active"] = not call.params.get("archived", False)
    return list_answer(tx, call, FEATURE, where)


@route("POST", "/v1/products/{product}/features", params="ProductFeatureCreateParams")
def attach_feature(tx: Transaction, call: Call) -> StripeDict:
    """Attach a feature to a product."""
    product = in_path(tx, "product", call.args["product"], param="product")
    feature = in_param(tx, FEATURE, call.params["entitlement_feature"], param="entitlement_feature")
    attached = _features_of(tx, product["id"])
    if not feature["active"]:
        raise invalid("An archived feature cannot be attached to a product.", param="entitlement_feature")
    if any(entry["feature"] == feature["id"] for entry in attached):
        raise invalid(
            "This feature is already attached to the product.",
            param="entitlement_feature",
            code="resource_already_exists",
        )
    entry = {"id": tx.new_id("prodft"), "feature": feature["id"]}
    _keep_features(tx, product, [*attached, entry])
    _refresh_buyers(tx, product["id"])
    return _product_feature(tx, entry)


@route("GET", "/v1/products/{product}/features", params="ProductFeatureListParams")
def list_product_features(tx: Transaction, call: Call) -> StripeDict:
    """List the features of a product, newest first."""
    product = in_path(tx, "product", call.args["product"], param="product")
    return page_of(call, [_product_feature(tx, entry) for entry in reversed(_features_of(tx, product["id"]))])


@route("GET", "/v1/products/{product}/features/{id}", params="ProductFeatureRetrieveParams")
def retrieve_product_feature(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a feature of a product."""
    return _product_feature(tx, _entry_in_path(tx, call))


@route("DELETE", "/v1/products/{product}/features/{id}", params="ProductFeatureDeleteParams")
def detach_feature(tx: Transaction, call: Call) -> StripeDict:
    """Detach a feature from a product."""
    entry = _entry_in_path(tx, call)
    product = in_path(tx, "product", call.args["product"], param="product")
    _keep_features(tx, product, [kept for kept in _features_of(tx, product["id"]) if kept != entry])
    _refresh_buyers(tx, product["id"])
    return {"id": entry["id"], "object": "product_feature", "deleted": True}


@route("GET", "/v1/entitlements/active_entitlements", params="entitlements.ActiveEntitlementListParams")
def list_active_entitlements(tx: Transaction, call: Call) -> StripeDict:
    """List what a customer is entitled to now."""
    customer = in_param(tx, "customer", call.params["customer"], param="customer")
    return page_of(call, _active(tx, customer["id"]))


@route(
    "GET", "/v1/entitlements/active_entitlements/{id}", params="entitlements.ActiveEntitlementRetrieveParams"
)
def retrieve_active_entitlement(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve one active entitlement."""
    for customer in tx.all("customer"):
        for entitlement in _active(tx, customer["id"]):
            if entitlement["id"] == call.args["id"]:
                return entitlement
    return in_path(tx, "entitlements.active_entitlement", call.args["id"])


def refresh(tx: Transaction, customer_id: str) -> None:
    """Work out a customer's entitlements from the subscriptions as they are; emit the summary if they changed."""
    customer = tx.get("customer", customer_id)
    if customer is None or customer.get("deleted"):
        return
    before = _active(tx, customer_id)
    if not before and not tx.count(FEATURE):
        return
    held = {entitlement["feature"]: entitlement for entitlement in before}
    after = []
    for feature_id in _entitled_features(tx, customer_id):
        feature = tx.get(FEATURE, feature_id)
        if feature is not None:
            after.append(held.get(feature_id) or _entitlement(tx, feature))
    if {entry["feature"] for entry in after} == held.keys():
        return
    tx.put(customer, private={**tx.private("customer", customer_id), "entitlements": after})
    old, new = _summary(customer_id, before), _summary(customer_id, after)
    emit(tx, "entitlements.active_entitlement_summary.updated", new, changes(old, new))


def _entitled_features(tx: Transaction, customer_id: str) -> list[str]:
    found: dict[str, None] = {}
    for subscription in tx.all("subscription", {"customer": customer_id, "status": _ENTITLING}):
        for item in subscription["items"]["data"]:
            for entry in _features_of(tx, item["price"]["product"]):
                found[entry["feature"]] = None
    return list(found)


def _entitlement(tx: Transaction, feature: StripeDict) -> StripeDict:
    return {
        "id": tx.new_id("ent"),
        "object": "entitlements.active_entitlement",
        "feature": feature["id"],
        "livemode": False,
        "lookup_key": feature["lookup_key"],
    }


def _summary(customer_id: str, entitlements: Objects) -> StripeDict:
    """Return the summary as events carry it: the first ten only, with `has_more` for the rest."""
    shown = deepcopy(entitlements[:_IN_SUMMARY])
    listed = list_of(
        shown, f"/v1/customer/{customer_id}/entitlements", has_more=len(entitlements) > _IN_SUMMARY
    )
    return {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer_id,
        "entitlements": listed,
        "livemode": False,
    }


def _active(tx: Transaction, customer_id: str) -> Objects:
    entitlements: Objects = tx.private("customer", customer_id).get("entitlements", [])
    return entitlements


def _features_of(tx: Transaction, product_id: str) -> Objects:
    features: Objects = tx.private("product", product_id).get("features", [])
    return features


def _keep_features(tx: Transaction, product: StripeDict, features: Objects) -> None:
    tx.put(product, private={**tx.private("product", product["id"]), "features": features})


def _product_feature(tx: Transaction, entry: StripeDict) -> StripeDict:
    return {
        "id": entry["id"],
        "object": "product_feature",
        "entitlement_feature": tx.get(FEATURE, entry["feature"]),
        "livemode": False,
    }


def _entry_in_path(tx: Transaction, call: Call) -> StripeDict:
    product = in_path(tx, "product", call.args["product"], param="product")
    for entry in _features_of(tx, product["id"]):
        if entry["id"] == call.args["id"]:
            return entry
    return in_path(tx, "product_feature", call.args["id"])


def _refresh_buyers(tx: Transaction, product_id: str) -> None:
    buyers = {
        subscription["customer"]
        for subscription in tx.all("subscription", {"status": _ENTITLING})
        if any(item["price"]["product"] == product_id for item in subscription["items"]["data"])
    }
    for customer_id in sorted(buyers):
        refresh(tx, customer_id)
