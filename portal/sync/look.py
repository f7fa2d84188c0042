"""A look at Stripe before a quote is confirmed: somebody may have changed the subscription there a moment ago, and the
webhook that says so is still on its way."""

from __future__ import annotations

from collections.abc import Callable

from portal.customers.queries import customer_of
from portal.sync.intents import try_sync
from portal.web.unit_of_work import unit_of_work


def look_first(tenant_id: int, holds: Callable[[], bool]) -> None:
    """Bring our picture of a tenant to Stripe's if by ours the quote holds; what no longer holds needs no look. Call it
    outside any transaction.

    Where Stripe does not answer, our picture has to do: the charge is compared with the quote afterwards.
    """
    with unit_of_work():
        customer = customer_of(tenant_id)
        if customer is None or customer.stripe_id is None or not holds():
            return
    try_sync(customer, trigger="change")
