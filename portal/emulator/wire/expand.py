"""`expand`: replacing ids by the objects they name, and adding the fields that only come on request."""

from collections.abc import Callable
from typing import Any, Final

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid

_DEEPEST = 4
Included = Callable[[Transaction, StripeDict], Any]
_INCLUDED: Final[dict[tuple[str, str], Included]] = {}

# Ids the client may choose have no prefix to go by, so the field decides.
_BY_FIELD: Final = {"product": "product", "coupon": "coupon", "feature": "entitlements.feature"}
_BY_PREFIX: Final = {
    "acct": "account",
    "bpc": "billing_portal.configuration",
    "bps": "billing_portal.session",
    "ch": "charge",
    "clock": "test_helpers.test_clock",
    "cn": "credit_note",
    "cs": "checkout.session",
    "cus": "customer",
    "di": "discount",
    "fbo": "billing.feedback_option",
    "feat": "entitlements.feature",
    "ii": "invoiceitem",
    "in": "invoice",
    "inpay": "invoice_payment",
    "mtr": "billing.meter",
    "pi": "payment_intent",
    "pm": "payment_method",
    "price": "price",
    "prod": "product",
    "promo": "promotion_code",
    "re": "refund",
    "seti": "setup_intent",
    "si": "subscription_item",
    "sub": "subscription",
    "sub_sched": "subscription_schedule",
    "txi": "tax_id",
    "txr": "tax_rate",
}


def included_on_expand(object_type: str, field: str) -> Callable[[Included], Included]:
    """Register how a field is made that an object carries only when it is expanded (`price.tiers`)."""

    def register(make: Included) -> Included:
        _INCLUDED[(object_type, field)] = make
        return make

    return register


def expand(tx: Transaction, answer: StripeDict, paths: list[str]) -> None:
    """Expand each dotted path in the answer, in place. Raises a 400 for one that is too deep or cannot be expanded."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise invalid(
                f"You cannot expand more than {_DEEPEST} levels of a property: {path}", param="expand"
            )
        _expand(tx, answer, parts, path)


def _expand(tx: Transaction, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(tx, item, parts, path)
        return
    name, rest = parts[0], parts[1:]
    if not isinstance(node, dict):
        raise _cannot(path)
    if name not in node:
        # A deleted object has nothing left to expand.
        if node.get("deleted"):
            return
        make = _INCLUDED.get((str(node.get("object")), name))
        if make is None:
            raise _cannot(path)
        node[name] = make(tx, node)
    elif isinstance(node[name], str):
        node[name] = _object_of(tx, name, node[name], path)
    elif isinstance(node[name], list) and any(isinstance(item, str) for item in node[name]):
        node[name] = [
            _object_of(tx, name, item, path) if isinstance(item, str) else item for item in node[name]
        ]
    elif not rest and isinstance(node[name], dict) and "object" not in node[name]:
        raise _cannot(path)
    if rest and node[name] is not None:
        _expand(tx, node[name], rest, path)


def _object_of(tx: Transaction, field: str, object_id: str, path: str) -> StripeDict:
    object_type = _BY_FIELD.get(field) or object_type_of(object_id)
    found = tx.get(object_type, object_id) if object_type is not None else None
    if found is None and object_type == "coupon":
        # Who has a coupon keeps it, also once it was deleted.
        return {"id": object_id, "object": "coupon", "deleted": True}
    if found is None:
        raise _cannot(path)
    return found


def object_type_of(object_id: str) -> str | None:
    """Return the type of object an id belongs to by its prefix, or None."""
    return _BY_PREFIX.get(object_id.rpartition("_")[0]) or _BY_PREFIX.get(object_id.partition("_")[0])


def _cannot(path: str) -> StripeError:
    return invalid(f"This property cannot be expanded ({path}).", param="expand", code=None)
