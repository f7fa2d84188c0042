"""Changes of a plan that the Customer Portal puts off to the period's end: a subscription schedule with two phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.emulator.billing import phases, tiers
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.subscription_shape import cadence_of
from portal.emulator.resources.subscription_schedules import SCHEDULE, change_schedule, schedule_subscription
from portal.emulator.transaction import StripeDict, Transaction


@dataclass(frozen=True)
class Planned:
    """What a subscription becomes, and when. `withdrawable`: the customer planned it and may take it back."""

    at: int
    name: str
    withdrawable: bool


def is_put_off(tx: Transaction, sub: StripeDict, wanted: StripeDict, conditions: list[StripeDict]) -> bool:
    """Say whether a change of one item waits for the period's end: it costs less, or is billed more often."""
    if sub["status"] == "trialing":
        return False
    kinds = {condition["type"] for condition in conditions}
    item = next(item for item in sub["items"]["data"] if item["id"] == wanted["id"])
    price = tx.get("price", wanted.get("price", item["price"]["id"]))
    assert price is not None, wanted
    old = tiers.amount(full_price(tx, item["price"], sub["currency"]), item["quantity"])
    new = tiers.amount(full_price(tx, price, sub["currency"]), wanted.get("quantity", item["quantity"]))
    shorter = cadence_of(price).days < cadence_of(item["price"]).days
    return ("decreasing_item_amount" in kinds and new < old) or ("shortening_interval" in kinds and shorter)


def plan_change(
    tx: Transaction, sub: StripeDict, wanted: StripeDict, discounts: list[StripeDict] | None
) -> None:
    """Let the change of one item happen when everything that is paid for is over. Raises a 400 if that cannot be."""
    schedule = schedule_subscription(tx, sub, {})
    (phase,) = schedule["phases"]
    kept = [{"discount": discount_id} for discount_id in sub["discounts"]]
    now = [_entry(item) for item in sub["items"]["data"]]
    then = [
        _changed(item, wanted) if item["id"] == wanted["id"] else _entry(item)
        for item in sub["items"]["data"]
    ]
    sent: list[dict[str, Any]] = [
        {"items": now, "start_date": phase["start_date"], "end_date": phase["end_date"], "discounts": kept},
        {"items": then, "proration_behavior": "none", "discounts": kept if discounts is None else discounts},
    ]
    planned = change_schedule(tx, schedule, {"phases": sent})
    tx.put(planned, private={**tx.private(SCHEDULE, planned["id"]), "by_customer": True})


def planned_change(tx: Transaction, sub: StripeDict) -> Planned | None:
    """Return what the schedule of a subscription makes of it next, if that is another plan."""
    schedule = tx.get(SCHEDULE, sub["schedule"] or "")
    current = schedule["current_phase"] if schedule else None
    if schedule is None or current is None:
        return None
    following = [phase for phase in schedule["phases"] if phase["start_date"] >= current["end_date"]]
    if not following:
        return None
    names = []
    for item in following[0]["items"]:
        price = tx.get("price", item["price"])
        assert price is not None, item["price"]
        quantity = item.get("quantity") or 1
        names.append(product_name(tx, price) + (f" × {quantity:,}" if quantity > 1 else ""))
    by_customer = bool(tx.private(SCHEDULE, schedule["id"]).get("by_customer"))
    return Planned(following[0]["start_date"], " and ".join(names), by_customer)


def withdraw_change(tx: Transaction, sub: StripeDict) -> None:
    """Take back what the customer planned; nothing happens where they planned nothing."""
    schedule = tx.get(SCHEDULE, sub["schedule"] or "")
    if schedule is not None and tx.private(SCHEDULE, schedule["id"]).get("by_customer"):
        phases.release(tx, schedule)


def _entry(item: StripeDict) -> dict[str, Any]:
    entry: dict[str, Any] = {"agreed_price": item["price"]["id"], "metadata": dict(item["metadata"])}
    if "quantity" in item:
        entry["quantity"] = item["quantity"]
    return entry


def _changed(item: StripeDict, wanted: StripeDict) -> dict[str, Any]:
    entry = _entry(item)
    if "price" in wanted:
        del entry["agreed_price"]
    entry.update({name: wanted[name] for name in ("price", "quantity") if name in wanted})
    return entry
