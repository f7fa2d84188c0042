"""Instants and spans that calendars can hold, whichever parameter names one."""

from typing import Any, Final

from portal.emulator.wire.errors import invalid

_INSTANTS: Final = frozenset(
    {
        "backdate_start_date", "billing_cycle_anchor", "created", "due_date", "end", "end_date", "end_time",
        "frozen_time", "gt", "gte", "lt", "lte", "proration_date", "redeem_by", "start", "start_date", "start_time",
        "timestamp", "trial_end",
    }
)  # fmt: skip
# Ten digits reach to the year 2286; more are milliseconds, or nonsense.
_FURTHEST: Final = 9_999_999_999
_LONGEST_SPANS: Final = {"days_until_due": 10_000, "duration_in_months": 1_200, "interval_count": 1_200}


def check_calendar(name: str, value: Any, path: str) -> None:
    """Raise a 400 for a parameter that names an instant or a span beyond all calendars; others pass."""
    if isinstance(value, bool) or not isinstance(value, int):
        return
    if (name in _INSTANTS or name.endswith("_at")) and abs(value) > _FURTHEST:
        raise invalid(
            f"Invalid timestamp: {value}. It must be in seconds since 1970.",
            param=path,
            code="parameter_invalid_integer",
        )
    longest = _LONGEST_SPANS.get(name, value)
    if value > longest:
        raise invalid(f"This value must be at most {longest}.", param=path, code="parameter_invalid_integer")
