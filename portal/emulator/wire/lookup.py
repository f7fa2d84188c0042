"""Finding the object a request names, or refusing as Stripe does."""

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import missing_object

_NOUNS = {
    "checkout.session": "checkout session",
    "billing_portal.configuration": "configuration",
    "billing_portal.session": "portal session",
    "billing.feedback_option": "feedback option",
    "billing.meter": "billing meter",
    "entitlements.feature": "feature",
    "test_helpers.test_clock": "test clock",
    "payment_method": "PaymentMethod",
    "promotion_code": "promotion code",
    "tax_rate": "tax rate",
}


def in_path(tx: Transaction, object_type: str, object_id: str, *, param: str = "id") -> StripeDict:
    """Return the object whose id stands in the path. Raises a 404 if there is none or it was deleted."""
    found = tx.get(object_type, object_id)
    if found is None or found.get("deleted"):
        raise missing_object(noun(object_type), object_id, param=param, status=404)
    return found


def in_param(tx: Transaction, object_type: str, object_id: str, *, param: str) -> StripeDict:
    """Return the object a parameter names. Raises a 400 naming the parameter if there is none."""
    found = tx.get(object_type, object_id)
    if found is None or found.get("deleted"):
        raise missing_object(noun(object_type), object_id, param=param)
    return found


def noun(object_type: str) -> str:
    """Return the word Stripe's messages use for an object type."""
    return _NOUNS.get(object_type, object_type)
