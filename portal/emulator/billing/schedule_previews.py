"""Previews under a schedule: as it is, as a request would change it, or as one that does not exist yet."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing.changing import prepare
from portal.emulator.billing.drafting import customer_of, draft_for_subscription
from portal.emulator.billing.phase_effects import first_params
from portal.emulator.billing.phase_shape import new_schedule, phases_of_request
from portal.emulator.billing.phases import changed_phase
from portal.emulator.billing.previewing import as_preview
from portal.emulator.billing.savepoints import tentative
from portal.emulator.billing.starting import billing_mode, start
from portal.emulator.billing.upcoming import moved_to, next_invoice, none_upcoming
from portal.emulator.billing.updating import draft_change
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import missing_parameter
from portal.emulator.wire.fields import set_values


def preview_schedule(tx: Transaction, schedule: StripeDict, details: dict[str, Any]) -> StripeDict:
    """Preview the next invoice under a schedule after the changes of `schedule_details`.

    That is the immediate invoice if they make one, else the next one its subscription will get, else its first.
    Raises a 404 if no invoice is to come, and a 400 for phases that cannot be.
    """
    with tentative(tx):
        if schedule["status"] not in ("active", "not_started"):
            raise none_upcoming()
        before = deepcopy(schedule)
        set_values(schedule, details, ("end_behavior",))
        if "phases" in details:
            began = schedule["phases"][0]["start_date"]
            schedule["phases"] = phases_of_request(
                tx, details["phases"], customer_of(tx, schedule), began, None
            )
        tx.put(schedule)
        if schedule["subscription"] is None:
            return _first_invoice(tx, schedule)
        sub, params = changed_phase(tx, before, schedule, details.get("proration_behavior"))
        if "phases" not in details:
            return as_preview(next_invoice(tx, sub))
        change = prepare(tx, sub, params)
        return as_preview(draft_change(tx, change) or next_invoice(tx, change.sub))


def preview_new_schedule(tx: Transaction, customer: StripeDict, details: dict[str, Any]) -> StripeDict:
    """Preview the first invoice under a schedule that does not exist yet. Raises a 400 without phases."""
    if not details.get("phases"):
        raise missing_parameter("schedule_details[phases]")
    with tentative(tx):
        now = tx.now(customer)
        schedule = new_schedule(tx.new_id("sub_sched"), customer, now)
        schedule["billing_mode"] = billing_mode(details)
        schedule["phases"] = phases_of_request(tx, details["phases"], customer, now, None)
        return _first_invoice(tx, schedule)


def _first_invoice(tx: Transaction, schedule: StripeDict) -> StripeDict:
    customer = customer_of(tx, schedule)
    at = max(schedule["phases"][0]["start_date"], tx.now(schedule))
    with moved_to(tx, schedule, at):
        sub, _, lines = start(tx, customer, first_params(tx, schedule, at))
        return as_preview(draft_for_subscription(tx, sub, "upcoming", lines, at))
