"""Everything the seats page shows, in few statements."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kit.pagination import Page, cut
from portal.seats.change import seat_bounds
from portal.seats.limits import limit_under
from portal.seats.queries import Holder, holders, seats_assigned
from portal.subscriptions.models import Subscription
from portal.subscriptions.planned import PlannedChange, planned_change
from portal.subscriptions.queries import current_subscription

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class SeatsPage:
    """`limit` seats there are, `assigned` of them held. `bounds` None: the plan sells no seats."""

    subscription: Subscription | None
    limit: int
    assigned: int
    bounds: tuple[int, int] | None
    members: Page[Holder]
    planned: PlannedChange | None

    @property
    def free(self) -> int:
        return max(self.limit - self.assigned, 0)

    @property
    def excess(self) -> int:
        """How many more seats are held than there are, after seats went away at Stripe."""
        return max(self.assigned - self.limit, 0)


def seats_page(tenant_id: int, *, page: int) -> SeatsPage:
    """Collect the page for owners and admins."""
    subscription = current_subscription(tenant_id)
    sells = subscription is not None and subscription.is_live and subscription.item("seat") is not None
    members = holders(tenant_id, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)
    return SeatsPage(
        subscription=subscription,
        limit=limit_under(subscription, tenant_id),
        assigned=seats_assigned(tenant_id),
        bounds=seat_bounds(subscription) if subscription is not None and sells else None,
        planned=planned_change(subscription),
        members=cut(members, number=page, size=PAGE_SIZE),
    )
