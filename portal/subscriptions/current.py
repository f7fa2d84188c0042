"""The tenant's subscription as pages show it: with its customer, its payment method and the prices of its items, in
two statements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import lazyload
from sqlalchemy.orm.attributes import set_committed_value

from portal.customers.models import Customer, PaymentMethod
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.db import BigId
from portal.kit.money import Money, total
from portal.plans.catalog import Plan
from portal.plans.models import Price
from portal.pricing.cost import Cost, cost
from portal.pricing.models import PriceModel
from portal.subscriptions.models import Subscription, SubscriptionItem
from portal.subscriptions.queries import by_relevance, plan_for
from portal.subscriptions.waiting_payment import KINDS


@dataclass(frozen=True, slots=True)
class BilledItem:
    """An item at the price it was bought for, which may be older than the catalogue's. `model` None: not our price.

    `cost` is what it costs per period; None for metered items and for prices that are not ours.
    """

    item: SubscriptionItem
    model: PriceModel | None
    cost: Cost | None

    @classmethod
    def at(cls, item: SubscriptionItem, price: Price | None) -> BilledItem:
        """Work out what an item costs at its price."""
        model = PriceModel.from_json(price.definition) if price is not None else None
        if model is None or item.quantity is None:
            return cls(item, model, None)
        return cls(item, model, cost(model, item.quantity))


@dataclass(frozen=True, slots=True)
class CurrentPlan:
    """What a tenant is on. `subscription` None: the free plan, and nothing was started."""

    plan: Plan
    subscription: Subscription | None
    items: tuple[BilledItem, ...]

    @property
    def is_ours(self) -> bool:
        """Tell whether the catalogue knows the plan; a subscription made elsewhere may have other prices."""
        subscription = self.subscription
        return subscription is None or not subscription.is_live or subscription.plan_key == self.plan.key

    @property
    def name(self) -> str:
        """What the plan is called on pages."""
        return self.plan.name if self.is_ours else "Custom plan"

    @property
    def licensed(self) -> list[BilledItem]:
        """The items paid in advance: base fee and seats."""
        return [each for each in self.items if each.item.quantity is not None]

    @property
    def metered(self) -> list[BilledItem]:
        """The items paid by use, after the period."""
        return [each for each in self.items if each.item.quantity is None]

    @property
    def recurring(self) -> Money | None:
        """What each period costs before usage, discounts and tax; None where a price is not ours."""
        costs = [each.cost for each in self.licensed]
        if self.subscription is None or any(each is None for each in costs):
            return None
        return total([each.amount for each in costs if each is not None], self.subscription.currency)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays and how. `is_changing`: the outcome of a change is not known yet. `awaited`: the public id of the quote
    whose payment a person has to confirm, if there is one."""

    customer: Customer | None
    payment_method: PaymentMethod | None
    is_changing: bool
    awaited: str | None = None


def current_plan(tenant_id: int) -> CurrentPlan:
    """Return the tenant's plan with its items and their prices, in one statement."""
    rows = db.session.execute(_current(), {"tenant_id": tenant_id}).all()
    if not rows:
        return CurrentPlan(plan_for(None), None, ())
    subscription: Subscription = rows[0][0]
    items = tuple(BilledItem.at(item, price) for _subscription, item, price in rows if item is not None)
    set_committed_value(subscription, "items", [each.item for each in items])
    return CurrentPlan(plan_for(subscription), subscription, items)


def payer_of(tenant_id: int) -> Payer:
    """Return the tenant's customer, its payment method and whether a change is under way, in one statement."""
    row = db.session.execute(_payer(), {"tenant_id": tenant_id}).one_or_none()
    return (
        Payer(None, None, is_changing=False) if row is None else Payer(row[0], row[1], bool(row[2]), row[3])
    )


@cache
def _current() -> sa.Select[Subscription, SubscriptionItem, Price]:
    tenant_id = sa.bindparam("tenant_id", type_=BigId)
    newest = by_relevance(tenant_id).with_only_columns(Subscription.id).limit(1).scalar_subquery()
    return (
        sa.select(Subscription, SubscriptionItem, Price)
        .outerjoin(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
        .outerjoin(Price, Price.stripe_id == SubscriptionItem.price_stripe_id)
        .where(Subscription.id == newest)
        .order_by(SubscriptionItem.id)
        .options(lazyload(Subscription.items))
    )


@cache
def _payer() -> sa.Select[Customer, PaymentMethod, bool, str | None]:
    changing = sa.exists().where(Intent.tenant_id == Customer.tenant_id, Intent.state == IntentState.OPEN)
    awaited = (
        sa.select(Intent.params["quote"].as_string())
        .where(
            Intent.tenant_id == Customer.tenant_id,
            Intent.kind.in_(KINDS),
            Intent.state == IntentState.WAITING,
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        sa.select(Customer, PaymentMethod, changing, awaited)
        .outerjoin(
            PaymentMethod,
            sa.and_(
                PaymentMethod.tenant_id == Customer.tenant_id,
                PaymentMethod.stripe_id == Customer.default_payment_method_stripe_id,
            ),
        )
        .where(Customer.tenant_id == sa.bindparam("tenant_id"))
    )
