"""The JSON of schedules and their phases, and reading phases from a request."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.attributes import own_method
from portal.emulator.billing.item_change import price_of_entry, refuse_unaligned
from portal.emulator.billing.periods import Cadence, after
from portal.emulator.billing.redemption import usable_code, usable_coupon
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.subscription_shape import cadence_of, flexible_mode
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.metadata import merged

_UNSUPPORTED = (
    "add_invoice_items",
    "application_fee_percent",
    "automatic_tax",
    "billing_thresholds",
    "collection_method",
    "default_tax_rates",
    "invoice_settings",
    "on_behalf_of",
    "transfer_data",
)
_UNSUPPORTED_IN_ITEMS = ("billing_thresholds", "discounts", "tax_rates")


def new_schedule(schedule_id: str, customer: StripeDict, now: int) -> StripeDict:
    """Make a schedule without phases that has not started."""
    return {
        "id": schedule_id,
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": flexible_mode(),
        "canceled_at": None,
        "completed_at": None,
        "created": now,
        "current_phase": None,
        "customer": customer["id"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": "charge_automatically",
            "default_payment_method": None,
            "description": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "days_until_due": None,
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": [],
        "released_at": None,
        "released_subscription": None,
        "status": "not_started",
        "subscription": None,
        "test_clock": customer["test_clock"],
    }


def new_phase(currency: str, items: list[StripeDict], start: int, end: int) -> StripeDict:
    """Make a phase that only says which items hold from when to when."""
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "automatic_tax": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
    }


def phase_item(price_id: str, quantity: int | None, metadata: dict[str, str] | None = None) -> StripeDict:
    """Make an item of a phase; metered items carry no quantity."""
    item: StripeDict = {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": metadata or {},
        "plan": price_id,
        "price": price_id,
        "tax_rates": [],
    }
    if quantity is not None:
        item["quantity"] = quantity
    return item


def phases_of_subscription(sub: StripeDict) -> list[StripeDict]:
    """Describe a subscription as it is, until everything it has paid for is over, as a schedule's first phase."""
    items = [
        phase_item(item["price"]["id"], item.get("quantity"), dict(item["metadata"]))
        for item in sub["items"]["data"]
    ]
    start = min(item["current_period_start"] for item in sub["items"]["data"])
    end = max(item["current_period_end"] for item in sub["items"]["data"])
    phase = new_phase(sub["currency"], items, start, end)
    phase["discounts"] = [_discount(discount=discount_id) for discount_id in sub["discounts"]]
    if sub["status"] == "trialing":
        phase["trial_end"] = sub["trial_end"]
    return [phase]


def phases_of_request(
    tx: Transaction, sent: list[dict[str, Any]], customer: StripeDict, start: int
) -> list[StripeDict]:
    """Read the phases of a request, each beginning where the one before ends.

    Raises a 400 for phases without items, ends before their start, or a start that leaves a gap.
    """
    phases: list[StripeDict] = []
    for index, entry in enumerate(sent):
        param = f"phases[{index}]"
        for name in _UNSUPPORTED:
            if entry.get(name):
                raise invalid(f"The emulator does not imitate `{name}` in phases.", param=f"{param}[{name}]")
        wanted = entry.get("start_date")
        if isinstance(wanted, int) and wanted != start:
            if index > 0:
                raise invalid(
                    "The start date of a phase must be the end date of the one before.",
                    param=f"{param}[start_date]",
                )
            start = wanted
        phase = _phase(tx, entry, customer, start, param)
        phases.append(phase)
        start = phase["end_date"]
    return phases


def _phase(
    tx: Transaction, entry: dict[str, Any], customer: StripeDict, start: int, param: str
) -> StripeDict:
    if not entry.get("items"):
        raise missing_parameter(f"{param}[items]")
    items, cadences, currency = [], [], ""
    for number, sent in enumerate(entry["items"]):
        where = f"{param}[items][{number}]"
        refuse_unsupported(sent, _UNSUPPORTED_IN_ITEMS, within=where)
        price = price_of_entry(tx, sent, where)
        if price is None:
            raise missing_parameter(f"{where}[price]")
        cadences.append(cadence_of(price))
        currency = currency or price["currency"]
        metered = price["recurring"]["usage_type"] == "metered"
        quantity = None if metered else sent.get("quantity", 1)
        items.append(phase_item(price["id"], quantity, merged(None, sent.get("metadata"))))
    refuse_unaligned(cadences, f"{param}[items]")
    longest = max(cadences, key=lambda cadence: cadence.days)
    phase = new_phase(currency, items, start, _end(entry, start, longest, param))
    phase["proration_behavior"] = entry.get("proration_behavior", "create_prorations")
    phase["metadata"] = merged(None, entry.get("metadata"))
    phase["description"] = entry.get("description") or None
    phase["billing_cycle_anchor"] = entry.get("billing_cycle_anchor")
    phase["default_payment_method"] = own_method(tx, entry.get("default_payment_method"), customer)
    phase["discounts"] = [
        _checked_discount(tx, found, customer, param) for found in entry.get("discounts") or []
    ]
    if entry.get("trial"):
        phase["trial_end"] = phase["end_date"]
    elif "trial_end" in entry:
        phase["trial_end"] = start if entry["trial_end"] == "now" else entry["trial_end"]
    return phase


def _end(entry: dict[str, Any], start: int, cadence: Cadence, param: str) -> int:
    if "end_date" in entry and "duration" in entry:
        raise exclusive_parameters(f"{param}[end_date]", f"{param}[duration]")
    if isinstance(entry.get("end_date"), int):
        end = int(entry["end_date"])
    elif "duration" in entry:
        duration = entry["duration"]
        end = after(start, Cadence(duration["interval"], duration.get("interval_count", 1)))
    else:
        end = after(start, cadence)
    if end <= start:
        raise invalid("The end date of a phase must be after its start date.", param=f"{param}[end_date]")
    return end


def _checked_discount(tx: Transaction, entry: dict[str, Any], customer: StripeDict, param: str) -> StripeDict:
    now = tx.now_for(customer["id"])
    if "coupon" in entry:
        usable_coupon(tx, entry["coupon"], now, param=f"{param}[discounts]")
    if "promotion_code" in entry:
        usable_code(tx, entry["promotion_code"], customer, now, param=f"{param}[discounts]")
    return _discount(**entry)


def _discount(
    coupon: str | None = None, discount: str | None = None, promotion_code: str | None = None
) -> StripeDict:
    return {"coupon": coupon, "discount": discount, "promotion_code": promotion_code}
