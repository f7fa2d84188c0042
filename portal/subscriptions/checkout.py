"""Starting a plan by Checkout: the rules, what the Checkout Session is made of, and what is written when it is
open. The path through the sessions of several tabs stands in `sync.checkout`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway import subscriptions
from portal.gateway.client import Gateway
from portal.gateway.subscriptions import Lines
from portal.intents import write
from portal.intents.models import Intent
from portal.jobs.queue import enqueue
from portal.kit.clock import from_unix, to_unix, utcnow
from portal.kit.errors import PortalError
from portal.plans.catalog import INTERVALS, Catalog, Interval, Plan, current_catalog
from portal.plans.choosable import Standing, may_choose
from portal.plans.invitations import invited_to
from portal.plans.prices import prices_on_sale
from portal.plans.rates import quantity_of
from portal.subscriptions.currency import currency_for
from portal.subscriptions.models import Subscription
from portal.subscriptions.queries import current_subscription
from portal.tenants.models import Tenant

OPEN_FOR = timedelta(hours=1)
"""How long a Checkout page stays open; Stripe allows 30 minutes to 24 hours."""


class AlreadySubscribed(PortalError):
    """The tenant has a live subscription; a second one would be paid twice."""

    code = "already_subscribed"
    status = 409
    public_message = "You already have a plan. It can be changed, but not bought a second time."


class PlanNotForSale(PortalError):
    """No such plan, not open to the tenant, or free and therefore nothing to buy."""

    code = "plan_not_for_sale"
    status = 409
    public_message = "This plan cannot be bought. Please choose one of the plans shown."


class SeatsOutOfRange(PortalError):
    """Fewer or more seats than the plan is sold with."""

    code = "seats_out_of_range"
    status = 409
    public_message = "This number of seats is not possible for the plan."


class CatalogNotPushed(PortalError):
    """A price of the plan does not exist at Stripe yet: an operator must push the catalogue."""

    code = "catalog_not_pushed"
    status = 503
    public_message = "This plan is not ready to be bought yet. Please try again later."


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose on the plans page. `seats` is ignored by plans that are not sold by the seat; `currency`
    None: whichever the tenant buys in."""

    plan_key: str
    interval: str
    seats: int
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where Stripe's page sends the person: `paid` may hold {CHECKOUT_SESSION_ID}, which Stripe fills in."""

    paid: str
    cancelled: str


def checkout_intent(
    tenant: Tenant, customer: Customer, choice: Choice, way_back: WayBack, actor_user_id: int
) -> Intent:
    """Check the choice and write the intent of a checkout, in the caller's unit of work.

    Raises AlreadySubscribed, PlanNotForSale, SeatsOutOfRange, CurrencyNotOffered, CurrencyLocked or CatalogNotPushed;
    IntegrityError if another checkout of the tenant was opened in the same moment.
    """
    unended = current_subscription(tenant.id)
    if unended is not None and unended.is_live:
        raise AlreadySubscribed(tenant.slug)
    catalog = current_catalog()
    plan, interval = plan_on_sale(catalog, choice, Standing(None, invited_to(tenant.id, catalog)))
    seats = seats_on_sale(plan, choice.seats)
    currency = currency_for(catalog, customer, unended, choice.currency)
    return write.open_intent(
        "checkout",
        tenant.id,
        {
            "customer": customer.stripe_id,
            "tenant": tenant.public_id,
            "success_url": way_back.paid,
            "cancel_url": way_back.cancelled,
            "plan": plan.key,
            "interval": interval,
            "currency": currency,
            "seats": seats,
            **_together_and_after(plan, interval, lines_on_sale(plan, interval, currency, seats)),
            "trial_days": plan.trial_days if may_try(tenant.id) else 0,
            "expires": to_unix(utcnow() + OPEN_FOR),
        },
        actor_user_id,
        expires_at=utcnow() + OPEN_FOR,
    )


def seat_range(plan: Plan) -> tuple[int, int] | None:
    """Return the fewest and the most seats a plan is sold with; None when it is not sold by the seat."""
    seat = plan.component("seat")
    return None if seat is None else (seat.minimum, seat.maximum or MOST_SEATS)


MOST_SEATS = 10_000


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Open the Checkout Session of an intent. The answer holds the hosted page's address, which is never stored."""
    params = intent.params
    session = subscriptions.open_checkout(
        gateway,
        customer=params["customer"],
        lines=[(price, quantity) for price, quantity in params["lines"]],
        success_url=params["success_url"],
        cancel_url=params["cancel_url"],
        reference=intent.public_id,
        metadata={"tenant": params["tenant"], "intent": intent.public_id, "plan": params["plan"]},
        key=intent.idempotency_key,
        trial_days=params["trial_days"] or None,
        expires_at=from_unix(params["expires"]),
    )
    return {"session": session.stripe_id, "url": session.url, "expires": to_unix(session.expires_at)}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that a person is at the hosted page now, and the job that looks what became of it."""
    expires_at: datetime = from_unix(result["expires"])
    write.wait(intent, {"session": result["session"]}, stripe_id=result["session"], expires_at=expires_at)
    intent.hosted_url = result["url"] or ""
    enqueue(
        "checkout.settle",
        {"intent_id": intent.id},
        queue="stripe",
        delay=expires_at - utcnow() + timedelta(minutes=1),
        once_key=f"checkout.settle:{intent.public_id}",
        tenant_id=intent.tenant_id,
    )
    record(
        "checkout.opened",
        tenant_id=intent.tenant_id,
        object_type="intent",
        object_id=intent.public_id,
        plan=intent.params["plan"],
        interval=intent.params["interval"],
        seats=intent.params["seats"],
    )


def discard(gateway: Gateway, result: dict[str, Any]) -> None:
    """Expire a session that was opened for an intent which another tab had replaced in the meantime."""
    subscriptions.expire_checkout(gateway, result["session"])


def plan_on_sale(catalog: Catalog, choice: Choice, standing: Standing) -> tuple[Plan, Interval]:
    """Return the chosen plan and interval. Raises PlanNotForSale for what this tenant cannot buy, in the same words
    whether there is no such plan or it is not open to the tenant."""
    plan = catalog.plans.get(choice.plan_key)
    interval = next((each for each in INTERVALS if each == choice.interval), None)
    if plan is None or plan.is_free or interval is None or not may_choose(plan, standing):
        raise PlanNotForSale(f"{choice.plan_key!r} by the {choice.interval!r}")
    return plan, interval


def seats_on_sale(plan: Plan, wanted: int) -> int:
    """Return how many seats a choice gives: those wanted, or those the plan includes. Raises SeatsOutOfRange."""
    bounds = seat_range(plan)
    if bounds is None:
        return plan.included_seats
    fewest, most = bounds
    if not fewest <= wanted <= most:
        raise SeatsOutOfRange(
            f"{wanted} of {plan.key}",
            public_message=f"{plan.name} is sold with {fewest:,} to {most:,} seats.",
        )
    return wanted


def lines_on_sale(plan: Plan, interval: Interval, currency: str, seats: int) -> list[tuple[str, int | None]]:
    """Return today's prices of a plan with their quantities, in the order of its components.

    Raises CatalogNotPushed.
    """
    prices = prices_on_sale(plan, interval, currency)
    if any(component.key not in prices for component in plan.components):
        raise CatalogNotPushed(f"{plan.key} {interval} {currency}")
    return [
        (
            prices[component.key].stripe_id,
            None if component.kind == "meter" else quantity_of(component, seats=seats),
        )
        for component in plan.components
    ]


def _together_and_after(plan: Plan, interval: Interval, lines: Lines) -> dict[str, Lines]:
    """Split the lines into those that Checkout sells and those added once it is paid: a page of Stripe's sells no two
    intervals, so the meters that are billed by the month in a plan paid by the year have to wait."""
    waits = [component.interval_for(interval) != interval for component in plan.components]
    if all(waits):
        return {"lines": lines, "after": []}
    return {
        "lines": [line for line, later in zip(lines, waits, strict=True) if not later],
        "after": [line for line, later in zip(lines, waits, strict=True) if later],
    }


def may_try(tenant_id: int) -> bool:
    """Tell whether a tenant still has its trial: it is given once, not to one that ever had a subscription."""
    had = sa.select(Subscription.id).where(Subscription.tenant_id == tenant_id)
    return db.session.scalars(had.limit(1)).one_or_none() is None
