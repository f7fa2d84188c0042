"""What the host product may let a tenant do now: plan, level of access, features, limits and seats, from the mirror
and the access policy. No call to Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.customers.queries import billing_now
from portal.subscriptions.access_policy import AccessLevel, access_level
from portal.subscriptions.queries import current_subscription, plan_for


@dataclass(frozen=True, slots=True)
class Entitlements:
    """The answer. `status` is Stripe's subscription status, None on the free plan. `limits` are whole units, a key
    that is missing has no limit. `seats` is how many members may hold a seat."""

    plan: str
    status: str | None
    access: AccessLevel
    features: tuple[str, ...]
    limits: dict[str, int]
    seats: int
    ends_at: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the API; instants as ISO 8601 in UTC."""
        return {
            "plan": self.plan,
            "status": self.status,
            "access": str(self.access),
            "features": list(self.features),
            "limits": self.limits,
            "seats": self.seats,
            "ends_at": self.ends_at,
        }


def entitlements_of(tenant_id: int) -> Entitlements:
    """Return what the tenant is entitled to. A blocked tenant keeps its plan's name but none of its features."""
    subscription = current_subscription(tenant_id)
    plan = plan_for(subscription)
    live = subscription if subscription is not None and subscription.is_live else None
    level = access_level(live, billing_now(tenant_id))
    seat = live.item("seat") if live is not None else None
    return Entitlements(
        plan=plan.key,
        status=str(live.status) if live is not None else None,
        access=level,
        features=() if level == AccessLevel.BLOCKED else plan.features,
        limits=dict(plan.limits),
        seats=seat.quantity or 0 if seat is not None else plan.included_seats,
        ends_at=live.ends_at.isoformat() if live is not None and live.ends_at is not None else None,
    )
