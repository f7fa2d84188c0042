"""What the portal's own terms are called on the operator's pages."""

from __future__ import annotations

INTENT_NAMES = {
    "cancel": "Cancelling the plan",
    "cancel_now": "Ending a plan at once",
    "change": "Changing the plan",
    "checkout": "Opening a checkout",
    "keep": "Taking a planned change back",
    "resume": "Keeping the plan",
    "seats": "Changing the number of seats",
}
