"""Subscription schedules: what a subscription will be, phase by phase."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import phases, records
from portal.emulator.billing.ending import cancel_now
from portal.emulator.billing.pause_schedules import read_pauses
from portal.emulator.billing.phase_shape import new_schedule, phases_of_request, phases_of_subscription
from portal.emulator.billing.planned_pauses import plan
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.schedule_settings import read_settings, settings_of_subscription
from portal.emulator.billing.starting import billing_mode
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

SCHEDULE = "subscription_schedule"
_UNSUPPORTED = ("customer_account",)


@route("POST", "/v1/subscription_schedules", params="SubscriptionScheduleCreateParams")
def create_schedule(tx: Transaction, call: Call) -> StripeDict:
    """Create a schedule, from an existing subscription or for one that is to start."""
    params = call.params
    refuse_unsupported(params, _UNSUPPORTED)
    if "from_subscription" in params:
        for name in ("customer", "phases", "start_date", "end_behavior", "default_settings", "billing_mode"):
            if name in params:
                raise exclusive_parameters("from_subscription", name)
        sub = in_param(tx, "subscription", params["from_subscription"], param="from_subscription")
        schedule = schedule_subscription(tx, sub, merged(None, params.get("metadata")))
        if "pause_schedules" in params:
            return change_schedule(tx, schedule, {"pause_schedules": params["pause_schedules"]})
        return schedule
    for name in ("customer", "phases", "start_date"):
        if name not in params:
            raise missing_parameter(name)
    customer = in_param(tx, "customer", params["customer"], param="customer")
    now = tx.now_for(customer["id"])
    start = now if params["start_date"] == "now" else int(params["start_date"])
    schedule = new_schedule(tx.new_id("sub_sched"), customer, now)
    schedule["billing_mode"] = billing_mode(params)
    if "default_settings" in params:
        _set_defaults(tx, schedule, params, customer)
    schedule["phases"] = phases_of_request(tx, params["phases"], customer, start, None)
    if schedule["phases"][0]["end_date"] <= now:
        raise invalid("The first phase must not be over already.", param="phases[0][end_date]")
    schedule["metadata"] = merged(None, params.get("metadata"))
    set_values(schedule, params, ("end_behavior",))
    read_pauses(tx, schedule, params.get("pause_schedules") or [], max(start, now))
    tx.put(schedule, due_at=max(start, now))
    emit(tx, "subscription_schedule.created", schedule)
    if start <= now:
        phases.begin(tx, schedule, now)
        plan(tx, in_path(tx, SCHEDULE, schedule["id"]))
    return in_path(tx, SCHEDULE, schedule["id"])


def schedule_subscription(tx: Transaction, sub: StripeDict, metadata: dict[str, str]) -> StripeDict:
    """Put a running subscription under a schedule whose only phase is what it is now.

    Raises a 400 for a subscription that has ended, is paused or has a schedule.
    """
    if sub["schedule"] is not None:
        raise invalid(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"{sub['id']}. It is attached to {sub['schedule']}.",
            param="from_subscription",
        )
    if sub["status"] in (*records.GONE, "incomplete", "paused"):
        raise invalid(
            f"You cannot create a subscription schedule from a subscription with status `{sub['status']}`.",
            param="from_subscription",
        )
    customer = in_param(tx, "customer", sub["customer"], param="customer")
    schedule = new_schedule(tx.new_id("sub_sched"), customer, tx.now(sub))
    schedule.update(phases=phases_of_subscription(sub), metadata=metadata, billing_mode=sub["billing_mode"])
    schedule["default_settings"] = settings_of_subscription(sub)
    tx.put(schedule, due_at=None)
    phases.attach(tx, schedule, sub)
    emit(tx, "subscription_schedule.created", schedule)
    return schedule


@route("GET", "/v1/subscription_schedules/{id}", params="SubscriptionScheduleRetrieveParams")
def retrieve_schedule(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a schedule."""
    return in_path(tx, SCHEDULE, call.args["id"], param="schedule")


@route("POST", "/v1/subscription_schedules/{id}", params="SubscriptionScheduleUpdateParams")
def update_schedule(tx: Transaction, call: Call) -> StripeDict:
    """Change a schedule's phases; what changes in the current one changes the subscription at once."""
    schedule = in_path(tx, SCHEDULE, call.args["id"], param="schedule")
    refuse_unsupported(call.params, _UNSUPPORTED)
    return change_schedule(tx, schedule, call.params)


def change_schedule(tx: Transaction, schedule: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Set phases, end behaviour and metadata of a schedule that is not over. Raises a 400 for one that is."""
    if schedule["status"] not in ("active", "not_started"):
        raise invalid(
            f"You cannot update a subscription schedule that is currently in the `{schedule['status']}` status."
        )
    before = deepcopy(schedule)
    set_values(schedule, params, ("end_behavior",))
    if "metadata" in params:
        schedule["metadata"] = merged(schedule["metadata"], params["metadata"])
    customer = in_param(tx, "customer", schedule["customer"], param="customer")
    if "default_settings" in params:
        _set_defaults(tx, schedule, params, customer)
    if "phases" in params:
        start = schedule["phases"][0]["start_date"]
        sub = tx.get("subscription", schedule["subscription"]) if schedule["subscription"] else None
        currency = sub["currency"] if sub is not None else None
        schedule["phases"] = phases_of_request(tx, params["phases"], customer, start, currency)
    tx.put(schedule)
    if schedule["subscription"] is None:
        tx.set_due(SCHEDULE, schedule["id"], schedule["phases"][0]["start_date"])
    elif "phases" in params or "default_settings" in params:
        phases.change_phase(tx, before, schedule, params.get("proration_behavior"))
    if "pause_schedules" in params:
        read_pauses(tx, schedule, params["pause_schedules"] or [], tx.now(schedule))
        tx.put(schedule)
        plan(tx, schedule)
        schedule = in_path(tx, SCHEDULE, schedule["id"])
    emit_updated(tx, "subscription_schedule.updated", before, schedule)
    return in_path(tx, SCHEDULE, schedule["id"])


@route("POST", "/v1/subscription_schedules/{id}/release", params="SubscriptionScheduleReleaseParams")
def release_schedule(tx: Transaction, call: Call) -> StripeDict:
    """Release a subscription from its schedule."""
    schedule = _running(tx, call, "release")
    return phases.release(tx, schedule, preserve_cancel_date=call.params.get("preserve_cancel_date", True))


@route("POST", "/v1/subscription_schedules/{id}/cancel", params="SubscriptionScheduleCancelParams")
def cancel_schedule(tx: Transaction, call: Call) -> StripeDict:
    """Cancel a schedule and, at once, its subscription."""
    schedule = _running(tx, call, "cancel")
    if schedule["subscription"] is not None:
        sub = records.subscription(tx, schedule["subscription"])
        cancel_now(
            tx,
            sub,
            {
                "invoice_now": call.params.get("invoice_now", True),
                "prorate": call.params.get("prorate", True),
            },
        )
    else:
        schedule.update(status="canceled", canceled_at=tx.now(schedule))
        tx.put(schedule, due_at=None)
        emit(tx, "subscription_schedule.canceled", schedule)
    return in_path(tx, SCHEDULE, schedule["id"])


@route("GET", "/v1/subscription_schedules", params="SubscriptionScheduleListParams")
def list_schedules(tx: Transaction, call: Call) -> StripeDict:
    """List schedules, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer",))
    if call.params.get("scheduled"):
        where["status"] = "not_started"
    return list_answer(tx, call, SCHEDULE, where)


def _set_defaults(
    tx: Transaction, schedule: StripeDict, params: dict[str, Any], customer: StripeDict
) -> None:
    read_settings(tx, schedule["default_settings"], params["default_settings"], customer, "default_settings")


def _running(tx: Transaction, call: Call, verb: str) -> StripeDict:
    schedule = in_path(tx, SCHEDULE, call.args["id"], param="schedule")
    if schedule["status"] not in ("active", "not_started"):
        raise invalid(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status."
        )
    return schedule
