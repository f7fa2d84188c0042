"""Subscription schedules: a change that waits for the end of the period, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.gateway.client import Gateway
from portal.gateway.plain import plain
from portal.gateway.subscriptions import Lines
from portal.kit.clock import from_unix

if TYPE_CHECKING:
    from stripe.params import SubscriptionScheduleUpdateParams


def plan_items(gateway: Gateway, subscription: str, later: Lines, *, interval: str, key: str) -> datetime:
    """Let a subscription's items become `later` when its period ends, and return when that is.

    What was planned before is replaced. The phase that runs keeps the items and discounts the subscription has now;
    after one period of the new items the schedule lets go of the subscription, which stays as it then is.
    Raises GatewayRefused.
    """
    live = plain(
        gateway.call(
            "subscriptions.retrieve",
            lambda client: client.v1.subscriptions.retrieve(subscription, {"expand": ["schedule"]}),
            about=subscription,
        )
    )
    schedule = live.get("schedule") or plain(
        gateway.call(
            "subscription_schedules.create",
            lambda client: client.v1.subscription_schedules.create(
                {"from_subscription": subscription}, {"idempotency_key": f"{key}-schedule"}
            ),
            about=subscription,
        )
    )
    running = schedule["current_phase"]
    # Items may be billed in different intervals: what is paid for the longest time is to be used up first.
    ends = max(each["current_period_end"] for each in live["items"]["data"])
    phase = next(each for each in schedule["phases"] if each["start_date"] == running["start_date"])
    now = {
        "items": _items([(each["price"]["id"], each.get("quantity")) for each in live["items"]["data"]]),
        "start_date": running["start_date"],
        "end_date": ends,
        "proration_behavior": "none",
        **_kept(phase),
    }
    if phase.get("trial_end"):
        now["trial_end"] = phase["trial_end"]
    then = {
        "items": _items(later),
        "duration": {"interval": interval, "interval_count": 1},
        "proration_behavior": "none",
        **_kept(phase),
    }
    if interval == "year" and not _has_yearly(live):
        # The year begins with the phase. Counted from the anchor, a part of it would be over already.
        then["billing_cycle_anchor"] = "phase_start"
    params: Any = {"phases": [now, then], "end_behavior": "release", "proration_behavior": "none"}
    _update(gateway, schedule["id"], params, key=f"{key}-phases")
    return from_unix(ends)


def release(gateway: Gateway, schedule: str, *, key: str) -> None:
    """Take back what was planned; the subscription stays as it is. Raises GatewayRefused if the schedule is over."""
    gateway.call(
        "subscription_schedules.release",
        lambda client: client.v1.subscription_schedules.release(
            schedule, {}, {"idempotency_key": f"{key}-release"}
        ),
        about=schedule,
    )


def _update(gateway: Gateway, schedule: str, params: SubscriptionScheduleUpdateParams, *, key: str) -> None:
    gateway.call(
        "subscription_schedules.update",
        lambda client: client.v1.subscription_schedules.update(schedule, params, {"idempotency_key": key}),
        about=schedule,
    )


def _items(lines: Sequence[tuple[str, int | None]]) -> list[dict[str, Any]]:
    return [
        {"price": price} if quantity is None else {"price": price, "quantity": quantity}
        for price, quantity in lines
    ]


def _has_yearly(subscription: dict[str, Any]) -> bool:
    return any(each["price"]["recurring"]["interval"] == "year" for each in subscription["items"]["data"])


def _kept(phase: dict[str, Any]) -> dict[str, Any]:
    """The discounts go on; without them Stripe would bill the next phase without."""
    discounts = [
        {name: value for name, value in each.items() if value is not None}
        for each in phase.get("discounts") or []
    ]
    return {"discounts": discounts} if discounts else {}
