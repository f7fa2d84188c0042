"""Resuming a paused subscription (docs.stripe.com/billing/subscriptions/pause): at once where that costs nothing, else
when the invoice for it is paid; until then it waits as a pending update.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.changing import Change, proration_instant, restart_periods
from portal.emulator.billing.collecting import collect, default_method, mark_paid
from portal.emulator.billing.due import DAY, FIRST_PAYMENT_WINDOW
from portal.emulator.billing.ending import drop_waiting
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.lines import lines_in_advance
from portal.emulator.billing.prorating import debit_item
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, period_in_cycle
from portal.emulator.billing.updating import announce, draft_change
from portal.emulator.billing.waiting import set_aside
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid

_ON_SUCCESS = "resume_on_payment_success"
_SUCCESS_WINDOW = 365 * DAY


def resume(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Resume a paused subscription, with a new cycle from now or in the old one.

    Where that makes an invoice, it is finalized and the subscription stays paused. By default nothing is charged:
    it goes on once somebody tried to pay, be it past due, and the invoice is void after 23 hours. Under
    `resume_on_payment_success` the card is charged, tried again like any other, and the subscription goes on when
    that succeeds. An earlier resumption that still waits is dropped.

    Raises a 400 for a subscription that is not paused, is not charged automatically, or has no card to charge.
    """
    on_success = params.get("payment_behavior") == _ON_SUCCESS
    _refuse_unless_resumable(sub, on_success=on_success)
    drop_waiting(tx, sub)
    change = prepare_resume(tx, records.subscription(tx, sub["id"]), params)
    invoice = draft_change(tx, change)
    if invoice is None:
        announce(tx, change, "customer.subscription.resumed")
        return change.sub
    if on_success and invoice["amount_due"] > 0 and default_method(tx, invoice) is None:
        raise StripeError(
            400,
            "invalid_request_error",
            "This customer has no default payment method with which the subscription could be resumed.",
            code="resource_missing",
        )
    # What is not charged here is not tried again by itself either.
    invoice["auto_advance"] = on_success
    tx.put(invoice)
    emit(tx, "invoice.created", invoice)
    finalize(tx, invoice, change.now)
    set_aside(
        tx,
        change,
        kind="resume",
        until=change.now + (_SUCCESS_WINDOW if on_success else FIRST_PAYMENT_WINDOW),
        if_failed=None if on_success else "past_due",
    )
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif on_success:
        collect(tx, invoice)
    return records.subscription(tx, sub["id"])


def prepare_resume(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> Change:
    """Resume a subscription quietly, leaving what the rest of an old cycle costs as pending invoice items.

    Raises a 400 for a subscription that is not paused, or a proration date outside that cycle.
    """
    _refuse_unless_resumable(sub, on_success=False)
    now, notes = tx.now(sub), records.notes_of(tx, sub["id"])
    change = Change(deepcopy(sub), deepcopy(notes), sub, notes, now)
    if (params.get("billing_cycle_anchor") or {}).get("type", "now") == "now":
        restart_periods(sub, now)
        change.lines = lines_in_advance(tx, sub, sub["items"]["data"])
        change.invoice_now = True
    else:
        _rejoin_cycle(tx, sub, notes, params, now)
        change.invoice_now = params.get("proration_behavior") == "always_invoice"
    sub.update(status="active", status_details=None)
    records.save(tx, sub, notes)
    return change


def _rejoin_cycle(
    tx: Transaction, sub: StripeDict, notes: StripeDict, params: dict[str, Any], now: int
) -> None:
    for item in sub["items"]["data"]:
        period = period_in_cycle(sub, cadence_of(item["price"]), now)
        start = now if is_metered(item) else period.start
        item.update(current_period_start=start, current_period_end=period.end)
    at = proration_instant(sub, params, now)
    if params.get("proration_behavior") == "none":
        return
    for item in sub["items"]["data"]:
        if not is_metered(item):
            debit_item(tx, sub, item, notes, at)


def _refuse_unless_resumable(sub: StripeDict, *, on_success: bool) -> None:
    if sub["status"] != "paused":
        raise invalid("You can only resume a subscription with status `paused`.")
    if sub["collection_method"] != "charge_automatically":
        raise invalid("Only subscriptions with `collection_method` `charge_automatically` can be resumed.")
    if on_success and sub["billing_mode"]["type"] != "flexible":
        raise invalid(
            f"`{_ON_SUCCESS}` is only available for subscriptions with `billing_mode` type `flexible`.",
            param="payment_behavior",
        )
