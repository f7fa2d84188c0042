"""Buying more or fewer seats: what may be wanted, and the quote that says what it costs before it is done. The quote
and the change send Stripe the same item, quantity and moment, so the charge is what was shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway.snapshots import InvoiceSnapshot
from portal.kit.errors import PortalError
from portal.seats.queries import seats_assigned
from portal.subscriptions.change import PausedNow
from portal.subscriptions.models import Quote, Status, Subscription, SubscriptionItem
from portal.subscriptions.queries import current_subscription, plan_for
from portal.subscriptions.quotes import fingerprint, lines_of, valid_until

MOST_SEATS = 10_000


class SeatsNotForSale(PortalError):
    """The tenant's plan has a fixed number of seats."""

    code = "seats_not_for_sale"
    status = 409
    public_message = "Your plan has a fixed number of seats. Choose another plan to have more."


class SeatsOutOfRange(PortalError):
    """More or fewer than the plan sells, or no change at all."""

    code = "seats_out_of_range"
    status = 422


class SeatsBelowAssigned(PortalError):
    """Members would lose their seats."""

    code = "seats_below_assigned"
    status = 409


@dataclass(frozen=True, slots=True)
class SeatChange:
    """A change that is allowed now. `basis` fingerprints everything it was computed from."""

    tenant_id: int
    subscription: Subscription
    item: SubscriptionItem
    quantity: int
    proration_at: datetime
    basis: str


def wanted_change(tenant_id: int, quantity: int) -> SeatChange:
    """Check a number of seats against plan, members and subscription; call it with the seats locked or just to look.

    Raises SeatsNotForSale, PausedNow, SeatsOutOfRange or SeatsBelowAssigned.
    """
    subscription, item = seat_item(tenant_id)
    if subscription.status == Status.PAUSED:
        raise PausedNow(subscription.stripe_id)
    least, most = seat_bounds(subscription)
    if not least <= quantity <= most:
        raise SeatsOutOfRange(
            str(quantity), public_message=f"Your plan is sold with {least:,} to {most:,} seats."
        )
    if quantity == item.quantity:
        raise SeatsOutOfRange(str(quantity), public_message=f"You already have {quantity:,} seats.")
    held = seats_assigned(tenant_id)
    if quantity < held:
        raise SeatsBelowAssigned(
            f"{quantity} < {held}",
            public_message=f"{held:,} members hold a seat. Release {held - quantity:,} of them first.",
        )
    now = billing_now(tenant_id).replace(microsecond=0)
    return SeatChange(tenant_id, subscription, item, quantity, now, basis_of(subscription))


def seat_item(tenant_id: int) -> tuple[Subscription, SubscriptionItem]:
    """Return the live subscription and its item for seats. Raises SeatsNotForSale."""
    subscription = current_subscription(tenant_id)
    item = subscription.item("seat") if subscription is not None and subscription.is_live else None
    if subscription is None or item is None:
        raise SeatsNotForSale(f"tenant {tenant_id}")
    return subscription, item


def seat_bounds(subscription: Subscription) -> tuple[int, int]:
    """Return the fewest and the most seats that the subscription's plan is sold with."""
    component = plan_for(subscription).component("seat")
    if component is None:
        return 1, MOST_SEATS
    return max(component.minimum, 1), min(component.maximum or MOST_SEATS, MOST_SEATS)


def basis_of(subscription: Subscription) -> str:
    """Fingerprint what a quote for seats rests on: the subscription as it is."""
    return fingerprint(subscription)


def store_quote(
    change: SeatChange, due_now: InvoiceSnapshot, recurring: InvoiceSnapshot, actor_user_id: int
) -> Quote:
    """Keep what Stripe says the change costs now and per period; valid for 15 minutes, within the period."""
    quote = Quote(
        tenant_id=change.tenant_id,
        created_by_id=actor_user_id,
        kind="seats",
        change={
            "seats": change.quantity,
            "before": change.item.quantity,
            "item": change.item.stripe_id,
            "subscription": change.subscription.stripe_id,
            "usage_interval": change.subscription.usage_interval,
        },
        basis=change.basis,
        currency=due_now.currency,
        total_amount=due_now.total_amount,
        due_now_amount=due_now.due_amount,
        tax_amount=due_now.tax_amount,
        recurring_amount=recurring.total_amount,
        recurring_is_estimate=change.subscription.usage_item is not None
        and change.subscription.usage_interval is None,
        lines=lines_of(due_now),
        proration_at=change.proration_at,
        effective_at=change.proration_at,
        next_invoice_at=None if change.subscription.cancel_at else change.item.current_period_end_at,
        expires_at=valid_until(change.subscription, change.proration_at),
    )
    db.session.add(quote)
    db.session.flush()  # its address is needed for the redirect
    return quote
