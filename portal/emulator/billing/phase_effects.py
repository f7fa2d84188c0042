"""What a phase makes of its subscription: the parameters with which it is created or updated as the phase begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.emulator.billing.drafting import customer_of
from portal.emulator.billing.schedule_settings import SETTINGS, changed_settings, params_of_settings
from portal.emulator.transaction import StripeDict, Transaction


def first_params(tx: Transaction, schedule: StripeDict, now: int) -> dict[str, Any]:
    """Give the parameters of the subscription with which a schedule begins."""
    phase = schedule["phases"][0]
    params: dict[str, Any] = {
        "items": [_entry(item) for item in phase["items"]],
        "metadata": phase["metadata"],
        "discounts": [_given(discount) for discount in phase["discounts"]],
        "billing_mode": {"type": schedule["billing_mode"]["type"]},
        "currency": phase["currency"],
        **params_of_settings(schedule, phase, SETTINGS),
        **_charges(phase, entering=True),
    }
    if params["collection_method"] == "charge_automatically" and not _has_method(tx, schedule, params):
        params["payment_behavior"] = "default_incomplete"
    if schedule["phases"][0]["start_date"] < now:
        params["backdate_start_date"] = phase["start_date"]
    if phase["trial_end"] is not None and phase["trial_end"] > now:
        params["trial_end"] = phase["trial_end"]
    return params


def phase_params(
    tx: Transaction,
    sub: StripeDict,
    schedule: StripeDict,
    phase: StripeDict,
    *,
    was: StripeDict | None = None,
    settings: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Give the update that makes a subscription what a phase says as it is entered.

    If it `was` another before, it is changed while it runs: what comes with its beginning does not come again, and
    only the `settings` named are set.
    """
    if settings is None:
        settings = changed_settings(_phase_before(schedule, phase), phase)
    params: dict[str, Any] = {
        "items": replacing_entries(sub, phase["items"], was["items"] if was else []),
        "proration_behavior": phase["proration_behavior"],
        "metadata": phase["metadata"],
        **params_of_settings(schedule, phase, settings),
        **_charges(phase, entering=was is None),
    }
    if phase["discounts"] and (was is None or was["discounts"] != phase["discounts"]):
        params["discounts"] = [_given(discount) for discount in phase["discounts"]]
    anchor = phase["billing_cycle_anchor"] or schedule["default_settings"]["billing_cycle_anchor"]
    if anchor == "phase_start" and was is None:
        params["billing_cycle_anchor"] = {"type": "now"}
    if phase["trial_end"] is not None and phase["trial_end"] > tx.now(sub):
        params["trial_end"] = phase["trial_end"]
    return params


def replacing_entries(
    sub: StripeDict, wanted: list[StripeDict], was: list[StripeDict]
) -> list[dict[str, Any]]:
    """Give the `items` of an update that turns a subscription's items into those wanted.

    An item whose price stays keeps its id, and the discounts it has unless others are wanted than there were; of the
    others, items take over new prices of the same usage type in order, what is left over is removed or added.
    """
    known = {item["price"]: item for item in was}
    left = list(sub["items"]["data"])
    entries: list[dict[str, Any]] = []
    fresh = []
    for item in wanted:
        same = next((other for other in left if other["price"]["id"] == item["price"]), None)
        if same is None:
            fresh.append(item)
            continue
        left.remove(same)
        entries.append({"id": same["id"], **_terms(item, known.get(item["price"]))})
    for item in fresh:
        metered = "quantity" not in item
        taken = next(
            (other for other in left if (other["price"]["recurring"]["usage_type"] == "metered") == metered),
            None,
        )
        if taken is not None:
            left.remove(taken)
            entries.append({"id": taken["id"], **_entry(item)})
        else:
            entries.append(_entry(item))
    return entries + [{"id": other["id"], "deleted": True} for other in left]


def _phase_before(schedule: StripeDict, phase: StripeDict) -> StripeDict:
    """Find the phase that ends where another begins; the first one has itself before it."""
    return next(
        (found for found in schedule["phases"] if found["end_date"] == phase["start_date"]),
        phase,
    )


def _charges(phase: StripeDict, *, entering: bool) -> dict[str, Any]:
    """Give the tax rates of a phase, and its one-time charges as it is entered."""
    params: dict[str, Any] = {}
    if phase["default_tax_rates"]:
        params["default_tax_rates"] = [rate["id"] for rate in phase["default_tax_rates"]]
    if phase["add_invoice_items"] and entering:
        params["add_invoice_items"] = [_extra(item) for item in phase["add_invoice_items"]]
    return params


def _entry(item: StripeDict) -> dict[str, Any]:
    return {"price": item["price"], **_terms(item)}


def _terms(item: StripeDict, was: StripeDict | None = None) -> dict[str, Any]:
    terms: dict[str, Any] = {"quantity": item["quantity"]} if "quantity" in item else {}
    if item["discounts"] and (was is None or was["discounts"] != item["discounts"]):
        terms["discounts"] = [_given(discount) for discount in item["discounts"]]
    if item["tax_rates"]:
        terms["tax_rates"] = [rate["id"] for rate in item["tax_rates"]]
    if item["metadata"]:
        terms["metadata"] = item["metadata"]
    return terms


def _extra(item: StripeDict) -> dict[str, Any]:
    """Give a phase's one-time charge as a parameter of its subscription."""
    kept = {name: item[name] for name in ("price", "quantity", "metadata")}
    if item["discountable"] is not None:
        kept["discountable"] = item["discountable"]
    return {
        **kept,
        "discounts": [_given(discount) for discount in item["discounts"]],
        "tax_rates": [rate["id"] for rate in item["tax_rates"]],
    }


def _given(discount: StripeDict) -> StripeDict:
    return {name: value for name, value in discount.items() if value is not None}


def _has_method(tx: Transaction, schedule: StripeDict, params: dict[str, Any]) -> bool:
    customer = customer_of(tx, schedule)
    return bool(params["default_payment_method"] or customer["invoice_settings"]["default_payment_method"])
