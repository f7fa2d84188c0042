"""When something must happen next to a subscription: one instant, so that time can jump from one to the next."""

from __future__ import annotations

from portal.emulator.transaction import StripeDict

HOUR = 3600
DAY = 24 * HOUR
FIRST_PAYMENT_WINDOW = 23 * HOUR
TRIAL_NOTICE = 3 * DAY
LONGEST_TRIAL = 730 * DAY
UPCOMING_NOTICE = 7 * DAY
PAYMENT_NOTICE = 3 * DAY
EXPIRING_NOTICE = 7 * DAY
BILLED = ("active", "past_due", "unpaid")


def period_end(sub: StripeDict) -> int:
    """Give the earliest end among the items' current periods."""
    return int(min(item["current_period_end"] for item in sub["items"]["data"]))


def trial_notice_at(sub: StripeDict, notes: StripeDict) -> int | None:
    """Give the instant of the notice before a trial's end, or None if there is none to send."""
    if sub["status"] != "trialing" or notes["trial_notice_for"] == sub["trial_end"]:
        return None
    return max(int(sub["trial_start"]), int(sub["trial_end"]) - TRIAL_NOTICE)


def upcoming_notice_at(sub: StripeDict, notes: StripeDict) -> int | None:
    """Give the instant of the notice before a renewal, or None if there is none to send."""
    if sub["status"] not in BILLED or not sub["items"]["data"] or ends_with_period(sub):
        return None
    end = period_end(sub)
    if notes["upcoming_for"] == end:
        return None
    start = max(
        item["current_period_start"] for item in sub["items"]["data"] if item["current_period_end"] == end
    )
    # Periods of a week and less give their notice at half time, as there is nothing earlier to tell.
    return int(max(end - UPCOMING_NOTICE, start + (end - start) // 2))


def ends_with_period(sub: StripeDict) -> bool:
    """Say whether the subscription ends before it would renew."""
    return bool(sub["cancel_at"] is not None and sub["cancel_at"] <= period_end(sub))


def sent_invoice_due(invoice: StripeDict, now: int) -> int:
    """Give what is next for an invoice the customer pays by hand: the notice before its due date, or the date."""
    notice = int(invoice["due_date"]) - PAYMENT_NOTICE
    return notice if now < notice else int(invoice["due_date"])


def phase_end(sub: StripeDict, notes: StripeDict) -> int | None:
    """Give the end of the current phase of the subscription's schedule."""
    end = notes.get("phase_end")
    return int(end) if sub["schedule"] is not None and end is not None else None


def pause_end(sub: StripeDict, notes: StripeDict) -> int | None:
    """Give the end of a pause that has one; a pause that was begun anew since has none of the earlier one."""
    timed = notes.get("timed_pause")
    if sub["status"] != "paused" or not timed:
        return None
    same = sub["status_details"]["paused"]["transitioned_at"] == timed["since"]
    return int(timed["until"]) if same else None


def next_due(sub: StripeDict, notes: StripeDict) -> int | None:
    """Give the next instant at which something must happen to a subscription; None if nothing ever will."""
    status = sub["status"]
    if status in ("canceled", "incomplete_expired"):
        return None
    instants = [sub["cancel_at"], phase_end(sub, notes), pause_end(sub, notes)]
    instants += [notes.get("pause_at"), notes.get("resume_at")]
    if status == "incomplete":
        instants.append(sub["created"] + FIRST_PAYMENT_WINDOW)
    if status == "trialing":
        instants += [trial_notice_at(sub, notes), sub["trial_end"]]
    if status in BILLED and sub["items"]["data"]:
        instants += [period_end(sub), upcoming_notice_at(sub, notes)]
    if sub["pending_update"]:
        instants.append(sub["pending_update"]["expires_at"])
    if sub["pause_collection"]:
        instants.append(sub["pause_collection"]["resumes_at"])
    return min((instant for instant in instants if instant is not None), default=None)
