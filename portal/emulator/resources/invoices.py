"""Invoices: reading them, making one by hand, and previews. What is done with one stands in `invoice_actions`, and
with its lines in `invoice_lines`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from portal.emulator.billing.draft_lines import save_draft
from portal.emulator.billing.draft_terms import set_terms
from portal.emulator.billing.drafting import fill, pending_items
from portal.emulator.billing.dunning import schedule_collection
from portal.emulator.billing.invoice_shape import new_invoice, subscription_parent
from portal.emulator.billing.payments import invoice_intent, payments_of
from portal.emulator.billing.previewing import (
    SUBSCRIPTION_DETAILS,
    preview_change,
    preview_pending,
    preview_start,
)
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.schedule_previews import preview_new_schedule, preview_schedule
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer, list_of
from portal.emulator.wire.routes import Call, route

INVOICE = "invoice"
_UNSUPPORTED = (
    "account_tax_ids", "application_fee_amount", "customer_account", "default_source", "effective_at", "from_invoice",
    "issuer", "on_behalf_of", "payment_settings", "rendering", "shipping_cost", "shipping_details", "transfer_data",
)  # fmt: skip
_UNSUPPORTED_IN_PREVIEWS = (
    "customer_account", "customer_details", "invoice_items", "issuer", "on_behalf_of",
)  # fmt: skip
_UNSUPPORTED_CHANGES = ("billing_schedules",)


@route("POST", "/v1/invoices", params="InvoiceCreateParams")
def create_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Create a draft by hand, for a customer or one of their subscriptions."""
    params = call.params
    refuse_unsupported(params, _UNSUPPORTED)
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = in_param(tx, "customer", params["customer"], param="customer")
    sub = _subscription(tx, params) if "subscription" in params else None
    now = tx.now_for(customer["id"])
    behavior = params.get("pending_invoice_items_behavior", "exclude")
    waiting = (
        pending_items(tx, customer["id"], sub["id"] if sub else None) if behavior == "include" or sub else []
    )
    currency = (
        params.get("currency") or customer["currency"] or (waiting[0]["currency"] if waiting else "usd")
    )
    invoice = new_invoice(tx.new_id("in"), customer, currency.lower(), "manual", now)
    invoice["auto_advance"] = False
    if sub is not None:
        invoice["parent"] = subscription_parent(sub)
    set_terms(tx, invoice, customer, params)
    fill(tx, invoice, [], waiting)
    tx.set_due(INVOICE, invoice["id"], invoice["automatically_finalizes_at"])
    emit(tx, "invoice.created", invoice)
    return invoice


@route("POST", "/v1/invoices/create_preview", params="InvoiceCreatePreviewParams")
def create_preview(tx: Transaction, call: Call) -> StripeDict:
    """Preview the next invoice of a customer or a subscription, with changes that are not made."""
    params = call.params
    refuse_unsupported(params, _UNSUPPORTED_IN_PREVIEWS)
    details = params.get("subscription_details") or {}
    refuse_unsupported(details, _UNSUPPORTED_CHANGES, within="subscription_details")
    for name in ("schedule", "schedule_details"):
        for other in ("subscription", "subscription_details"):
            if name in params and other in params:
                raise exclusive_parameters(name, other)
    if "schedule" in params:
        schedule = in_param(tx, "subscription_schedule", params["schedule"], param="schedule")
        return preview_schedule(tx, schedule, params.get("schedule_details") or {})
    if "subscription" in params:
        return _within_details(lambda: preview_change(tx, _subscription(tx, params), params))
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = in_param(tx, "customer", params["customer"], param="customer")
    if "schedule_details" in params:
        return preview_new_schedule(tx, customer, params["schedule_details"])
    if details.get("items"):
        return _within_details(lambda: preview_start(tx, customer, params))
    return preview_pending(tx, customer)


@route("GET", "/v1/invoices/{id}", params="InvoiceRetrieveParams")
def retrieve_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an invoice."""
    return in_path(tx, INVOICE, call.args["id"], param="invoice")


@route("POST", "/v1/invoices/{id}", params="InvoiceUpdateParams")
def update_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Update a draft; of a finalized invoice, only metadata, description and automatic collection."""
    before = in_path(tx, INVOICE, call.args["id"], param="invoice")
    refuse_unsupported(call.params, _UNSUPPORTED)
    invoice = deepcopy(before)
    if before["status"] != "draft":
        for name in call.params.keys() - {
            "auto_advance",
            "description",
            "expand",
            "metadata",
            "default_payment_method",
        }:
            raise invalid(
                f"Finalized invoices can't be updated in this way: {name}.",
                param=name,
                code="invoice_not_editable",
            )
    customer = in_param(tx, "customer", invoice["customer"], param="customer")
    set_terms(tx, invoice, customer, call.params)
    if invoice["status"] == "draft":
        tx.set_due(INVOICE, invoice["id"], invoice["automatically_finalizes_at"])
        return save_draft(tx, before, invoice)
    if invoice["auto_advance"] != before["auto_advance"]:
        schedule_collection(tx, invoice)
    tx.put(invoice)
    emit_updated(tx, "invoice.updated", before, invoice)
    return invoice


@route("DELETE", "/v1/invoices/{id}", params="InvoiceDeleteParams")
def delete_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Delete a draft that was made by hand; its items are pending again."""
    invoice = in_path(tx, INVOICE, call.args["id"], param="invoice")
    if invoice["status"] != "draft" or invoice["billing_reason"] != "manual":
        raise invalid(
            "You can only delete draft invoices that were not created by a subscription.",
            code="invoice_not_editable",
        )
    for item in tx.all("invoiceitem", {"invoice": invoice["id"]}):
        item["invoice"] = None
        tx.put(item)
    tx.delete(INVOICE, invoice["id"])
    emit(tx, "invoice.deleted", invoice)
    return {"id": invoice["id"], "object": INVOICE, "deleted": True}


@route("GET", "/v1/invoices", params="InvoiceListParams")
def list_invoices(tx: Transaction, call: Call) -> StripeDict:
    """List invoices, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("collection_method", "customer", "status", "subscription"))
    return list_answer(tx, call, INVOICE, where)


@included_on_expand(INVOICE, "payments")
def payments(tx: Transaction, invoice: StripeDict) -> StripeDict:
    """Return the payments of an invoice as a list object."""
    return list_of(payments_of(tx, invoice["id"]), f"/v1/invoice_payments?invoice={invoice['id']}")


@included_on_expand(INVOICE, "confirmation_secret")
def confirmation_secret(tx: Transaction, invoice: StripeDict) -> StripeDict | None:
    """Return the secret with which a browser could complete the payment of an invoice."""
    intent = invoice_intent(tx, invoice["id"])
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


def _subscription(tx: Transaction, params: dict[str, Any]) -> StripeDict:
    sub = in_param(tx, "subscription", params["subscription"], param="subscription")
    if params.get("customer") not in (None, sub["customer"]):
        raise invalid(f"The subscription {sub['id']} does not belong to this customer.", param="subscription")
    return sub


def _within_details(preview: Callable[[], StripeDict]) -> StripeDict:
    """Make a preview; errors name what stands within `subscription_details` there."""
    try:
        return preview()
    except StripeError as refused:
        name, bracket, rest = (refused.param or "").partition("[")
        if name in SUBSCRIPTION_DETAILS:
            refused.param = f"subscription_details[{name}]{bracket}{rest}"
        raise
