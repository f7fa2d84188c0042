"""Starting a subscription: its items and first periods, its trial, and what its first invoice holds."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.attributes import set_attributes, set_cancellation
from portal.emulator.billing.currencies import move_to_currency
from portal.emulator.billing.due import DAY, LONGEST_TRIAL
from portal.emulator.billing.extra_items import add_invoice_items
from portal.emulator.billing.first_periods import place_in_cycle
from portal.emulator.billing.item_change import changed_items
from portal.emulator.billing.lines import trial_line
from portal.emulator.billing.order_minimum import refuse_small_order
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.subscription_shape import (
    flexible_mode,
    item_list,
    new_subscription,
)
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter


def start(
    tx: Transaction, customer: StripeDict, params: dict[str, Any]
) -> tuple[StripeDict, StripeDict, list[StripeDict]]:
    """Make a subscription from checked parameters; returns it, its notes, and the lines of its first invoice.

    It is stored quietly, as `incomplete` unless it begins with a trial; charges for a first partial period and for
    `add_invoice_items` are pending invoice items. Raises a 400 for items, trials or anchors that cannot be.
    """
    refuse_unsupported(params)
    entries = params.get("items") or []
    if not entries:
        raise missing_parameter("items")
    now = tx.now_for(customer["id"])
    began = params.get("backdate_start_date", now)
    if began > now:
        raise invalid("`backdate_start_date` must be in the past.", param="backdate_start_date")
    sub = new_subscription(tx.new_id("sub"), customer, "", now)
    sub["start_date"] = began
    sub["billing_mode"] = billing_mode(params)
    sub["currency"] = _currency(tx, params)
    move_to_currency(tx, customer, sub["currency"])
    tx.put(sub)
    set_attributes(tx, sub, params, customer, now)
    items = changed_items(tx, sub, entries, customer, now)
    refuse_small_order(tx, sub, items)
    trial_end = _trial_end(params, items, now)
    notes = records.notes_of(tx, sub["id"])
    lines: list[StripeDict] = []
    add_invoice_items(tx, sub, params.get("add_invoice_items") or [], customer, now)
    sub["items"] = item_list(sub["id"], items)
    sub["status"] = "incomplete"
    if trial_end is not None:
        sub.update(status="trialing", trial_start=now, trial_end=trial_end, billing_cycle_anchor=trial_end)
        for item in items:
            item.update(current_period_start=now, current_period_end=trial_end)
        lines = [trial_line(tx, sub, item) for item in items]
    else:
        lines = place_in_cycle(tx, sub, notes, params, now)
    set_cancellation(sub, notes, params, now)
    records.save(tx, sub, notes)
    return sub, notes, lines


def billing_mode(params: dict[str, Any]) -> StripeDict:
    """Read the billing mode a request asks for; flexible unless it does. Raises a 400 for itemized discounts on
    prorations, which the emulator includes.
    """
    sent = params.get("billing_mode") or {"type": "flexible"}
    if sent["type"] == "classic":
        return {"flexible": None, "type": "classic", "updated_at": None}
    if (sent.get("flexible") or {}).get("proration_discounts", "included") != "included":
        raise invalid(
            "The emulator does not itemize the discounts of prorations.",
            param="billing_mode[flexible][proration_discounts]",
        )
    return flexible_mode()


def _currency(tx: Transaction, params: dict[str, Any]) -> str:
    """Choose the currency: asked for, else that of the first price."""
    if "currency" in params:
        return str(params["currency"]).lower()
    entry = params["items"][0]
    if "price_data" in entry:
        return str(entry["price_data"]["currency"]).lower()
    price = tx.get("price", entry.get("price") or entry.get("plan") or "")
    return str(price["currency"]) if price else "usd"


def _trial_end(params: dict[str, Any], items: list[StripeDict], now: int) -> int | None:
    if "trial_end" in params and "trial_period_days" in params:
        raise exclusive_parameters("trial_end", "trial_period_days")
    days = params.get("trial_period_days")
    if days is not None and days < 0:
        raise invalid(
            "Invalid non-negative integer", param="trial_period_days", code="parameter_invalid_integer"
        )
    if params.get("trial_from_plan"):
        days = max((item["price"]["recurring"]["trial_period_days"] or 0) for item in items)
    end = params.get("trial_end")
    if end is None and days:
        end = now + days * DAY
    if end is None or end == "now":
        return None
    end = int(end)
    if end <= now:
        raise invalid("Invalid timestamp: must be in the future.", param="trial_end")
    if end - now > LONGEST_TRIAL:
        name = "trial_period_days" if "trial_period_days" in params else "trial_end"
        raise invalid("The maximum number of trial period days is 730 (2 years).", param=name)
    return end
