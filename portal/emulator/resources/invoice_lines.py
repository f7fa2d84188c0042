"""The lines of a draft, changed directly."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing.draft_lines import (
    add_item,
    change_line,
    line_in,
    refuse_unless_draft,
    save_draft,
    take_off,
)
from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.invoice_items import describe_item, price_item
from portal.emulator.billing.invoice_shape import new_invoice_item
from portal.emulator.billing.periods import Period
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import page_of
from portal.emulator.wire.routes import Call, route

INVOICE = "invoice"


@route("GET", "/v1/invoices/{id}/lines", params="InvoiceLineItemListParams")
def list_lines(tx: Transaction, call: Call) -> StripeDict:
    """List the lines of an invoice."""
    invoice = in_path(tx, INVOICE, call.args["id"], param="invoice")
    return page_of(call, invoice["lines"]["data"])


@route("POST", "/v1/invoices/{id}/lines/{line}", params="InvoiceLineItemUpdateParams")
def update_line(tx: Transaction, call: Call) -> StripeDict:
    """Change a line of a draft, and the invoice item it stands for."""
    before, draft = _draft(tx, call)
    line = line_in(draft, call.args["line"], param="line_item_id", status=404)
    change_line(tx, draft, line, call.params, "")
    save_draft(tx, before, draft)
    return line_in(draft, call.args["line"], param="line_item_id")


@route("POST", "/v1/invoices/{id}/add_lines", params="InvoiceAddLinesParams")
def add_lines(tx: Transaction, call: Call) -> StripeDict:
    """Add lines to a draft: new ones, or pending invoice items."""
    before, draft = _draft(tx, call)
    for index, sent in enumerate(call.params["lines"]):
        within = f"lines[{index}]"
        if "invoice_item" in sent:
            param = f"{within}[invoice_item]"
            item = in_param(tx, "invoiceitem", sent["invoice_item"], param=param)
            add_item(tx, draft, item, param=param)
            change_line(tx, draft, draft["lines"]["data"][-1], sent, within)
        else:
            add_item(tx, draft, _new_item(tx, draft, sent, within), param=within)
    return _saved(tx, call, before, draft)


@route("POST", "/v1/invoices/{id}/update_lines", params="InvoiceUpdateLinesParams")
def update_lines(tx: Transaction, call: Call) -> StripeDict:
    """Change lines of a draft, and the invoice items they stand for."""
    before, draft = _draft(tx, call)
    for index, sent in enumerate(call.params["lines"]):
        within = f"lines[{index}]"
        line = line_in(draft, sent["id"], param=f"{within}[id]")
        change_line(tx, draft, line, sent, within)
    return _saved(tx, call, before, draft)


@route("POST", "/v1/invoices/{id}/remove_lines", params="InvoiceRemoveLinesParams")
def remove_lines(tx: Transaction, call: Call) -> StripeDict:
    """Take lines off a draft; their invoice items are deleted, or pending again."""
    before, draft = _draft(tx, call)
    for index, sent in enumerate(call.params["lines"]):
        within = f"lines[{index}]"
        line = line_in(draft, sent["id"], param=f"{within}[id]")
        take_off(tx, draft, line, unassign=sent["behavior"] == "unassign", param=f"{within}[behavior]")
    return _saved(tx, call, before, draft)


def _draft(tx: Transaction, call: Call) -> tuple[StripeDict, StripeDict]:
    """Load a draft, as it was and to be changed."""
    invoice = in_path(tx, INVOICE, call.args["id"], param="invoice")
    refuse_unless_draft(invoice)
    return deepcopy(invoice), invoice


def _new_item(tx: Transaction, draft: StripeDict, sent: dict[str, Any], within: str) -> StripeDict:
    customer, now = customer_of(tx, draft), tx.now(draft)
    item = new_invoice_item(
        tx.new_id("ii"), customer, amount=0, currency=draft["currency"], period=Period(now, now), now=now
    )
    price_item(tx, item, sent, within=within)
    item.update(net_amount=item["amount"], discountable=item["amount"] >= 0)
    describe_item(tx, item, customer, sent, within=within, invoice_item=item["id"])
    tx.put(item)
    emit(tx, "invoiceitem.created", item)
    return item


def _saved(tx: Transaction, call: Call, before: StripeDict, draft: StripeDict) -> StripeDict:
    if "invoice_metadata" in call.params:
        draft["metadata"] = merged(draft["metadata"], call.params["invoice_metadata"])
    return save_draft(tx, before, draft)
