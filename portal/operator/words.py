"""What the portal's own terms are called on the operator's pages."""

from __future__ import annotations

INTENT_NAMES = {
    "cancel": "Cancelling the plan",
    "cancel_now": "Ending a plan at once",
    "change": "Changing the plan",
    "checkout": "Opening a checkout",
    "complete": "Adding what is billed by use",
    "give_up": "Dropping a change that waits for its payment",
    "keep": "Taking a planned change back",
    "pause": "Pausing the plan",
    "replan": "Moving a planned change along",
    "resume": "Keeping the plan",
    "retention": "Reducing the coming invoices",
    "seats": "Changing the number of seats",
    "unpause": "Going on with a paused plan",
}
