"""Working on the lines of a draft: adding, changing and taking off, with the invoice items they stand for."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.debits import follow_lines
from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.invoice_items import describe_item, price_item
from portal.emulator.billing.invoice_shape import line_list, subscription_of
from portal.emulator.billing.lines import pending_line
from portal.emulator.billing.totals import compute
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_object

MOST_LINES = 250
_PRICED_BY = ("amount", "price_data", "pricing", "quantity", "unit_amount_decimal")


def refuse_unless_draft(invoice: StripeDict, *, param: str | None = None) -> None:
    """Raise a 400 for an invoice that is finalized."""
    if invoice["status"] != "draft":
        raise invalid(
            "The invoice is no longer editable because it was finalized.",
            param=param,
            code="invoice_not_editable",
        )


def add_item(tx: Transaction, draft: StripeDict, item: StripeDict, *, param: str) -> None:
    """Put a pending invoice item on a draft as its last line; the caller saves the draft.

    Raises a 400 for an item of another customer or currency, for one that is on an invoice, and for too many lines.
    """
    if item["customer"] != draft["customer"]:
        raise invalid("The invoice item belongs to another customer than the invoice.", param=param)
    if item["invoice"] is not None:
        raise invalid("This invoice item is on an invoice already.", param=param)
    if item["currency"] != draft["currency"]:
        raise invalid(
            f"The invoice item is in `{item['currency']}`, but the invoice is in `{draft['currency']}`.",
            param=param,
        )
    if len(draft["lines"]["data"]) >= MOST_LINES:
        raise invalid(f"An invoice can have at most {MOST_LINES} lines.", param=param)
    item["invoice"] = draft["id"]
    tx.put(item)
    draft["lines"]["data"].append({**pending_line(tx, item), "invoice": draft["id"]})


def change_line(
    tx: Transaction, draft: StripeDict, line: StripeDict, params: dict[str, Any], within: str
) -> None:
    """Change a line and the invoice item it stands for; the caller saves the draft.

    A line without one, of a subscription's item, changes by itself and is what it was changed to from then on.
    """
    item = item_of(tx, line)
    if item is not None:
        change_item(tx, item, params, within)
        show_item(tx, draft, item)
        return
    if "tax_rates" in params:
        raise invalid(
            "The tax rates of this line are those of its subscription item.",
            param=f"{within}[tax_rates]" if within else "tax_rates",
        )
    if any(name in params for name in _PRICED_BY):
        sold = (line["pricing"] or {}).get("price_details")
        price_item(tx, line, params, within=within)
        # It is still a line of the subscription item's price, whatever it costs now.
        line["pricing"]["price_details"] = line["pricing"]["price_details"] or sold
        line["subtotal"] = line["amount"]
    if "metadata" in params:
        line["metadata"] = {}
    describe_item(tx, line, customer_of(tx, draft), params, within=within, invoice=draft["id"])
    kept = tx.private("invoice", draft["id"])
    tx.put(draft, private={**kept, "changed_lines": [*kept.get("changed_lines", []), line["id"]]})


def change_item(tx: Transaction, item: StripeDict, params: dict[str, Any], within: str = "") -> None:
    """Change an invoice item by itself."""
    if any(name in params for name in _PRICED_BY):
        price_item(tx, item, params, within=within)
        item["net_amount"] = item["amount"]
    describe_item(tx, item, customer_of(tx, item), params, within=within, invoice_item=item["id"])
    tx.put(item)


def show_item(tx: Transaction, draft: StripeDict, item: StripeDict) -> None:
    """Let the line of an invoice item say what the item says now."""
    for line in draft["lines"]["data"]:
        if origin_of(line) == item["id"]:
            line.update({**pending_line(tx, item), "id": line["id"], "invoice": draft["id"]})


def take_off(tx: Transaction, draft: StripeDict, line: StripeDict, *, unassign: bool, param: str) -> None:
    """Take a line off a draft, which the caller saves; its invoice item is deleted, or pending again.

    Raises a 400 where there is no item that could be.
    """
    item = item_of(tx, line)
    if item is None and unassign:
        raise invalid("Only lines of invoice items can be unassigned.", param=param)
    draft["lines"]["data"].remove(line)
    if item is None:
        return
    if unassign:
        item["invoice"] = None
        tx.put(item)
    else:
        tx.delete("invoiceitem", item["id"])
        emit(tx, "invoiceitem.deleted", item)


def save_draft(tx: Transaction, before: StripeDict, draft: StripeDict) -> StripeDict:
    """Work the figures of a changed draft out again, store it and tell what changed.

    What can be given back later of a subscription's charges follows its lines.
    """
    draft["lines"] = line_list(draft["id"], draft["lines"]["data"])
    compute(tx, draft)
    tx.put(draft)
    subscription_id = subscription_of(draft)
    if subscription_id is not None:
        sub, notes = records.subscription(tx, subscription_id), records.notes_of(tx, subscription_id)
        follow_lines(notes, draft)
        records.save(tx, sub, notes)
    emit_updated(tx, "invoice.updated", before, draft)
    return draft


def line_in(draft: StripeDict, line_id: str, *, param: str, status: int = 400) -> StripeDict:
    """Find a line of an invoice. Raises the error for one it does not have."""
    for line in draft["lines"]["data"]:
        if line["id"] == line_id:
            found: StripeDict = line
            return found
    raise missing_object("invoice line item", line_id, param=param, status=status)


def item_of(tx: Transaction, line: StripeDict) -> StripeDict | None:
    """Load the invoice item a line stands for, if any."""
    item_id = origin_of(line)
    return tx.get("invoiceitem", item_id) if item_id else None


def origin_of(line: StripeDict) -> str | None:
    """Read which invoice item a line stands for, if any."""
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details")
    return details["invoice_item"] if details else None
