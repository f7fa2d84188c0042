"""Usage as meters count it: one record per meter event, aggregated by the meter's formula over any stretch of time.

Records are the engine's own objects (`usage`), created at the event's timestamp so that the store's index by
customer and time finds a period without reading the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from portal.emulator.billing.due import DAY, HOUR
from portal.emulator.billing.periods import Period
from portal.emulator.transaction import StripeDict, Transaction

WINDOWS = {"hour": HOUR, "day": DAY}


def record(
    tx: Transaction, meter: StripeDict, customer_id: str, identifier: str, value: str, at: int, now: int
) -> None:
    """Count one event. An older one of the same identifier, which may be used again after a day, stays counted."""
    record_id = _record_id(meter, identifier)
    older = tx.get("usage", record_id)
    if older is not None:
        tx.delete("usage", record_id)
        tx.put({**older, "id": f"{record_id}@{older['recorded_at']}"})
    tx.put(
        {
            "object": "usage",
            "id": record_id,
            "created": at,
            "customer": customer_id,
            "meter": meter["id"],
            "value": value,
            "recorded_at": now,
            "status": "counted",
        }
    )


def known(tx: Transaction, meter: StripeDict, identifier: str, since: int) -> bool:
    """Say whether an event with this identifier was reported since an instant."""
    found = tx.get("usage", _record_id(meter, identifier))
    return found is not None and found["recorded_at"] > since


def take_back(tx: Transaction, meter: StripeDict, identifier: str, within: int) -> bool:
    """Uncount the event with this identifier if it was reported within so many seconds; say whether it was."""
    found = tx.get("usage", _record_id(meter, identifier))
    if found is None or found["recorded_at"] <= tx.now_for(found["customer"]) - within:
        return False
    found["status"] = "canceled"
    tx.put(found)
    return True


def _record_id(meter: StripeDict, identifier: str) -> str:
    return f"{meter['event_name']}/{identifier}"


def usage_of(tx: Transaction, meter_id: str, customer_id: str, period: Period) -> Fraction:
    """Aggregate a customer's usage within a period, exactly."""
    meter = tx.get("billing.meter", meter_id)
    assert meter is not None, meter_id
    return aggregate(meter, _records(tx, meter_id, customer_id, period))


def usage_by_window(
    tx: Transaction, meter: StripeDict, customer_id: str, period: Period, seconds: int
) -> Iterator[tuple[Period, Fraction]]:
    """Aggregate a customer's usage per window of so many seconds; windows without events are left out."""
    windows: dict[int, list[StripeDict]] = {}
    for found in _records(tx, meter["id"], customer_id, period):
        windows.setdefault(found["created"] // seconds, []).append(found)
    for index, found_in in sorted(windows.items()):
        yield Period(index * seconds, (index + 1) * seconds), aggregate(meter, found_in)


def aggregate(meter: StripeDict, records: Iterable[StripeDict]) -> Fraction:
    """Apply a meter's formula to records in order of time.

    With an event_time_window, only the last event of each hour or day counts: Stripe aggregates such a meter's
    events in advance and the last one in the window wins.
    """
    ordered = sorted(records, key=lambda found: (found["created"], found["recorded_at"]))
    window = meter["event_time_window"]
    if window is not None:
        ordered = list({found["created"] // WINDOWS[window]: found for found in ordered}.values())
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Fraction(len(ordered))
    values = [Fraction(Decimal(found["value"])) for found in ordered]
    if formula == "last":
        return values[-1] if values else Fraction(0)
    return sum(values, Fraction(0))


def _records(tx: Transaction, meter_id: str, customer_id: str, period: Period) -> list[StripeDict]:
    return tx.all(
        "usage",
        {"customer": customer_id, "meter": meter_id, "status": "counted"},
        created={"gte": period.start, "lt": period.end},
    )
