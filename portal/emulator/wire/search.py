"""Answering a search: the objects a query matches, newest first, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from itertools import islice

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.pages import page_bounds
from portal.emulator.wire.routes import Call
from portal.emulator.wire.search_query import Field, Query, parse_query

_READ_AT_ONCE = 500


def search_answer(tx: Transaction, call: Call, object_type: str, fields: Mapping[str, Field]) -> StripeDict:
    """Return one page of what the call's query matches; `total_count` only where it is to be expanded.

    Raises a 400 for a query that is not understood, a limit outside 1..100, and a page no answer named.
    """
    resource = call.path.split("/")[2]
    query = parse_query(call.params["query"], fields, resource)
    limit, _, _ = page_bounds(call.params)
    found = list(islice(_matches(tx, object_type, query, _after(tx, call, object_type)), limit + 1))
    has_more = len(found) > limit
    answer: StripeDict = {
        "object": "search_result",
        "data": found[:limit],
        "has_more": has_more,
        "next_page": _page_after(found[limit - 1]) if has_more else None,
        "url": call.path,
    }
    if "total_count" in call.params.get("expand", []):
        answer["total_count"] = sum(1 for _ in _matches(tx, object_type, query, None))
    return answer


def _matches(tx: Transaction, object_type: str, query: Query, after: str | None) -> Iterator[StripeDict]:
    has_more = True
    while has_more:
        page = tx.list(object_type, limit=_READ_AT_ONCE, starting_after=after)
        yield from (obj for obj in page.items if query.matches(obj))
        has_more = page.has_more
        after = page.items[-1]["id"] if page.items else None


def _page_after(last: StripeDict) -> str:
    return base64.urlsafe_b64encode(str(last["id"]).encode()).decode()


def _after(tx: Transaction, call: Call, object_type: str) -> str | None:
    """Return the id of the last object on the page before the one that is asked for."""
    page = call.params.get("page")
    if page is None:
        return None
    try:
        last = base64.urlsafe_b64decode(page.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        last = ""
    if tx.get(object_type, last) is None:
        raise invalid("Invalid page: it is not the `next_page` of an earlier answer.", param="page")
    return last
