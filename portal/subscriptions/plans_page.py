"""What the plans page shows to one tenant; also shown again when a choice on it was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.customers.models import Customer
from portal.customers.queries import now_of
from portal.kit.money import Money
from portal.plans.catalog import Catalog, Interval, current_catalog
from portal.plans.choosable import Standing
from portal.plans.estimates import Lately
from portal.plans.invitations import invited_to
from portal.plans.offers import interval_of, offers
from portal.plans.rates import recurring_cost
from portal.subscriptions.banners import banners_for
from portal.subscriptions.change import is_changeable
from portal.subscriptions.checkout import may_try, seat_range
from portal.subscriptions.currency import CurrencyLocked, CurrencyNotOffered, currency_for, currency_name
from portal.subscriptions.current import CurrentPlan, current_plan, payer_of
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.moves import moves
from portal.subscriptions.pause import pause_of
from portal.subscriptions.planned import planned_change
from portal.tenants.queries import member_count


@dataclass(frozen=True, slots=True)
class View:
    """What the address or a refused form asks to see, unchecked: an interval, a currency, a hidden plan's key; and the
    seats that were typed for that plan."""

    interval: str | None
    currency: str | None
    plan: str | None
    seats: str | None = None


def plans_page(
    tenant_id: int,
    view: View,
    *,
    used_lately: Callable[[int, datetime], Lately],
    problem: str | None = None,
) -> dict[str, Any]:
    """Return the context of plans/compare.html. What the view asks for and cannot be had is left out, a locked currency
    with the reason.

    `used_lately` reads what a tenant used before a moment. `problem` is why a choice was refused.
    """
    catalog = current_catalog()
    current, payer = current_plan(tenant_id), payer_of(tenant_id)
    subscription, now = current.subscription, now_of(payer.customer)
    lately = used_lately(tenant_id, now)
    has_plan = subscription is not None and subscription.is_live
    shown = interval_of(
        view.interval, interval_of(subscription.interval) if subscription is not None else "month"
    )
    currency, locked = _currency(catalog, payer.customer, subscription, view.currency)
    seats_now = _seats_now(subscription) or member_count(tenant_id)
    standing = Standing(current.plan.key if current.is_ours else None, invited_to(tenant_id, catalog))
    offered = offers(
        catalog,
        shown,
        currency,
        standing=standing,
        asked=view.plan,
        seat_range=seat_range,
        seats=seats_now,
        used=lately.used,
        may_try=subscription is None and may_try(tenant_id),
    )
    can_change = subscription is not None and is_changeable(subscription) and _first(subscription) is None
    savings = [offer.saving for offer in offered if offer.saving is not None]
    return {
        "offers": offered,
        "moves": moves(catalog, current, offered, shown, used=lately.used) if can_change else {},
        "lately": lately,
        "most_saved": max(savings, key=lambda saved: saved.minor, default=None),
        "interval": shown,
        "currency": currency,
        "currencies": [(each, currency_name(each)) for each in catalog.currencies],
        "locked": None if problem else locked,
        "address": {"interval": shown, "currency": currency, "plan": view.plan},
        "current": current,
        "kept": _kept(current, shown),
        "has_plan": has_plan,
        "seats_now": seats_now,
        "seats_typed": {view.plan: view.seats} if view.seats else {},
        "is_changeable": can_change,
        "first": _first(subscription) if subscription is not None and has_plan else None,
        "planned": planned_change(subscription),
        "problem": problem,
        "banners": banners_for(subscription, now, pause=pause_of(subscription)),
    }


def _currency(
    catalog: Catalog, customer: Customer | None, subscription: Subscription | None, wanted: str | None
) -> tuple[str, CurrencyLocked | None]:
    """The currency to show, and why it is not the one that was asked for; one without prices is not worth a word."""
    asked = wanted if wanted in catalog.currencies else None
    try:
        return currency_for(catalog, customer, subscription, asked), None
    except CurrencyLocked as locked:
        shown = locked.locked if locked.locked in catalog.currencies else catalog.default_currency
        return shown, locked
    except CurrencyNotOffered:
        return catalog.default_currency, None


def _kept(current: CurrentPlan, interval: Interval) -> Money | None:
    """What the tenant pays per interval, usage aside, where that is not what its plan is sold for today."""
    subscription, recurring = current.subscription, current.recurring
    if subscription is None or recurring is None or not (subscription.is_live and current.is_ours):
        return None
    if subscription.interval != interval:
        return None
    todays = recurring_cost(
        current.plan, interval, subscription.currency, seats=_seats_now(subscription) or 0
    )
    return recurring if recurring != todays else None


def _first(subscription: Subscription) -> str | None:
    """What has to be done before a live plan can be changed; None if nothing."""
    if subscription.status == Status.PAUSED:
        return "Your plan is paused. Go on with it first, then you can change it."
    if subscription.status not in (Status.ACTIVE, Status.TRIALING):
        return "Your last payment has not succeeded. Pay what is due first, then you can change your plan."
    return None


def _seats_now(subscription: Subscription | None) -> int | None:
    seat = subscription.item("seat") if subscription is not None and subscription.is_live else None
    return None if seat is None else seat.quantity
