"""Changing the items of a subscription at once, and previewing just that: the preview and the change are made of the
same edits, so that what is charged is what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.gateway.client import Gateway
from portal.gateway.errors import CardDeclined
from portal.gateway.plain import plain
from portal.gateway.snapshots import InvoiceSnapshot, SubscriptionSnapshot
from portal.gateway.subscriptions import preview_invoice
from portal.kit.clock import to_unix

if TYPE_CHECKING:
    from stripe.params import (
        InvoiceCreatePreviewParams,
        InvoiceCreatePreviewParamsSubscriptionDetailsItem,
        SubscriptionUpdateParams,
        SubscriptionUpdateParamsItem,
    )


NEEDS_A_PERSON = ("subscription_payment_intent_requires_action", "authentication_required")
"""What Stripe calls a card whose bank wants to hear from its owner first (3-D Secure)."""


@dataclass(frozen=True, slots=True)
class ItemEdit:
    """What becomes of one item: changed (`item` given), added (`item` None) or removed.

    `quantity` None: metered, or as it is. `price` None: as it is.
    """

    item: str | None = None
    price: str | None = None
    quantity: int | None = None
    removed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the edit as a small JSON object for an intent's params."""
        return asdict(self)

    def fields(self) -> dict[str, Any]:
        """Return the edit as Stripe wants it, the same for a preview and for the change."""
        if self.removed:
            return {"id": self.item, "deleted": True}
        named = {"id": self.item, "price": self.price, "quantity": self.quantity}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Changed:
    """A subscription after a change, and its newest invoice: the change's own, if it made one. While
    `subscription.pending_until` is set, nothing has changed yet: the change waits for that invoice to be paid."""

    subscription: SubscriptionSnapshot
    invoice: InvoiceSnapshot | None


def change_items(
    gateway: Gateway,
    stripe_id: str,
    edits: Sequence[ItemEdit],
    *,
    proration_at: datetime | None,
    key: str,
    keep_going: bool = False,
) -> Changed:
    """Edit the items of a subscription and invoice the difference at once.

    `proration_at` None: the moment of the change, the only possible one where the billing date moves to it.
    `keep_going` takes back a planned end. If the bank asks for the card's owner, the change waits at Stripe for its
    invoice to be paid, at most 23 hours, and a planned end stays. Raises CardDeclined when the invoice could not be
    paid (nothing changes then) and GatewayRefused.
    """
    items: list[SubscriptionUpdateParamsItem] = [_item(edit) for edit in edits]
    params: SubscriptionUpdateParams = {
        "items": items,
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
        "expand": ["latest_invoice"],
    }
    if proration_at is not None:
        params["proration_date"] = to_unix(proration_at)
    ending: SubscriptionUpdateParams = {"cancel_at": ""} if keep_going else {}
    try:
        return _change(gateway, stripe_id, {**params, **ending}, key=key)
    except CardDeclined as error:
        if error.stripe_code not in NEEDS_A_PERSON:
            raise
    waiting: SubscriptionUpdateParams = {**params, "payment_behavior": "pending_if_incomplete"}
    return _change(gateway, stripe_id, waiting, key=f"{key}-waiting")


def _change(gateway: Gateway, stripe_id: str, params: SubscriptionUpdateParams, *, key: str) -> Changed:
    changed = plain(
        gateway.call(
            "subscriptions.change_items",
            lambda client: client.v1.subscriptions.update(stripe_id, params, {"idempotency_key": key}),
            about=stripe_id,
        )
    )
    invoice = changed.get("latest_invoice")
    return Changed(
        SubscriptionSnapshot.read(changed),
        InvoiceSnapshot.read(invoice) if isinstance(invoice, dict) else None,
    )


def preview_due_now(
    gateway: Gateway, stripe_id: str, edits: Sequence[ItemEdit], *, proration_at: datetime | None
) -> InvoiceSnapshot:
    """Preview the invoice that `change_items` with the same edits and moment makes."""
    params = _preview_of(stripe_id, edits)
    params["subscription_details"]["proration_behavior"] = "always_invoice"
    if proration_at is not None:
        params["subscription_details"]["proration_date"] = to_unix(proration_at)
    return preview_invoice(gateway, params, stripe_id)


def preview_recurring(gateway: Gateway, stripe_id: str, edits: Sequence[ItemEdit]) -> InvoiceSnapshot:
    """Preview what a whole period costs after the edits; metered items with what was used so far."""
    params = _preview_of(stripe_id, edits)
    params["preview_mode"] = "recurring"
    return preview_invoice(gateway, params, stripe_id)


def _preview_of(stripe_id: str, edits: Sequence[ItemEdit]) -> InvoiceCreatePreviewParams:
    items: list[InvoiceCreatePreviewParamsSubscriptionDetailsItem] = [_item(edit) for edit in edits]
    return {"subscription": stripe_id, "subscription_details": {"items": items}}


def _item(edit: ItemEdit) -> Any:
    return edit.fields()
