"""Renewals: the next period of a subscription, the draft for it, and the notice before."""

from __future__ import annotations

from copy import deepcopy

from portal.emulator.billing import records
from portal.emulator.billing.debits import forget_ended, note_invoice_lines
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.due import HOUR, period_end
from portal.emulator.billing.ending import give_up, void
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.lines import lines_in_advance, metered_lines
from portal.emulator.billing.redemption import consume
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, period_in_cycle, period_of
from portal.emulator.events import changes, emit
from portal.emulator.transaction import StripeDict, Transaction

DRAFT_SECONDS = HOUR


def draft_renewal(tx: Transaction, sub: StripeDict, notes: StripeDict, now: int) -> StripeDict | None:
    """Move the items whose period is over into their next one and draft what that costs.

    Usage is billed for the period that ended, everything else for the one that begins. Stored quietly; None if
    there is nothing to invoice.
    """
    over = [item for item in sub["items"]["data"] if item["current_period_end"] <= now]
    since = min(item["current_period_start"] for item in over)
    lines: list[StripeDict] = []
    for item in over:
        # A metered item that came at this very instant has nothing behind it yet.
        if is_metered(item) and item["current_period_start"] < item["current_period_end"]:
            lines += metered_lines(tx, sub, item, period_of(item))
    for item in over:
        period = period_in_cycle(sub, cadence_of(item["price"]), now)
        item.update(current_period_start=period.start, current_period_end=period.end)
    lines += lines_in_advance(tx, sub, over)
    forget_ended(notes, now)
    records.save(tx, sub, notes)
    if not lines and not pending_items(tx, sub["customer"], sub["id"]):
        return None
    invoice = draft_for_subscription(tx, sub, "subscription_cycle", lines, now, since=since)
    note_invoice_lines(notes, invoice)
    consume(tx, sub, invoice)
    sub["latest_invoice"] = invoice["id"]
    return invoice


def renew(tx: Transaction, sub: StripeDict) -> None:
    """Renew a subscription whose period is over: the period moves before any money does."""
    now = tx.now(sub)
    before = deepcopy(sub)
    notes = records.notes_of(tx, sub["id"])
    invoice = draft_renewal(tx, sub, notes, now)
    publish(tx, before, sub, notes, invoice, now)


def publish(
    tx: Transaction,
    before: StripeDict,
    sub: StripeDict,
    notes: StripeDict,
    invoice: StripeDict | None,
    now: int,
) -> None:
    """Announce a subscription in its new period and its draft, which is finalized an hour later."""
    records.save(tx, sub, notes)
    emit(tx, "customer.subscription.updated", sub, changes(before, sub))
    if invoice is None:
        return
    held = sub["status"] == "unpaid" or (sub["pause_collection"] or {}).get("behavior") == "keep_as_draft"
    at = None if held else now + DRAFT_SECONDS
    invoice.update(auto_advance=not held, automatically_finalizes_at=at)
    tx.put(invoice, due_at=at)
    emit(tx, "invoice.created", invoice)


def finalize_paused(tx: Transaction, sub: StripeDict, invoice: StripeDict, now: int) -> bool:
    """Finalize the draft of a subscription whose collection is paused, and give it up; False if it is not."""
    behavior = (sub["pause_collection"] or {}).get("behavior")
    if behavior not in ("void", "mark_uncollectible"):
        return False
    finalize(tx, invoice, now)
    if behavior == "void":
        void(tx, invoice)
    else:
        give_up(tx, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
    return True


def mark_notice_sent(tx: Transaction, sub: StripeDict) -> None:
    """Remember that the notice for the coming renewal went out."""
    records.save(tx, sub, {**records.notes_of(tx, sub["id"]), "upcoming_for": period_end(sub)})
