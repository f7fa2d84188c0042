"""The first periods of a subscription: where its cycle is anchored, and what it is charged for from its start."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.lines import licensed_lines, metered_lines
from portal.emulator.billing.periods import Period, after, first_anchor
from portal.emulator.billing.prorating import debit_item
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, period_in_cycle
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid

_MOST_LINES = 250
_CONFIG_RANGES = {
    "day_of_month": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "month": (1, 12),
    "second": (0, 59),
}


def place_in_cycle(
    tx: Transaction, sub: StripeDict, notes: StripeDict, params: dict[str, Any], now: int
) -> list[StripeDict]:
    """Anchor a subscription without a trial, set its items' periods, and give the lines of its first invoice.

    Every period since its start has its own; one that is not whole, as up to an anchor in the future, becomes a
    pending invoice item. Raises a 400 for an anchor that cannot be, and for a start too long ago.
    """
    sub["billing_cycle_anchor"] = _anchor(sub, params, now)
    prorate = params.get("proration_behavior", "create_prorations") != "none"
    lines = [
        line for item in sub["items"]["data"] for line in _first_lines(tx, sub, notes, item, prorate, now)
    ]
    if len(lines) > _MOST_LINES:
        raise invalid(
            f"The subscription cannot be backdated: its invoice would have more than {_MOST_LINES} lines.",
            param="backdate_start_date",
        )
    return lines


def _first_lines(
    tx: Transaction, sub: StripeDict, notes: StripeDict, item: StripeDict, prorate: bool, now: int
) -> list[StripeDict]:
    lines: list[StripeDict] = []
    cadence, began = cadence_of(item["price"]), sub["start_date"]
    period = period_in_cycle(sub, cadence, began)
    while True:
        start = max(period.start, began)
        item.update(current_period_start=period.start, current_period_end=period.end)
        if is_metered(item):
            lines += _past_usage(tx, sub, item, Period(start, period.end), now)
        elif start == period.start:
            lines += licensed_lines(tx, sub, item, period)
        elif prorate:
            debit_item(tx, sub, item, notes, start)
        if now < period.end:
            break
        period = period_in_cycle(sub, cadence, period.end)
    if is_metered(item) and sub["billing_mode"]["type"] == "classic":
        start = began
    item["current_period_start"] = start
    return lines


def _past_usage(
    tx: Transaction, sub: StripeDict, item: StripeDict, period: Period, now: int
) -> list[StripeDict]:
    """Bill the usage of a period before the subscription was made; in classic mode the first renewal does."""
    if period.end > now or sub["billing_mode"]["type"] == "classic":
        return []
    return [line for line in metered_lines(tx, sub, item, period) if line["amount"] != 0]


def _anchor(sub: StripeDict, params: dict[str, Any], now: int) -> int:
    if "billing_cycle_anchor" in params and "billing_cycle_anchor_config" in params:
        raise exclusive_parameters("billing_cycle_anchor", "billing_cycle_anchor_config")
    if "billing_cycle_anchor_config" in params:
        sub["billing_cycle_anchor_config"] = _config(params["billing_cycle_anchor_config"])
        return first_anchor(now, sub["billing_cycle_anchor_config"])
    if "billing_cycle_anchor" not in params:
        return int(sub["start_date"])
    anchor = int(params["billing_cycle_anchor"])
    if anchor < now:
        raise invalid("billing_cycle_anchor must be in the future.", param="billing_cycle_anchor")
    natural = max(after(now, cadence_of(item["price"])) for item in sub["items"]["data"])
    if anchor > natural:
        raise invalid(
            f"billing_cycle_anchor cannot be later than next natural billing date ({natural}) for plan",
            param="billing_cycle_anchor",
        )
    return anchor


def _config(sent: dict[str, Any]) -> StripeDict:
    config: StripeDict = {name: sent.get(name) for name in _CONFIG_RANGES}
    for name, (lowest, highest) in _CONFIG_RANGES.items():
        if config[name] is not None and not lowest <= config[name] <= highest:
            raise invalid(
                f"Invalid {name}: must be between {lowest} and {highest}.",
                param=f"billing_cycle_anchor_config[{name}]",
                code="parameter_invalid_integer",
            )
    return config
