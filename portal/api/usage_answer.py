"""The answer to "what was used": the query's parameters read strictly, and totals per meter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.customers.queries import billing_now
from portal.kit.errors import PortalError
from portal.subscriptions.queries import current_subscription
from portal.usage.period import Period, period_of
from portal.usage.totals import totals

LONGEST = timedelta(days=400)


class BadQuery(PortalError):
    """A parameter of the query is missing, unknown or wrong."""

    code = "invalid_query"
    status = 422
    public_message = "A parameter is wrong."


def usage_answer(tenant_id: int, query: Mapping[str, str]) -> dict[str, Any]:
    """Return {"from", "to", "meters": [{"meter", "quantity", "events"}]}; quantities are decimal strings in units.

    `from` and `to` are full hours as ISO 8601 with a zone, or dates (midnight UTC); by default the billing period.
    Raises BadQuery for anything else, an unknown meter, and more than 400 days.
    """
    for name in query:
        if name not in ("meter", "from", "to"):
            raise BadQuery(public_message=f"{name}: unknown parameter. Known are meter, from and to.")
    period = _period(tenant_id, query)
    found = [
        {"meter": each.meter.key, "quantity": f"{each.quantity:f}", "events": each.events}
        for each in totals(tenant_id, period.start, period.end)
        if query.get("meter") in (None, each.meter.key)
    ]
    if not found and "meter" in query:
        raise BadQuery(public_message="meter: unknown.")
    return {"from": period.start.isoformat(), "to": period.end.isoformat(), "meters": found}


def _period(tenant_id: int, query: Mapping[str, str]) -> Period:
    current = period_of(current_subscription(tenant_id), billing_now(tenant_id))
    start = _hour("from", query["from"]) if "from" in query else current.start
    end = _hour("to", query["to"]) if "to" in query else current.end
    if not start < end <= start + LONGEST:
        raise BadQuery(public_message="from must be before to, and they may be 400 days apart at most.")
    return Period(start, end, is_billing=False)


def _hour(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if len(text) == len("2026-11-22"):
            at = at.replace(tzinfo=UTC)
        at = at.astimezone(UTC) if at.tzinfo is not None else at
    except (ValueError, OverflowError) as error:
        raise BadQuery(public_message=f"{name}: not a date or time in ISO 8601.") from error
    if at.tzinfo is None:
        raise BadQuery(public_message=f"{name}: a time needs its zone, such as Z or +01:00.")
    if (at.minute, at.second, at.microsecond) != (0, 0, 0):
        raise BadQuery(public_message=f"{name}: must be a full hour (UTC).")
    return at
