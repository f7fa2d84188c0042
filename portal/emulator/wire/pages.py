"""Lists: cursors, limits, and the `url` from which a client fetches the next page."""

from collections.abc import Mapping
from urllib.parse import urlencode

from portal.emulator.conditions import Where
from portal.emulator.living_setting import clocks_live
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.routes import Call

_LARGEST_PAGE = 100
# A list of what belongs to one of these is whole. A list of everything leaves out what lives under test clocks.
_OWNERS = frozenset(
    {
        "charge", "customer", "invoice", "payment.payment_intent", "payment_intent", "subscription", "test_clock",
    }
)  # fmt: skip


def list_answer(tx: Transaction, call: Call, object_type: str, where: Where | None = None) -> StripeDict:
    """Return one page of what matches, newest first, by the call's limit, cursors and `created`.

    Raises a 400 for a limit outside 1..100, for both cursors at once, and for a cursor nothing has.
    """
    params = call.params
    limit, after, before = page_bounds(params)
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor is not None:
            in_param(tx, object_type, cursor, param=name)
    page = tx.list(
        object_type,
        _without_test_clocks(tx, where or {}),
        created=params.get("created"),
        limit=limit,
        starting_after=after,
        ending_before=before,
    )
    return list_of(page.items, call.path, has_more=page.has_more)


def _without_test_clocks(tx: Transaction, where: Where) -> Where:
    # Where everybody has a clock, nobody is left out.
    whole = where.keys() & _OWNERS or clocks_live(tx)
    return where if whole else {**where, "test_clock": None}


def page_of(call: Call, items: Objects) -> StripeDict:
    """Return one page of a list that is not read from the store as it is, by the call's limit and cursors."""
    limit, after, before = page_bounds(call.params)
    ids = [item["id"] for item in items]
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor is not None and cursor not in ids:
            raise invalid(f"No such object: '{cursor}'", param=name, code="resource_missing")
    if before is not None:
        earlier = items[: ids.index(before)]
        return list_of(earlier[-limit:], call.path, has_more=len(earlier) > limit)
    rest = items[ids.index(after) + 1 :] if after is not None else items
    return list_of(rest[:limit], call.path, has_more=len(rest) > limit)


def page_bounds(params: Mapping[str, object]) -> tuple[int, str | None, str | None]:
    """Return limit, starting_after and ending_before, checked against each other."""
    limit, after, before = params.get("limit", 10), params.get("starting_after"), params.get("ending_before")
    if not isinstance(limit, int) or not 1 <= limit <= _LARGEST_PAGE:
        raise invalid(
            "Invalid limit: must be between 1 and 100.", param="limit", code="parameter_invalid_integer"
        )
    if after is not None and before is not None:
        raise exclusive_parameters("starting_after", "ending_before")
    return limit, str(after) if after is not None else None, str(before) if before is not None else None


def list_of(
    items: Objects, path: str, *, has_more: bool = False, query: Mapping[str, str] | None = None
) -> StripeDict:
    """Return a list object. Paging on reads `url` and `has_more`, so a nested list needs the path it is served at."""
    url = f"{path}?{urlencode(query)}" if query else path
    return {"object": "list", "data": items, "has_more": has_more, "url": url}
