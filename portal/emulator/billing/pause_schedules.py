"""The planned pause of a schedule (docs.stripe.com/billing/subscriptions/pause/schedules): its JSON, and reading it
from a request. There is one at most.
"""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.periods import Cadence, after
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_values

_PAUSE = "pause_schedules[0][pause]"
_RESUME = "pause_schedules[0][resume]"


def read_pauses(tx: Transaction, schedule: StripeDict, sent: list[dict[str, Any]], now: int) -> None:
    """Set the planned pause of a schedule: a new one, changes of the one with the same key, or none.

    Raises a 400 for several, for one the schedule's subscription cannot make, and for instants that cannot be.
    """
    if len(sent) > 1:
        raise invalid("Only one pause schedule is supported.", param="pause_schedules")
    if not sent:
        schedule["pause_schedules"] = []
        return
    _refuse_unless_pausable(schedule)
    (entry,) = sent
    known = next((found for found in schedule["pause_schedules"] if found["key"] == entry.get("key")), None)
    planned = known or _new_pause(entry.get("key") or tx.new_id("pause"))
    _read_pause(planned, entry, now, known=known is not None)
    _read_resume(planned, entry, now)
    schedule["pause_schedules"] = [planned]


def planned_instants(schedule: StripeDict) -> StripeDict:
    """Give when a schedule's subscription is to pause and to resume, as its notes keep it; None where it is not."""
    planned = schedule["pause_schedules"][0] if schedule["pause_schedules"] else None
    return {
        "pause_at": _instant(planned["pause"], "pause_at") if planned else None,
        "resume_at": _instant(planned["resume"], "resume_at") if planned else None,
    }


def no_instants() -> StripeDict:
    """Give the notes of a subscription with no pause ahead."""
    return {"pause_at": None, "resume_at": None}


def _new_pause(key: str) -> StripeDict:
    return {
        "key": key,
        "pause": {
            "pause_at": None,
            "settings": {
                "bill_for": {
                    "outstanding_usage_through": {"type": "pause_at"},
                    "unused_time_from": {"type": "pause_at"},
                },
                "invoicing_behavior": "pending_invoice_item",
                "type": "subscription",
            },
            "status": _scheduled(),
        },
        "resume": None,
    }


def _read_pause(planned: StripeDict, entry: dict[str, Any], now: int, *, known: bool) -> None:
    pause = planned["pause"]
    sent = entry.get("pause") or {}
    if sent and pause["status"]["type"] != "scheduled":
        raise invalid("The subscription has been paused already.", param=_PAUSE)
    if "pause_at" in sent:
        pause["pause_at"] = _at(sent["pause_at"], now, now, f"{_PAUSE}[pause_at]")
    elif not known:
        raise missing_parameter(f"{_PAUSE}[pause_at]")
    settings = sent.get("settings") or {}
    set_values(pause["settings"], settings, ("invoicing_behavior", "type"))
    bill_for = settings.get("bill_for") or {}
    for name, known_settings in pause["settings"]["bill_for"].items():
        set_values(known_settings, bill_for.get(name) or {}, ("type",))


def _read_resume(planned: StripeDict, entry: dict[str, Any], now: int) -> None:
    if "resume" not in entry:
        return
    if entry["resume"] == "":
        planned["resume"] = None
        return
    sent = entry["resume"]
    resume = planned["resume"] or {
        "resume_at": None,
        "settings": {
            "billing_cycle_anchor": "resume_at",
            "payment_behavior": "resume_on_payment_success",
            "proration_behavior": "create_prorations",
        },
    }
    resume["status"] = _scheduled()
    if "resume_at" in sent:
        resume["resume_at"] = _at(
            sent["resume_at"], now, planned["pause"]["pause_at"], f"{_RESUME}[resume_at]"
        )
    if resume["resume_at"] is None:
        raise missing_parameter(f"{_RESUME}[resume_at]")
    at_once = resume["resume_at"] == now and planned["pause"]["status"]["type"] == "succeeded"
    if resume["resume_at"] <= planned["pause"]["pause_at"] and not at_once:
        raise invalid("The subscription must resume after it pauses.", param=f"{_RESUME}[resume_at]")
    set_values(
        resume["settings"],
        sent.get("settings") or {},
        ("billing_cycle_anchor", "payment_behavior", "proration_behavior"),
    )
    planned["resume"] = resume


def _at(sent: dict[str, Any], now: int, since: int, param: str) -> int:
    """Read an instant: now, a timestamp that is not over, or so long after another instant."""
    kind = sent["type"]
    if kind == "now":
        return now
    if kind not in sent:
        raise missing_parameter(f"{param}[{kind}]")
    if kind == "duration":
        duration = sent["duration"]
        return after(since, Cadence(duration["interval"], max(1, duration.get("interval_count", 1))))
    at = int(sent["timestamp"])
    if at <= now:
        raise invalid("Invalid timestamp: must be in the future.", param=f"{param}[timestamp]")
    return at


def _refuse_unless_pausable(schedule: StripeDict) -> None:
    methods = {phase["collection_method"] for phase in schedule["phases"]}
    methods.add(schedule["default_settings"]["collection_method"])
    if schedule["billing_mode"]["type"] != "flexible" or "send_invoice" in methods:
        raise invalid(
            "Pauses can only be planned in flexible billing mode and with `collection_method` "
            "`charge_automatically` in every phase.",
            param="pause_schedules",
        )


def _scheduled() -> StripeDict:
    return {"error": None, "type": "scheduled"}


def _instant(step: StripeDict | None, name: str) -> int | None:
    return int(step[name]) if step is not None and step["status"]["type"] == "scheduled" else None
