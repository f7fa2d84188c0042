"""The JSON of schedules and their phases, and reading phases from a request."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.extra_items import one_time_price
from portal.emulator.billing.item_change import price_of_entry, refuse_unaligned
from portal.emulator.billing.periods import Cadence, after
from portal.emulator.billing.prices import supports
from portal.emulator.billing.redemption import usable_code, usable_coupon
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.schedule_settings import no_settings, read_settings
from portal.emulator.billing.subscription_shape import cadence_of, flexible_mode
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.metadata import merged

_UNSUPPORTED_IN_ITEMS = ("billing_thresholds",)
_WHOLE_PERIOD: StripeDict = {
    "end": {"timestamp": None, "type": "min_item_period_end"},
    "start": {"timestamp": None, "type": "max_item_period_start"},
}


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
        "default_settings": no_settings(),
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
    items = []
    for item in sub["items"]["data"]:
        described = phase_item(item["price"]["id"], item.get("quantity"), dict(item["metadata"]))
        described["discounts"] = [_discount(discount=discount_id) for discount_id in item["discounts"]]
        described["tax_rates"] = list(item["tax_rates"])
        items.append(described)
    start = min(item["current_period_start"] for item in sub["items"]["data"])
    end = max(item["current_period_end"] for item in sub["items"]["data"])
    phase = new_phase(sub["currency"], items, start, end)
    phase["discounts"] = [_discount(discount=discount_id) for discount_id in sub["discounts"]]
    phase["default_tax_rates"] = list(sub["default_tax_rates"])
    if sub["status"] == "trialing":
        phase["trial_end"] = sub["trial_end"]
    return [phase]


def phases_of_request(
    tx: Transaction,
    sent: list[dict[str, Any]],
    customer: StripeDict,
    start: int,
    currency: str | None,
) -> list[StripeDict]:
    """Read the phases of a request, each beginning where the one before ends; all in the currency given, or else in
    that of the first.

    Raises a 400 for phases without items or in another currency, ends before their start, or a start that leaves a gap.
    """
    phases: list[StripeDict] = []
    for index, entry in enumerate(sent):
        param = f"phases[{index}]"
        wanted = entry.get("start_date")
        if isinstance(wanted, int) and wanted != start:
            if index > 0:
                raise invalid(
                    "The start date of a phase must be the end date of the one before.",
                    param=f"{param}[start_date]",
                )
            start = wanted
        phase = _phase(tx, entry, customer, start, currency, param)
        phases.append(phase)
        start, currency = phase["end_date"], phase["currency"]
    return phases


def _phase(
    tx: Transaction, entry: dict[str, Any], customer: StripeDict, start: int, currency: str | None, param: str
) -> StripeDict:
    if not entry.get("items"):
        raise missing_parameter(f"{param}[items]")
    asked = entry["currency"].lower() if "currency" in entry else None
    if currency is not None and asked not in (None, currency):
        raise invalid(
            f"All phases must be in one currency, which is `{currency}`.", param=f"{param}[currency]"
        )
    currency = currency or asked
    items: list[StripeDict] = []
    cadences: list[Cadence] = []
    for number, sent in enumerate(entry["items"]):
        where = f"{param}[items][{number}]"
        refuse_unsupported(sent, _UNSUPPORTED_IN_ITEMS, within=where)
        price = price_of_entry(tx, sent, where)
        if price is None:
            raise missing_parameter(f"{where}[price]")
        currency = currency or price["currency"]
        if not supports(tx, price, currency):
            raise invalid(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected "
                f"currency: `{currency}`.",
                param=f"{where}[price]",
            )
        if price["id"] in [item["price"] for item in items]:
            raise invalid(
                f"Cannot add multiple subscription items with the same price: {price['id']}.",
                param=f"{where}[price]",
            )
        cadences.append(cadence_of(price))
        items.append(_item(tx, sent, price, customer, where))
    assert currency is not None, param
    refuse_unaligned(cadences, f"{param}[items]")
    longest = max(cadences, key=lambda cadence: cadence.days)
    phase = new_phase(currency, items, start, _end(entry, start, longest, param))
    phase["proration_behavior"] = entry.get("proration_behavior", "create_prorations")
    phase["metadata"] = merged(None, entry.get("metadata"))
    read_settings(tx, phase, entry, customer, param)
    phase["default_tax_rates"] = _rates(tx, entry, "default_tax_rates", param)
    phase["discounts"] = _discounts(tx, entry, customer, param)
    phase["add_invoice_items"] = [
        _extra(tx, sent, customer, f"{param}[add_invoice_items][{number}]")
        for number, sent in enumerate(entry.get("add_invoice_items") or [])
    ]
    phase["trial_end"] = _trial_end(entry, phase, param)
    if phase["trial_end"] is not None and phase["billing_cycle_anchor"] == "phase_start":
        raise invalid(
            "`billing_cycle_anchor` cannot be `phase_start` in a phase with a trial.",
            param=f"{param}[billing_cycle_anchor]",
        )
    return phase


def _trial_end(entry: dict[str, Any], phase: StripeDict, param: str) -> int | None:
    if entry.get("trial") and "trial_end" in entry:
        raise exclusive_parameters(f"{param}[trial]", f"{param}[trial_end]")
    if entry.get("trial"):
        return int(phase["end_date"])
    if "trial_end" not in entry:
        return None
    end = int(phase["start_date"] if entry["trial_end"] == "now" else entry["trial_end"])
    if end > phase["end_date"]:
        raise invalid("The trial of a phase must end with it or before.", param=f"{param}[trial_end]")
    return end


def _end(entry: dict[str, Any], start: int, cadence: Cadence, param: str) -> int:
    if "end_date" in entry and "duration" in entry:
        raise exclusive_parameters(f"{param}[end_date]", f"{param}[duration]")
    if isinstance(entry.get("end_date"), int):
        end = int(entry["end_date"])
    elif "duration" in entry:
        duration = entry["duration"]
        if duration.get("interval_count", 1) < 1:
            raise invalid(
                "Invalid positive integer",
                param=f"{param}[duration][interval_count]",
                code="parameter_invalid_integer",
            )
        end = after(start, Cadence(duration["interval"], duration.get("interval_count", 1)))
    else:
        end = after(start, cadence)
    if end <= start:
        raise invalid("The end date of a phase must be after its start date.", param=f"{param}[end_date]")
    return end


def _item(
    tx: Transaction, sent: dict[str, Any], price: StripeDict, customer: StripeDict, param: str
) -> StripeDict:
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in sent:
        raise invalid(
            "You cannot set a quantity on an item with a metered price: its usage comes from the meter.",
            param=f"{param}[quantity]",
        )
    quantity = None if metered else _quantity(sent, param)
    item = phase_item(price["id"], quantity, merged(None, sent.get("metadata")))
    item["discounts"] = _discounts(tx, sent, customer, param)
    item["tax_rates"] = _rates(tx, sent, "tax_rates", param)
    return item


def _extra(tx: Transaction, sent: dict[str, Any], customer: StripeDict, param: str) -> StripeDict:
    """Read a one-time charge that comes with a phase."""
    refuse_unsupported(sent, ("period",), within=param)
    return {
        "discountable": sent.get("discountable"),
        "discounts": _discounts(tx, sent, customer, param),
        "metadata": merged(None, sent.get("metadata")),
        "period": _WHOLE_PERIOD,
        "price": one_time_price(tx, sent, param)["id"],
        "quantity": _quantity(sent, param),
        "tax_rates": _rates(tx, sent, "tax_rates", param),
    }


def _quantity(sent: dict[str, Any], param: str) -> int:
    quantity: int = sent.get("quantity", 1)
    if quantity < 0:
        raise invalid(
            "Invalid quantity: must be 0 or more",
            param=f"{param}[quantity]",
            code="parameter_invalid_integer",
        )
    return quantity


def _rates(tx: Transaction, sent: dict[str, Any], name: str, param: str) -> list[StripeDict]:
    return chosen_rates(tx, sent.get(name) or [], param=f"{param}[{name}]")


def _discounts(tx: Transaction, sent: dict[str, Any], customer: StripeDict, param: str) -> list[StripeDict]:
    now = tx.now_for(customer["id"])
    found = []
    for index, entry in enumerate(sent.get("discounts") or []):
        where = f"{param}[discounts][{index}]"
        if "coupon" in entry:
            usable_coupon(tx, entry["coupon"], now, param=f"{where}[coupon]")
        if "promotion_code" in entry:
            usable_code(tx, entry["promotion_code"], customer, now, param=f"{where}[promotion_code]")
        found.append(_discount(**entry))
    return found


def _discount(
    coupon: str | None = None, discount: str | None = None, promotion_code: str | None = None
) -> StripeDict:
    return {"coupon": coupon, "discount": discount, "promotion_code": promotion_code}
