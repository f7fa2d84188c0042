"""When a failed invoice is tried again, and what becomes of its subscription in the end: the account's settings."""

from __future__ import annotations

from portal.emulator.billing.due import DAY
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

_DEFAULTS: StripeDict = {
    "object": "emulator.settings",
    "id": "billing",
    "created": 0,
    # Stripe's smart retries choose their own moments; a fixed schedule is what a test can rely on.
    "retry_days": [3, 5, 7],
    "after_retries": "cancel",
}
_MOST_DAYS = 365
_OUTCOMES = ("cancel", "unpaid", "past_due")


def billing_settings(tx: Transaction) -> StripeDict:
    """Load the settings: days between attempts, and `cancel`, `unpaid` or `past_due` after the last."""
    return tx.get("emulator.settings", "billing") or dict(_DEFAULTS)


def change_billing_settings(
    tx: Transaction, *, retry_days: list[int] | None = None, after_retries: str | None = None
) -> StripeDict:
    """Change the settings given. Raises a 400 for an outcome there is not, or for days that are not 1 to 365."""
    settings = billing_settings(tx)
    if after_retries is not None:
        if after_retries not in _OUTCOMES:
            raise invalid(f"after_retries must be one of {', '.join(_OUTCOMES)}", param="after_retries")
        settings["after_retries"] = after_retries
    if retry_days is not None:
        if not all(type(days) is int and 0 < days <= _MOST_DAYS for days in retry_days):
            raise invalid(f"retry_days must be whole numbers from 1 to {_MOST_DAYS}", param="retry_days")
        settings["retry_days"] = retry_days
    tx.put(settings)
    return settings


def next_attempt(tx: Transaction, invoice: StripeDict, now: int) -> int | None:
    """Give the instant of the next automatic attempt after one that failed now; None after the last.

    The first invoice of a subscription is not retried: it is the customer who is still on the page. Nor is one
    that was sent to be paid by hand.
    """
    by_hand = invoice["collection_method"] == "send_invoice"
    if invoice["billing_reason"] == "subscription_create" or by_hand or not invoice["auto_advance"]:
        return None
    days = billing_settings(tx)["retry_days"]
    failed = invoice["attempt_count"]
    return now + days[failed - 1] * DAY if 1 <= failed <= len(days) else None
