"""Products: what is sold. Ids may be chosen by the client."""

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.resources.prices import make_price
from portal.emulator.resources.product_fields import apply_to_product, make_product
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid, within
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route


@route("POST", "/v1/products", params="ProductCreateParams")
def create_product(tx: Transaction, call: Call) -> StripeDict:
    """Create a product, with a default price if `default_price_data` describes one."""
    product = make_product(tx, call.params)
    price_data = call.params.get("default_price_data")
    if price_data is not None:
        with within("default_price_data"):
            price = make_price(tx, {**price_data, "product": product["id"]})
        before = deepcopy(product)
        product["default_price"] = price["id"]
        tx.put(product)
        emit_updated(tx, "product.updated", before, product)
    return product


@route("GET", "/v1/products/{id}", params="ProductRetrieveParams")
def retrieve_product(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a product."""
    return in_path(tx, "product", call.args["id"])


@route("POST", "/v1/products/{id}", params="ProductUpdateParams")
def update_product(tx: Transaction, call: Call) -> StripeDict:
    """Update what is sent of a product."""
    before = in_path(tx, "product", call.args["id"])
    product = deepcopy(before)
    if "name" in call.params and not call.params["name"].strip():
        raise invalid("Product name cannot be blank.", param="name", code="parameter_invalid_empty")
    if "default_price" in call.params:
        price = in_param(tx, "price", call.params["default_price"], param="default_price")
        if price["product"] != product["id"]:
            raise invalid("The default price must belong to the product.", param="default_price")
        product["default_price"] = price["id"]
    apply_to_product(product, call.params)
    product["updated"] = tx.wall_now()
    tx.put(product)
    emit_updated(tx, "product.updated", before, product)
    return product


@route("DELETE", "/v1/products/{id}", params="ProductDeleteParams")
def delete_product(tx: Transaction, call: Call) -> StripeDict:
    """Delete a product that has no prices."""
    product = in_path(tx, "product", call.args["id"])
    if tx.count("price", {"product": product["id"]}):
        raise StripeError(
            400,
            "invalid_request_error",
            "This product cannot be deleted because it has one or more user-created prices.",
        )
    tx.delete("product", product["id"])
    emit(tx, "product.deleted", product)
    return {"id": product["id"], "object": "product", "deleted": True}


@route("GET", "/v1/products", params="ProductListParams")
def list_products(tx: Transaction, call: Call) -> StripeDict:
    """List products, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("active", "shippable", "type", "url"))
    if "ids" in call.params:
        where["id"] = call.params["ids"]
    return list_answer(tx, call, "product", where)
