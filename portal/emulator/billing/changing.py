"""Changing a subscription: what an update does to its items and periods, and what it credits and charges.

`prepare` does everything short of making an invoice, so that a preview and the change itself take the same way.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from portal.emulator.billing import records, tiers
from portal.emulator.billing.attributes import set_attributes, set_cancellation
from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.due import LONGEST_TRIAL
from portal.emulator.billing.extra_items import add_invoice_items
from portal.emulator.billing.item_change import changed_items
from portal.emulator.billing.lines import lines_in_advance, trial_line
from portal.emulator.billing.order_minimum import refuse_small_order
from portal.emulator.billing.periods import Period, period_at
from portal.emulator.billing.prices import full_price
from portal.emulator.billing.prorating import bill_usage, credit_item, debit_item
from portal.emulator.billing.subscription_shape import (
    cadence_of,
    is_metered,
    item_list,
    period_in_cycle,
    period_of,
)
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


@dataclass
class Change:
    """An update in the making: the subscription before and after, and what it means for an invoice."""

    before: StripeDict
    before_notes: StripeDict
    sub: StripeDict
    notes: StripeDict
    now: int
    invoice_now: bool = False
    lines: list[StripeDict] = field(default_factory=list)
    since: int | None = None
    proration_date: int | None = None


def prepare(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> Change:
    """Apply an update to a subscription, leaving prorations as pending invoice items.

    The result is stored quietly; announcing, invoicing and paying are the caller's. Raises a 400 for what cannot
    be changed in the subscription's state, or a proration date outside the current period.
    """
    now = tx.now(sub)
    customer = customer_of(tx, sub)
    notes = records.notes_of(tx, sub["id"])
    change = Change(deepcopy(sub), deepcopy(notes), sub, notes, now)
    change.proration_date = params.get("proration_date")
    set_attributes(tx, sub, params, customer, now)
    add_invoice_items(tx, sub, params.get("add_invoice_items") or [], customer, now)
    old_items = sub["items"]["data"]
    new_items = changed_items(tx, sub, params.get("items") or [], customer, now)
    refuse_small_order(tx, sub, new_items, known=change.before["discounts"])
    prorate = params.get("proration_behavior", "create_prorations") != "none"
    at = proration_instant(sub, params, now)
    trial_end = params.get("trial_end")
    if trial_end == "now" and sub["status"] == "trialing":
        sub.update(trial_end=now, status="active")
        sub["items"] = item_list(sub["id"], new_items)
        _restart(tx, change)
    elif isinstance(trial_end, int) and trial_end != sub["trial_end"]:
        _into_trial(tx, change, new_items, trial_end, at, prorate)
    elif sub["status"] in ("trialing", "paused"):
        # Nothing is being paid for, so nothing is credited or charged; new items join the others' period.
        _place_new(sub, new_items, period_of(old_items[0]))
        sub["items"] = item_list(sub["id"], new_items)
    elif _resets(tx, sub, params, old_items, new_items):
        _leave_items(tx, change, old_items, at, prorate)
        sub["items"] = item_list(sub["id"], new_items)
        _restart(tx, change)
    else:
        _exchange_items(tx, change, old_items, new_items, at, prorate)
    change.invoice_now = change.invoice_now or params.get("proration_behavior") == "always_invoice"
    set_cancellation(sub, notes, params, now)
    records.save(tx, sub, notes)
    return change


def proration_instant(sub: StripeDict, params: dict[str, Any], now: int) -> int:
    """Read the instant at which a change is prorated. Raises a 400 for one outside the current periods."""
    if not params.get("proration_date"):
        return now
    at = int(params["proration_date"])
    start = min(item["current_period_start"] for item in sub["items"]["data"])
    end = max(item["current_period_end"] for item in sub["items"]["data"])
    if not start <= at <= end:
        raise invalid(
            "Cannot specify `proration_date` outside of the current period. Pass a timestamp between "
            f"{start} and {end}.",
            param="proration_date",
        )
    return at


def restart_periods(sub: StripeDict, now: int) -> None:
    """Begin a new cycle now for every item."""
    sub.update(billing_cycle_anchor=now, billing_cycle_anchor_config=None)
    for item in sub["items"]["data"]:
        period = period_at(now, cadence_of(item["price"]), now)
        item.update(current_period_start=period.start, current_period_end=period.end)


def _resets(
    tx: Transaction, sub: StripeDict, params: dict[str, Any], old: list[StripeDict], new: list[StripeDict]
) -> bool:
    """Say whether the billing date moves to now: asked for or, in classic billing mode only, with another interval and
    from free to paid.
    """
    if (params.get("billing_cycle_anchor") or {}).get("type") == "now":
        return True
    if sub["billing_mode"]["type"] != "classic":
        return False
    by_id = {item["id"]: item for item in old}
    for item in new:
        was = by_id.get(item["id"])
        if was is not None and cadence_of(was["price"]) != cadence_of(item["price"]):
            return True
    return _is_free(tx, sub, old) and not _is_free(tx, sub, new)


def _is_free(tx: Transaction, sub: StripeDict, items: list[StripeDict]) -> bool:
    return not any(
        is_metered(item)
        or tiers.amount(full_price(tx, item["price"], sub["currency"]), max(1, item["quantity"]))
        for item in items
    )


def _restart(tx: Transaction, change: Change) -> None:
    sub = change.sub
    change.since = min(item["current_period_start"] for item in change.before["items"]["data"])
    restart_periods(sub, change.now)
    change.lines = lines_in_advance(tx, sub, sub["items"]["data"])
    change.invoice_now = True


def _into_trial(
    tx: Transaction, change: Change, new_items: list[StripeDict], trial_end: int, at: int, prorate: bool
) -> None:
    sub, now = change.sub, change.now
    if trial_end <= now:
        raise invalid("`trial_end` must be in the future, or `now`.", param="trial_end")
    if trial_end - now > LONGEST_TRIAL:
        raise invalid("Invalid timestamp: can be no more than two years in the future.", param="trial_end")
    if sub["status"] != "trialing":
        _leave_items(tx, change, sub["items"]["data"], at, prorate)
        # In classic mode it goes on telling of the first trial.
        first = sub["trial_start"] if sub["billing_mode"]["type"] == "classic" else None
        sub["trial_start"] = first or now
        for item in new_items:
            item["current_period_start"] = now
    sub.update(status="trialing", trial_end=trial_end, billing_cycle_anchor=trial_end)
    for item in new_items:
        item["current_period_end"] = trial_end
    sub["items"] = item_list(sub["id"], new_items)
    change.lines = [trial_line(tx, sub, item) for item in new_items]


def _leave_items(
    tx: Transaction,
    change: Change,
    leaving: list[StripeDict],
    at: int,
    prorate: bool,
) -> None:
    """Give back what the leaving items have not used, and bill the usage they have, as their periods end early."""
    for item in leaving:
        if is_metered(item):
            bill_usage(tx, change.sub, item, at)
        elif prorate:
            credit_item(tx, change.sub, item, change.notes, at)


def _exchange_items(
    tx: Transaction,
    change: Change,
    old_items: list[StripeDict],
    new_items: list[StripeDict],
    at: int,
    prorate: bool,
) -> None:
    """Replace items within their running periods: credit what changes or goes, charge what changes or comes."""
    sub = change.sub
    was = {item["id"]: item for item in old_items}
    stays = {item["id"]: item for item in new_items}
    for item in old_items:
        after = stays.get(item["id"])
        gone = after is None or _differs(item, after)
        if gone and (not is_metered(item) or _bills_usage(sub, item, at, prorate)):
            _leave_items(tx, change, [item], at, prorate)
    for item in new_items:
        before = was.get(item["id"])
        if before is None or _begins_again(before, item):
            # A metered item goes on where its usage so far was billed to.
            since = max(at, item["current_period_start"]) if is_metered(item) else change.now
            period = _joined(sub, item, old_items, since)
            item.update(current_period_start=period.start, current_period_end=period.end)
    sub["items"] = item_list(sub["id"], new_items)
    for item in new_items:
        before = was.get(item["id"])
        if prorate and not is_metered(item) and (before is None or _differs(before, item)):
            debit_item(tx, sub, item, change.notes, at)


def _bills_usage(sub: StripeDict, item: StripeDict, at: int, prorate: bool) -> bool:
    """Say whether the usage of a metered price that goes is billed: in flexible billing mode unless the request wants
    no prorations; where its period is over anyway, always
    (docs.stripe.com/billing/subscriptions/billing-mode/compare).
    """
    flexible = sub["billing_mode"]["type"] == "flexible"
    return bool((flexible and prorate) or item["current_period_end"] <= at)


def _begins_again(before: StripeDict, after: StripeDict) -> bool:
    """Say whether a changed item is in another period from now on: a metered one counts usage for one price only."""
    recurs_otherwise = cadence_of(before["price"]) != cadence_of(after["price"])
    return recurs_otherwise or (is_metered(after) and _differs(before, after))


def _joined(sub: StripeDict, item: StripeDict, others: list[StripeDict], now: int) -> Period:
    """Give the period of an item that is new or recurs otherwise from now on: that of its interval, by the
    subscription's anchor.
    """
    cadence = cadence_of(item["price"])
    aligned = {cadence_of(other["price"]): period_of(other) for other in others if not is_metered(other)}
    whole = aligned.get(cadence) or period_in_cycle(sub, cadence, now)
    if whole.start == now and any(other["current_period_end"] <= now for other in others):
        # The renewal of this very instant is still to come, and bills it with the others.
        return Period(now, now)
    # Usage counts from now on; a licensed item is prorated against the whole period.
    return Period(now, whole.end) if is_metered(item) else whole


def _differs(before: StripeDict, after: StripeDict) -> bool:
    return bool(
        before["price"]["id"] != after["price"]["id"] or before.get("quantity") != after.get("quantity")
    )


def _place_new(sub: StripeDict, items: list[StripeDict], period: Period) -> None:
    known = {item["id"] for item in sub["items"]["data"]}
    for item in items:
        if item["id"] not in known:
            item.update(current_period_start=period.start, current_period_end=period.end)
