"""Reads a batch of usage events as the host product sends it and turns it into rows: shape by msgspec, then what
only the meters and the clock can tell. Pure; one wrong event refuses the whole batch, so that a corrected batch can
be sent again under the same keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal, Inexact
from typing import Annotated, Any

import msgspec

from portal.kit.errors import PortalError

MOST_EVENTS = 1_000
MOST_UNITS = 10**15
"""The largest quantity of one event, in the meter's smallest unit."""
OLDEST = timedelta(days=35)
"""Stripe takes no meter event older than this (docs.stripe.com/api/billing/meter-event/create)."""
AHEAD = timedelta(minutes=5)


class BadBatch(PortalError):
    """The batch was refused and nothing of it stored. `problems` name the events by index (None: the whole)."""

    code = "invalid_usage"
    status = 422
    public_message = "The batch was refused. Nothing was stored."

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems, first: {problems[0]}")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one event, counted from 0."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A meter as ingestion needs it."""

    id: int
    aggregation: str
    scale: int


class SentEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One event as sent. `quantity` is a number or a decimal string; `occurred_at` defaults to now."""

    meter: Annotated[str, msgspec.Meta(max_length=40)]
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    quantity: Any = None
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class SentBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The body of a request."""

    events: Annotated[list[SentEvent], msgspec.Meta(max_length=MOST_EVENTS)]


class Row(msgspec.Struct, gc=False):
    """One row for the database: meter id, key, quantity in the meter's smallest unit, instant in whatever zone."""

    m: int
    k: str
    q: int
    t: datetime


# Numbers with a fraction are read as decimals, not floats: 0.1 stays 0.1.
_decoder = msgspec.json.Decoder(SentBatch, float_hook=Decimal)
_PLACE = re.compile(r" - at `\$\.events\[(\d+)\](?:\.(\w+))?.*`\Z")
_EXACT = Context(prec=100, traps=[Inexact])
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?\Z")


def decode(body: bytes) -> list[SentEvent]:
    """Parse a request's body: {"events": [{"meter", "quantity", "idempotency_key", "occurred_at"}]}.

    Raises BadBatch naming the first event of the wrong shape.
    """
    try:
        return _decoder.decode(body).events
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = str(error)
        place = _PLACE.search(text)
        if place is None:
            raise BadBatch([Problem(None, text)]) from error
        reason = text[: place.start()]
        field = f"{place[2]}: " if place[2] else ""
        raise BadBatch([Problem(int(place[1]), field + reason)]) from error


def rows(events: list[SentEvent], meters: Mapping[str, KnownMeter], now: datetime) -> list[Row]:
    """Check the events against the meters (by key) and the tenant's clock and return their rows.

    Raises BadBatch with every event that names an unknown meter, is negative or not a number, has more decimals
    than its meter keeps, is too large, too old (35 days) or more than 5 minutes in the future.
    """
    oldest, newest = now - OLDEST, now + AHEAD
    found: list[Row] = []
    problems: list[Problem] = []
    for index, event in enumerate(events):
        meter = meters.get(event.meter)
        if meter is None:
            problems.append(Problem(index, "meter: unknown"))
            continue
        quantity = event.quantity
        if type(quantity) is int and meter.scale == 0 and meter.aggregation != "count":
            units = quantity
        else:
            try:
                units = _units(quantity, meter)
            except ValueError as error:
                problems.append(Problem(index, f"quantity: {error}"))
                continue
        at = event.occurred_at
        reason = None
        if not 0 <= units <= MOST_UNITS:
            reason = "quantity: must not be negative" if units < 0 else "quantity: too large"
        elif at is not None and not oldest <= at <= newest:
            reason = f"occurred_at: must be {'within the last 35 days' if at < oldest else 'in the past'}"
        elif "\0" in event.idempotency_key:
            reason = "idempotency_key: must not contain NUL"
        if reason is not None:
            problems.append(Problem(index, reason))
            continue
        found.append(Row(meter.id, event.idempotency_key, units, now if at is None else at))
    if problems:
        raise BadBatch(problems)
    return found


def _units(quantity: object, meter: KnownMeter) -> int:
    """Turn a sent quantity into the meter's smallest units. Raises ValueError with the reason."""
    if meter.aggregation == "count":
        if quantity is not None and quantity != 1:
            raise ValueError("this meter counts events; leave it out or send 1")
        return int(10**meter.scale)
    if quantity is None:
        raise ValueError("missing")
    if isinstance(quantity, str):
        if not _DECIMAL.match(quantity.removeprefix("-")):
            raise ValueError("not a decimal number")
        quantity = Decimal(quantity)
    if isinstance(quantity, bool) or not isinstance(quantity, int | Decimal):
        raise ValueError("not a number")
    if quantity < 0:
        raise ValueError("must not be negative")
    if quantity > MOST_UNITS:
        raise ValueError("too large")
    try:
        units = _EXACT.scaleb(Decimal(quantity), meter.scale)
    except Inexact as error:
        raise ValueError("too many digits") from error
    if units != units.to_integral_value(context=_EXACT):
        raise ValueError(f"more than {meter.scale} decimals")
    return int(units)
