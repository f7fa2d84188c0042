"""Previews: the change or the renewal itself, carried out up to the draft and then taken back.

Because a preview runs the very code that charges, it cannot differ from the charge that follows.
"""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.changing import Change, prepare
from portal.emulator.billing.drafting import draft_for_subscription, fill, pending_items
from portal.emulator.billing.due import HOUR
from portal.emulator.billing.ending import settle_items
from portal.emulator.billing.invoice_shape import line_list, new_invoice
from portal.emulator.billing.lines import lines_in_advance, metered_lines
from portal.emulator.billing.pausing import prepare_pause
from portal.emulator.billing.resuming import prepare_resume
from portal.emulator.billing.savepoints import tentative
from portal.emulator.billing.starting import start
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, period_in_cycle
from portal.emulator.billing.upcoming import next_invoice, none_upcoming
from portal.emulator.billing.updating import draft_change
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, missing_parameter

_FOR_UPDATE = (
    "billing_cycle_anchor", "cancel_at", "cancel_at_period_end", "default_tax_rates", "items", "metadata",
    "proration_behavior", "proration_date", "trial_end",
)  # fmt: skip


SUBSCRIPTION_DETAILS = frozenset({*_FOR_UPDATE, "billing_mode", "pause", "resume_at"})


def upcoming_invoice(tx: Transaction, sub: StripeDict) -> StripeDict | None:
    """Preview the next renewal of a subscription as it is; None if it will make no invoice any more."""
    with tentative(tx):
        try:
            return as_preview(next_invoice(tx, records.subscription(tx, sub["id"])))
        except StripeError:
            return None


def preview_change(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Preview a subscription's next invoice after the changes of a `create_preview` request.

    That is the immediate invoice if the changes make one (a pause or its end does, or there is none), the last one if
    they cancel, else the next renewal; in `recurring` mode, what a whole period costs from then on. Raises a 404 if no
    invoice is to come.
    """
    details = params.get("subscription_details") or {}
    with tentative(tx):
        sub = records.subscription(tx, sub["id"])
        if sub["status"] in records.GONE:
            raise none_upcoming()
        changed = {name: details[name] for name in _FOR_UPDATE if name in details}
        changed.update({name: params[name] for name in ("automatic_tax", "discounts") if name in params})
        if details.get("cancel_now"):
            prorate = details.get("proration_behavior", "create_prorations") != "none"
            settle_items(tx, sub, prorate=prorate)
            return as_preview(draft_for_subscription(tx, sub, "upcoming", [], tx.now(sub)))
        if details.get("pause"):
            return as_preview(_invoice_of(tx, prepare_pause(tx, sub, details["pause"])))
        if details.get("resume_at"):
            return as_preview(_invoice_of(tx, prepare_resume(tx, sub, details)))
        if params.get("preview_mode") == "recurring":
            prepare(tx, sub, {**changed, "proration_behavior": "none"})
            return as_preview(_recurring(tx, sub))
        change = prepare(tx, sub, changed)
        if change.invoice_now:
            invoice = draft_change(tx, change)
            if invoice is None:
                invoice = draft_for_subscription(tx, sub, "upcoming", [], change.now)
            return as_preview(invoice)
        return as_preview(next_invoice(tx, sub))


def preview_start(tx: Transaction, customer: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Preview the first invoice of a subscription that does not exist yet."""
    details = params.get("subscription_details") or {}
    names = (
        "billing_cycle_anchor",
        "billing_mode",
        "default_tax_rates",
        "items",
        "proration_behavior",
        "trial_end",
    )
    wanted = {name: details[name] for name in names if name in details}
    anchor = wanted.pop("billing_cycle_anchor", None)
    if anchor and anchor["type"] == "timestamp":
        if "timestamp" not in anchor:
            raise missing_parameter("billing_cycle_anchor[timestamp]")
        wanted["billing_cycle_anchor"] = anchor["timestamp"]
    wanted.update(
        {name: params[name] for name in ("automatic_tax", "currency", "discounts") if name in params}
    )
    with tentative(tx):
        sub, _, lines = start(tx, customer, wanted)
        return as_preview(draft_for_subscription(tx, sub, "upcoming", lines, sub["created"]))


def preview_pending(tx: Transaction, customer: StripeDict) -> StripeDict:
    """Preview an invoice of what is pending for a customer without a subscription. Raises a 404 if nothing is."""
    with tentative(tx):
        waiting = pending_items(tx, customer["id"], None)
        if not waiting:
            raise none_upcoming()
        now = tx.now(customer)
        invoice = new_invoice(tx.new_id("in"), customer, waiting[0]["currency"], "upcoming", now)
        return as_preview(fill(tx, invoice, [], waiting))


def _invoice_of(tx: Transaction, change: Change) -> StripeDict:
    invoice = draft_change(tx, change)
    if invoice is None:
        raise none_upcoming()
    return invoice


def _recurring(tx: Transaction, sub: StripeDict) -> StripeDict:
    """Draft a whole period of every item, in advance and in arrears alike, without anything pending."""
    lines: list[StripeDict] = []
    for item in sub["items"]["data"]:
        if is_metered(item):
            # What was used so far stands for a whole period, also where the price is another from now on.
            period = period_in_cycle(sub, cadence_of(item["price"]), tx.now(sub))
            lines += metered_lines(tx, sub, item, period)
    for item in sub["items"]["data"]:
        period = period_in_cycle(sub, cadence_of(item["price"]), item["current_period_end"])
        item.update(current_period_start=period.start, current_period_end=period.end)
    lines += lines_in_advance(tx, sub, sub["items"]["data"])
    return draft_for_subscription(tx, sub, "upcoming", lines, tx.now(sub), with_pending=False)


def as_preview(invoice: StripeDict) -> StripeDict:
    """Make a draft unmistakable: its ids name nothing that exists."""
    preview_id = "upcoming_" + invoice["id"]
    lines = invoice["lines"]["data"]
    for line in lines:
        line.update(id=line["id"].replace("il_", "il_tmp_", 1), invoice=preview_id)
    attempt = invoice["created"] + HOUR if invoice["collection_method"] == "charge_automatically" else None
    invoice.update(
        id=preview_id,
        billing_reason="upcoming",
        lines=line_list(preview_id, lines),
        next_payment_attempt=attempt,
        auto_advance=True,
    )
    return invoice
