"""What choosing another plan would change against today, in words for its card: the difference in price, when it takes
effect, and the features that come and go. Nothing here asks Stripe: the exact amounts are the quote's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from portal.kit.money import Money, total
from portal.kit.rounding import round_half_away
from portal.plans.catalog import Catalog, Interval, Plan
from portal.plans.estimates import Used, cost_of_use
from portal.plans.offers import Offer, interval_of
from portal.plans.rates import MONTHS
from portal.subscriptions.current import CurrentPlan
from portal.subscriptions.models import Subscription
from portal.subscriptions.queries import plan_for
from portal.subscriptions.timing import Terms, takes_effect
from portal.web.filters import day, money


@dataclass(frozen=True, slots=True)
class Move:
    """One line about the price and its date, and the names of the features that come and go."""

    price: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]


def moves(
    catalog: Catalog, current: CurrentPlan, offered: list[Offer], interval: Interval, *, used: Used
) -> dict[str, Move]:
    """Return by plan key what each of the offers would change for a subscriber; nothing for what it has already.

    The subscription must be live and made of the catalogue's prices.
    """
    subscription = current.subscription
    assert subscription is not None
    today = _today(catalog, current, interval, used)
    before = _terms(subscription, current.plan)
    if today is None or before is None:
        return {}
    found = {}
    for offer in offered:
        seats = None if offer.seats is None else offer.wanted_seats
        after = Terms(offer.plan, interval, seats)
        if (after.plan.key, after.interval) == (before.plan.key, before.interval):
            continue
        at = _when(catalog, subscription, before, after)
        date = "At once" if at is None else f"On {day(at)}"
        is_guess = offer.estimate.counts_use or any(used.get(each.meter or "") for each in before.plan.meters)
        difference = _difference(offer.estimate.amount - today, interval)
        found[offer.plan.key] = Move(
            f"{date}: nothing to pay any more."
            if offer.plan.is_free
            else f"{date}: {'about ' if is_guess else ''}{difference}.",
            _names(catalog, offer.plan, before.plan),
            _names(catalog, before.plan, offer.plan),
        )
    return found


def _when(catalog: Catalog, subscription: Subscription, before: Terms, after: Terms) -> datetime | None:
    """When the move takes effect; None: at once. To the plan that costs nothing leads only a cancellation."""
    if after.plan.is_free:
        return subscription.ends_at or subscription.current_period_end_at
    if subscription.on_trial:
        return None
    when = takes_effect(catalog.changes, before, after, subscription.currency)
    return None if when == "now" else subscription.current_period_end_at


def _today(catalog: Catalog, current: CurrentPlan, interval: Interval, used: Used) -> Money | None:
    """What the present plan costs at the prices it was bought at, brought to an interval; None if nobody can tell."""
    subscription, recurring = current.subscription, current.recurring
    if subscription is None or recurring is None:
        return None
    own, amounts = interval_of(subscription.interval), [recurring]
    for billed in current.metered:
        component = current.plan.component(billed.item.component or "")
        if billed.model is None or component is None or component.meter is None:
            return None
        quantity = used.get(component.meter)
        if quantity:
            adds_up = catalog.meters[component.meter].aggregation != "last"
            priced, times = cost_of_use(
                billed.model, quantity, adds_up=adds_up, billed=component.interval_for(own), per=own
            )
            amounts.append(priced.amount * times)
    whole = total(amounts, subscription.currency)
    return Money(
        round_half_away(Fraction(whole.minor * MONTHS[interval], MONTHS[own])), subscription.currency
    )


def _terms(subscription: Subscription, plan: Plan) -> Terms | None:
    if plan_for(subscription).key != subscription.plan_key:
        return None
    seat = subscription.item("seat")
    return Terms(plan, interval_of(subscription.interval), None if seat is None else seat.quantity or 0)


def _difference(difference: Money, interval: Interval) -> str:
    if not difference:
        return f"the same price per {interval} as today"
    more = "less" if difference.minor < 0 else "more"
    return f"{money(-difference if difference.minor < 0 else difference)} {more} per {interval} than today"


def _names(catalog: Catalog, these: Plan, but_not: Plan) -> tuple[str, ...]:
    return tuple(catalog.features[key].name for key in these.features if key not in but_not.features)
