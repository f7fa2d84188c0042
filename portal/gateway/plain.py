"""From SDK objects to plain JSON, and from pages of a list to one list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import stripe


def plain(answer: stripe.StripeObject) -> dict[str, Any]:
    """Return the SDK's object as the JSON it was made from (decimals as strings)."""
    return answer.to_dict(for_json=True)


def plain_list(answer: Any, *, most: int) -> list[dict[str, Any]]:
    """Return up to `most` objects of a list, fetching further pages as needed."""
    found: list[dict[str, Any]] = []
    for each in answer.auto_paging_iter():
        found.append(plain(cast("stripe.StripeObject", each)))
        if len(found) >= most:
            break
    return found
