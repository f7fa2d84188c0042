"""Making a product and applying parameters to it, for the calls that create one directly or beside a price."""

import re
from typing import Any

from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import check_lengths, set_texts, set_values, text
from portal.emulator.wire.metadata import merged

_LONGEST = {"statement_descriptor": 22, "unit_label": 12}
_LONGEST_FEATURE = {"name": 80}
_MOST = {"images": 8, "marketing_features": 15}
_NOT_ON_STATEMENTS = ("<", ">", "\\", '"', "'")
_CHOSEN_ID = re.compile(r"[A-Za-z0-9_.\-]{1,255}")


def make_product(tx: Transaction, params: dict[str, Any]) -> StripeDict:
    """Make a product from checked parameters. Raises a 400 for a blank name or an id that is malformed or taken."""
    if not params["name"].strip():
        raise invalid("Product name cannot be blank.", param="name", code="parameter_invalid_empty")
    product_id = params.get("id") or tx.new_id("prod", 14)
    if not _CHOSEN_ID.fullmatch(product_id):
        raise invalid("Invalid id: use letters, digits, '_', '-' and '.'.", param="id")
    if tx.get("product", product_id) is not None:
        raise invalid(f"Product already exists: {product_id}", param="id", code="resource_already_exists")
    now = tx.wall_now()
    product: StripeDict = {
        "id": product_id,
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": params["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": params.get("type", "service"),
        "unit_label": None,
        "updated": now,
        "url": None,
    }
    apply_to_product(product, params)
    tx.put(product)
    emit(tx, "product.created", product)
    return product


def apply_to_product(product: StripeDict, params: dict[str, Any]) -> None:
    """Set on a product what was sent of it. Raises a 400 for more or longer parts than a product may have."""
    _check(params)
    set_values(product, params, ("active", "name", "shippable"))
    set_texts(product, params, ("description", "statement_descriptor", "tax_code", "unit_label", "url"))
    if "images" in params:
        product["images"] = params["images"] or []
    if "marketing_features" in params:
        product["marketing_features"] = params["marketing_features"] or []
    if "package_dimensions" in params:
        product["package_dimensions"] = params["package_dimensions"] or None
    if "tax_details" in params:
        sent = params["tax_details"] or None
        product["tax_details"] = sent and {
            "performance_location": text(sent.get("performance_location")),
            "tax_code": text(sent.get("tax_code")),
        }
    if "metadata" in params:
        product["metadata"] = merged(product["metadata"], params["metadata"])


def _check(params: dict[str, Any]) -> None:
    check_lengths(params, _LONGEST)
    descriptor = params.get("statement_descriptor") or ""
    if any(character in descriptor for character in _NOT_ON_STATEMENTS):
        raise invalid(
            f"The statement descriptor may not include {' '.join(_NOT_ON_STATEMENTS)}.",
            param="statement_descriptor",
        )
    for name, most in _MOST.items():
        if len(params.get(name) or []) > most:
            raise invalid(f"Invalid array: you may send at most {most} {name}.", param=name)
    for index, feature in enumerate(params.get("marketing_features") or []):
        check_lengths(feature, _LONGEST_FEATURE, f"marketing_features[{index}]")
