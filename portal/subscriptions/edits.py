"""From the items a subscription has to those it shall have: what becomes of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from portal.gateway.changes import ItemEdit
from portal.subscriptions.models import Subscription


def edits_to(subscription: Subscription, wanted: Sequence[tuple[str, str, int | None]]) -> list[ItemEdit]:
    """Return what changes, adds and removes items, by component, so that a meter keeps its item and its usage, and none
    is lost or doubled. `wanted` are component, price and quantity."""
    edits = []
    for component, price, quantity in wanted:
        item = subscription.item(component)
        if item is None:
            edits.append(ItemEdit(price=price, quantity=quantity))
        elif (item.price_stripe_id, item.quantity) != (price, quantity):
            edits.append(ItemEdit(item=item.stripe_id, price=price, quantity=quantity))
    kept = {component for component, _price, _quantity in wanted}
    edits += [
        ItemEdit(item=item.stripe_id, removed=True)
        for item in subscription.items
        if item.component not in kept
    ]
    return edits


def without_usage(subscription: Subscription, edits: Sequence[ItemEdit]) -> list[ItemEdit]:
    """Return the edits for a preview of the licensed items alone: nothing metered comes, and what there is goes."""
    metered = {item.stripe_id for item in subscription.items if item.quantity is None}
    licensed = [
        edit for edit in edits if edit.item not in metered and (edit.removed or edit.quantity is not None)
    ]
    return licensed + [ItemEdit(item=each, removed=True) for each in sorted(metered)]
