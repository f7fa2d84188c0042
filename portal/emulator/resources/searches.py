"""Searching: the resources that have it, each by the fields Stripe documents for it and by metadata.

See https://docs.stripe.com/search#supported-query-fields-for-each-resource.
"""

from typing import Final

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.routes import Call, route
from portal.emulator.wire.search import search_answer
from portal.emulator.wire.search_query import Field, Kind


def _fields(kind: Kind, *names: str) -> dict[str, Field]:
    return {name: Field(kind, tuple(name.split("."))) for name in names}


_CARD: Final = ("last4", "exp_month", "exp_year", "brand", "fingerprint")
_SOURCES: Final = ("card", "card_present", "interac_present")
CHARGE: Final = {
    **_fields("numeric", "amount", "created"),
    **_fields(
        "token",
        "billing_details.address.postal_code",
        "currency",
        "customer",
        "disputed",
        "refunded",
        "status",
    ),
    **_fields("token", *(f"payment_method_details.{source}.{name}" for source in _SOURCES for name in _CARD)),
}
CUSTOMER: Final = {**_fields("numeric", "created"), **_fields("string", "email", "name", "phone")}
INVOICE: Final = {
    **_fields("numeric", "created", "total"),
    **_fields("token", "currency", "customer"),
    **_fields("string", "number", "receipt_number", "status"),
    "last_finalization_error_code": Field("token", ("last_finalization_error", "code")),
    "last_finalization_error_type": Field("token", ("last_finalization_error", "type")),
    "subscription": Field("string", ("parent", "subscription_details", "subscription")),
}
PAYMENT_INTENT: Final = {
    **_fields("numeric", "amount", "created"),
    **_fields("token", "currency", "customer", "status"),
}
PRICE: Final = {
    **_fields("token", "active", "currency", "type"),
    **_fields("string", "lookup_key", "product"),
}
PRODUCT: Final = {
    **_fields("token", "active", "shippable"),
    **_fields("string", "description", "name", "url"),
}
SUBSCRIPTION: Final = {**_fields("numeric", "canceled_at", "created"), **_fields("token", "status")}


@route("GET", "/v1/charges/search", params="ChargeSearchParams")
def search_charges(tx: Transaction, call: Call) -> StripeDict:
    """Search charges, newest first."""
    return search_answer(tx, call, "charge", CHARGE)


@route("GET", "/v1/customers/search", params="CustomerSearchParams")
def search_customers(tx: Transaction, call: Call) -> StripeDict:
    """Search customers, newest first."""
    return search_answer(tx, call, "customer", CUSTOMER)


@route("GET", "/v1/invoices/search", params="InvoiceSearchParams")
def search_invoices(tx: Transaction, call: Call) -> StripeDict:
    """Search invoices, newest first."""
    return search_answer(tx, call, "invoice", INVOICE)


@route("GET", "/v1/payment_intents/search", params="PaymentIntentSearchParams")
def search_payment_intents(tx: Transaction, call: Call) -> StripeDict:
    """Search payment intents, newest first."""
    return search_answer(tx, call, "payment_intent", PAYMENT_INTENT)


@route("GET", "/v1/prices/search", params="PriceSearchParams")
def search_prices(tx: Transaction, call: Call) -> StripeDict:
    """Search prices, newest first."""
    return search_answer(tx, call, "price", PRICE)


@route("GET", "/v1/products/search", params="ProductSearchParams")
def search_products(tx: Transaction, call: Call) -> StripeDict:
    """Search products, newest first."""
    return search_answer(tx, call, "product", PRODUCT)


@route("GET", "/v1/subscriptions/search", params="SubscriptionSearchParams")
def search_subscriptions(tx: Transaction, call: Call) -> StripeDict:
    """Search subscriptions, newest first."""
    return search_answer(tx, call, "subscription", SUBSCRIPTION)
