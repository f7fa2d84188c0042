"""Invoice items: single amounts waiting for an invoice."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing.draft_lines import (
    add_item,
    change_item,
    origin_of,
    refuse_unless_draft,
    save_draft,
    show_item,
)
from portal.emulator.billing.invoice_items import describe_item, price_item
from portal.emulator.billing.invoice_shape import new_invoice_item
from portal.emulator.billing.periods import Period
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

ITEM = "invoiceitem"
_UNSUPPORTED = ("customer_account", "invoicing_rules")


@route("POST", "/v1/invoiceitems", params="InvoiceItemCreateParams")
def create_item(tx: Transaction, call: Call) -> StripeDict:
    """Create an invoice item, pending or on a draft."""
    params = call.params
    if "customer" not in params:
        raise missing_parameter("customer")
    refuse_unsupported(params, _UNSUPPORTED)
    customer = in_param(tx, "customer", params["customer"], param="customer")
    draft = _draft(tx, params["invoice"]) if "invoice" in params else None
    before = deepcopy(draft)
    now = tx.now_for(customer["id"])
    item = new_invoice_item(
        tx.new_id("ii"),
        customer,
        amount=0,
        currency=_currency(tx, params, draft or customer),
        period=Period(now, now),
        now=now,
    )
    if "subscription" in params:
        sub = in_param(tx, "subscription", params["subscription"], param="subscription")
        if sub["customer"] != customer["id"]:
            raise invalid(
                f"The subscription {sub['id']} does not belong to this customer.", param="subscription"
            )
        item["parent"] = {
            "subscription_details": {"subscription": sub["id"], "subscription_item": None},
            "type": "subscription_details",
        }
    price_item(tx, item, params)
    item.update(net_amount=item["amount"], discountable=item["amount"] >= 0)
    describe_item(tx, item, customer, params, invoice_item=item["id"])
    tx.put(item)
    emit(tx, "invoiceitem.created", item)
    if draft is not None and before is not None:
        add_item(tx, draft, item, param="invoice")
        save_draft(tx, before, draft)
    return in_path(tx, ITEM, item["id"])


@route("GET", "/v1/invoiceitems/{id}", params="InvoiceItemRetrieveParams")
def retrieve_item(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an invoice item."""
    return in_path(tx, ITEM, call.args["id"], param="invoiceitem")


@route("POST", "/v1/invoiceitems/{id}", params="InvoiceItemUpdateParams")
def update_item(tx: Transaction, call: Call) -> StripeDict:
    """Change an invoice item that is pending or on a draft."""
    item = in_path(tx, ITEM, call.args["id"], param="invoiceitem")
    draft = _draft(tx, item["invoice"]) if item["invoice"] is not None else None
    before = deepcopy(draft)
    refuse_unsupported(call.params, _UNSUPPORTED)
    change_item(tx, item, call.params)
    if draft is not None and before is not None:
        show_item(tx, draft, item)
        save_draft(tx, before, draft)
    return item


@route("DELETE", "/v1/invoiceitems/{id}", params="InvoiceItemDeleteParams")
def delete_item(tx: Transaction, call: Call) -> StripeDict:
    """Delete an invoice item that is pending or on a draft."""
    item = in_path(tx, ITEM, call.args["id"], param="invoiceitem")
    if item["invoice"] is not None:
        draft = _draft(tx, item["invoice"])
        before = deepcopy(draft)
        lines = draft["lines"]["data"]
        lines[:] = [line for line in lines if origin_of(line) != item["id"]]
        save_draft(tx, before, draft)
    tx.delete(ITEM, item["id"])
    emit(tx, "invoiceitem.deleted", item)
    return {"id": item["id"], "object": ITEM, "deleted": True}


@route("GET", "/v1/invoiceitems", params="InvoiceItemListParams")
def list_items(tx: Transaction, call: Call) -> StripeDict:
    """List invoice items, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer", "invoice"))
    if call.params.get("pending"):
        where["invoice"] = None
    return list_answer(tx, call, ITEM, where)


def _draft(tx: Transaction, invoice_id: str) -> StripeDict:
    invoice = in_param(tx, "invoice", invoice_id, param="invoice")
    refuse_unless_draft(invoice, param="invoice")
    return invoice


def _currency(tx: Transaction, params: dict[str, Any], owner: StripeDict) -> str:
    """Choose the currency: asked for, else the price's, else that of the draft or the customer."""
    price = tx.get("price", (params.get("pricing") or {}).get("price") or "")
    named = params.get("currency") or (params.get("price_data") or price or {}).get("currency")
    return str(named or owner["currency"] or "usd").lower()
