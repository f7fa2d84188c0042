"""Invoice items: single amounts waiting for an invoice."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import decimal_string, exact, round_half_away
from portal.emulator.billing.drafting import customer_of, fill
from portal.emulator.billing.extra_items import one_time_price
from portal.emulator.billing.invoice_shape import line_list, new_invoice_item, pricing_of
from portal.emulator.billing.periods import Period
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.totals import compute
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

ITEM = "invoiceitem"
_UNSUPPORTED = ("customer_account", "invoicing_rules", "quantity_decimal", "tax_behavior", "tax_code")


@route("POST", "/v1/invoiceitems", params="InvoiceItemCreateParams")
def create_item(tx: Transaction, call: Call) -> StripeDict:
    """Create an invoice item, pending or on a draft."""
    params = call.params
    if "customer" not in params:
        raise missing_parameter("customer")
    refuse_unsupported(params, _UNSUPPORTED)
    customer = in_param(tx, "customer", params["customer"], param="customer")
    draft = _draft(tx, params["invoice"]) if "invoice" in params else None
    now = tx.now_for(customer["id"])
    period = params.get("period", {"start": now, "end": now})
    currency = params.get("currency") or (draft or customer)["currency"] or "usd"
    item = new_invoice_item(
        tx.new_id("ii"),
        customer,
        amount=0,
        currency=currency.lower(),
        period=Period(period["start"], period["end"]),
        now=now,
    )
    if "subscription" in params:
        sub = in_param(tx, "subscription", params["subscription"], param="subscription")
        item["parent"] = {
            "subscription_details": {"subscription": sub["id"], "subscription_item": None},
            "type": "subscription_details",
        }
    _price(tx, item, params)
    _apply(tx, item, customer, params)
    tx.put(item)
    emit(tx, "invoiceitem.created", item)
    if draft is not None:
        fill(tx, draft, [], [item])
    return in_path(tx, ITEM, item["id"])


@route("GET", "/v1/invoiceitems/{id}", params="InvoiceItemRetrieveParams")
def retrieve_item(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an invoice item."""
    return in_path(tx, ITEM, call.args["id"], param="invoiceitem")


@route("POST", "/v1/invoiceitems/{id}", params="InvoiceItemUpdateParams")
def update_item(tx: Transaction, call: Call) -> StripeDict:
    """Change a pending invoice item."""
    refuse_unsupported(call.params, _UNSUPPORTED)
    item = deepcopy(_pending(tx, call))
    if call.params.keys() & {"amount", "price_data", "pricing", "quantity", "unit_amount_decimal"}:
        _price(tx, item, {"quantity": item["quantity"], **call.params})
    _apply(tx, item, customer_of(tx, item), call.params)
    tx.put(item)
    return item


@route("DELETE", "/v1/invoiceitems/{id}", params="InvoiceItemDeleteParams")
def delete_item(tx: Transaction, call: Call) -> StripeDict:
    """Delete an invoice item that is pending or on a draft."""
    item = in_path(tx, ITEM, call.args["id"], param="invoiceitem")
    if item["invoice"] is not None:
        draft = _draft(tx, item["invoice"])
        lines = [line for line in draft["lines"]["data"] if _origin(line) != item["id"]]
        draft["lines"] = line_list(draft["id"], lines)
        compute(tx, draft)
        tx.put(draft)
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
    if invoice["status"] != "draft":
        raise invalid(
            "The invoice is no longer editable because it was finalized.",
            param="invoice",
            code="invoice_not_editable",
        )
    return invoice


def _pending(tx: Transaction, call: Call) -> StripeDict:
    item = in_path(tx, ITEM, call.args["id"], param="invoiceitem")
    if item["invoice"] is not None:
        raise invalid("This invoice item is on an invoice already.", code="invoice_not_editable")
    return item


def _price(tx: Transaction, item: StripeDict, params: dict[str, Any]) -> None:
    """Set amount, quantity and pricing from whichever of the ways to price an item was sent."""
    entry: dict[str, Any] = {}
    if "pricing" in params:
        entry = {"price": params["pricing"].get("price")}
    elif "price_data" in params:
        entry = {"price_data": params["price_data"]}
    quantity = params.get("quantity", 1)
    item.update(quantity=quantity, quantity_decimal=str(quantity))
    if entry:
        price = full_price(tx, one_time_price(tx, entry, "pricing"), item["currency"])
        item["amount"] = round_half_away(tiers.amount(price, Fraction(quantity)))
        item["pricing"] = pricing_of(price, tiers.unit_amount(price))
        item["description"] = item["description"] or product_name(tx, price)
    elif "amount" in params:
        item["amount"] = params["amount"]
        item["pricing"] = pricing_of(None, Fraction(params["amount"]) / (quantity or 1))
    elif "unit_amount_decimal" in params:
        unit = exact(params["unit_amount_decimal"])
        item["amount"] = round_half_away(unit * quantity)
        item["pricing"] = pricing_of(None, exact(decimal_string(unit)))
    else:
        raise missing_parameter("amount")
    item["net_amount"] = item["amount"]


def _apply(tx: Transaction, item: StripeDict, customer: StripeDict, params: dict[str, Any]) -> None:
    set_texts(item, params, ("description",))
    set_values(item, params, ("discountable",))
    if "period" in params:
        item["period"] = {"end": params["period"]["end"], "start": params["period"]["start"]}
    if "metadata" in params:
        item["metadata"] = merged(item["metadata"], params["metadata"])
    if "tax_rates" in params:
        item["tax_rates"] = [
            in_param(tx, "tax_rate", rate_id, param="tax_rates") for rate_id in params["tax_rates"] or []
        ]
    if "discounts" in params:
        item["discounts"] = redeem(
            tx,
            params["discounts"] or [],
            customer=customer,
            now=tx.now(item),
            param="discounts",
            kept=item["discounts"],
            invoice_item=item["id"],
        )


def _origin(line: StripeDict) -> str | None:
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details")
    return details["invoice_item"] if details else None
