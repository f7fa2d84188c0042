"""What is offered to who wants to leave: a coupon, if the catalogue has one. Once ever per tenant, and once per
subscription: whoever cancelled in spite of it is not asked again."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.gateway import coupons
from portal.gateway.client import Gateway
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.errors import Conflict
from portal.kit.money import Money
from portal.kit.rounding import round_half_away
from portal.plans.catalog import Retention, current_catalog
from portal.subscriptions.current import current_plan
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.quotes import refuse_while_changing


class OfferGone(Conflict):
    """The offer does not stand, or was taken before."""

    code = "offer_gone"
    public_message = "This offer is not available any more."


@dataclass(frozen=True, slots=True)
class Offer:
    """What stands on the page that asks once more. `before` and `after`: what each invoice costs before use and tax,
    without the coupon and with it; None where the prices are not ours. `is_metered`: some of it is billed by use."""

    subscription: Subscription
    terms: Retention
    before: Money | None
    is_metered: bool

    @property
    def after(self) -> Money | None:
        """What each invoice costs with the coupon."""
        if self.before is None:
            return None
        left = Fraction(self.before.minor * (100 - self.terms.percent_off), 100)
        return Money(round_half_away(left), self.before.currency)


def offer_for(tenant_id: int) -> Offer | None:
    """Return the offer for a tenant who is about to cancel; None without one.

    Only for a plan that is paid by the month and goes on unchanged: the coupon counts months, and a year that is paid
    for would outlast it. Not beside another discount.
    """
    terms, current = current_catalog().retention, current_plan(tenant_id)
    subscription = current.subscription
    if terms is None or subscription is None or subscription.status != Status.ACTIVE:
        return None
    if subscription.interval != "month" or subscription.ends_at or subscription.schedule_stripe_id:
        return None
    if subscription.stripe_object.get("discounts") or _was_asked(subscription):
        return None
    return Offer(subscription, terms, current.recurring, is_metered=bool(current.metered))


def accept_intent(tenant_id: int, actor_user_id: int) -> Intent:
    """Write the intent to take the offer. Raises OfferGone, also for the second time ever, ChangeUnderWay and
    PaymentAwaited."""
    offer = offer_for(tenant_id)
    if offer is None:
        raise OfferGone(f"tenant {tenant_id}")
    refuse_while_changing(tenant_id)
    params = {
        "subscription": offer.subscription.stripe_id,
        "coupon": offer.terms.coupon_stripe_id,
        "percent_off": offer.terms.percent_off,
        "months": offer.terms.months,
    }
    return write.open_intent("retention", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Give the coupon to the subscription."""
    params = intent.params
    coupons.give(gateway, params["subscription"], params["coupon"], key=intent.idempotency_key)
    return {}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the offer was taken."""
    write.finish(intent, result)
    record(
        "subscription.offer_taken",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        percent_off=intent.params["percent_off"],
        months=intent.params["months"],
    )


def _was_asked(subscription: Subscription) -> bool:
    asked = db.session.execute(
        sa.select(Intent.kind, Intent.params["subscription"].as_string()).where(
            Intent.tenant_id == subscription.tenant_id,
            Intent.kind.in_(("retention", "cancel")),
            Intent.state.in_((IntentState.OPEN, IntentState.DONE)),
        )
    )
    return any(kind == "retention" or about == subscription.stripe_id for kind, about in asked)
