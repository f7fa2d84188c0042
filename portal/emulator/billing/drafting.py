"""Drafting invoices: the one place where lines become an invoice, for charges and for previews alike."""

from __future__ import annotations

from portal.emulator.billing.due import HOUR
from portal.emulator.billing.invoice_shape import (
    line_list,
    new_invoice,
    subscription_of,
    subscription_parent,
)
from portal.emulator.billing.lines import metered_lines, pending_line
from portal.emulator.billing.periods import Period
from portal.emulator.billing.tax_rates import tax_location_status
from portal.emulator.billing.totals import compute
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.lookup import in_param


def customer_of(tx: Transaction, obj: StripeDict) -> StripeDict:
    """Load the customer something belongs to. Raises a 400 if they were deleted."""
    return in_param(tx, "customer", obj["customer"], param="customer")


def pending_items(tx: Transaction, customer_id: str, subscription_id: str | None) -> list[StripeDict]:
    """List the invoice items waiting for an invoice of a subscription (or of no subscription)."""
    return [
        item
        for item in tx.all("invoiceitem", {"customer": customer_id, "invoice": None})
        if subscription_of(item) == subscription_id
    ]


def draft_for_subscription(
    tx: Transaction,
    sub: StripeDict,
    reason: str,
    lines: list[StripeDict],
    now: int,
    *,
    since: int | None = None,
    proration_date: int | None = None,
    with_pending: bool = True,
) -> StripeDict:
    """Draft an invoice of a subscription from lines, and everything pending for it.

    `since` is the start of the stretch the invoice looks back on; the draft is stored, but nothing is announced.
    """
    customer = customer_of(tx, sub)
    invoice = new_invoice(tx.new_id("in"), customer, sub["currency"], reason, now)
    settings = sub["invoice_settings"]
    invoice.update(
        period_start=now if since is None else since,
        parent=subscription_parent(sub, proration_date),
        collection_method=sub["collection_method"],
        default_tax_rates=list(sub["default_tax_rates"]),
        discounts=list(sub["discounts"]),
        description=settings["description"],
        footer=settings["footer"] or customer["invoice_settings"]["footer"],
        custom_fields=settings["custom_fields"] or customer["invoice_settings"]["custom_fields"],
        metadata={},
    )
    if sub["automatic_tax"]["enabled"]:
        tax_automatically(invoice, enabled=True)
    if sub["collection_method"] == "send_invoice":
        invoice["due_date"] = now + (sub["days_until_due"] or 0) * 24 * HOUR
    waiting = pending_items(tx, customer["id"], sub["id"]) if with_pending else []
    waiting += (
        pending_items(tx, customer["id"], None) if with_pending and reason != "subscription_update" else []
    )
    return fill(tx, invoice, lines, waiting)


def fill(
    tx: Transaction, invoice: StripeDict, lines: list[StripeDict], waiting: list[StripeDict]
) -> StripeDict:
    """Put pending items and lines on a draft, in that order, work out its figures and store it."""
    tax_ids = tx.all("tax_id", {"customer": invoice["customer"]})
    invoice["customer_tax_ids"] = [{"type": found["type"], "value": found["value"]} for found in tax_ids]
    all_lines = list(invoice["lines"]["data"])
    for item in waiting:
        if item["currency"] != invoice["currency"]:
            continue
        item["invoice"] = invoice["id"]
        tx.put(item)
        all_lines.append(pending_line(tx, item))
    all_lines += lines
    for line in all_lines:
        line["invoice"] = invoice["id"]
    invoice["lines"] = line_list(invoice["id"], all_lines)
    compute(tx, invoice)
    tx.put(invoice)
    return invoice


def refresh_usage(tx: Transaction, invoice: StripeDict) -> None:
    """Count usage again that arrived while a renewal was a draft: it belongs to the period as long as it is open.

    What an invoice item says of usage was settled when the item's price went, and what somebody changed by hand stays.
    """
    subscription_id = subscription_of(invoice)
    sub = tx.get("subscription", subscription_id) if subscription_id else None
    if sub is None or invoice["billing_reason"] != "subscription_cycle":
        return
    items = {item["id"]: item for item in sub["items"]["data"]}
    changed = tx.private("invoice", invoice["id"]).get("changed_lines", [])
    settled = {_item_of(line) for line in invoice["lines"]["data"] if line["id"] in changed}
    fresh: list[StripeDict] = []
    counted: set[str] = set()
    for line in invoice["lines"]["data"]:
        item = items.get(_item_of(line) or "")
        price = tx.get("price", line["pricing"]["price_details"]["price"]) if item is not None else None
        metered = price is not None and price["recurring"]["usage_type"] == "metered"
        if item is None or not metered or item["id"] in settled:
            fresh.append(line)
        elif item["id"] not in counted:
            counted.add(item["id"])
            period = Period(line["period"]["start"], line["period"]["end"])
            then = {**item, "price": price}
            fresh += [{**new, "invoice": invoice["id"]} for new in metered_lines(tx, sub, then, period)]
    if counted:
        invoice["lines"] = line_list(invoice["id"], fresh)
        compute(tx, invoice)


def _item_of(line: StripeDict) -> str | None:
    """Read which subscription item a line bills for its period; not that of a proration or of usage billed before."""
    details = (line["parent"] or {}).get("subscription_item_details")
    return details["subscription_item"] if details and not details["invoice_item"] else None


def tax_automatically(invoice: StripeDict, *, enabled: bool) -> None:
    """Switch a draft's automatic tax on or off."""
    invoice["automatic_tax"].update(
        enabled=enabled,
        liability={"type": "self"} if enabled else None,
        provider="stripe" if enabled else None,
        status=tax_location_status(invoice) if enabled else None,
    )
