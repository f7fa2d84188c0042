"""Moving to another plan, interval or both: what may be wanted, what it makes of the subscription's items, and the
quote that says what it costs before it is done. Preview, change and planned change are built from the same items."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway.changes import ItemEdit
from portal.gateway.snapshots import InvoiceSnapshot
from portal.gateway.subscriptions import Lines
from portal.kit.errors import PortalError
from portal.plans.catalog import When, current_catalog
from portal.plans.choosable import Standing
from portal.plans.invitations import invited_to
from portal.plans.offers import interval_of
from portal.subscriptions.checkout import Choice, lines_on_sale, plan_on_sale, seat_range, seats_on_sale
from portal.subscriptions.currency import currency_for
from portal.subscriptions.edits import edits_to, without_usage
from portal.subscriptions.models import Quote, Status, Subscription
from portal.subscriptions.planned import planned_terms
from portal.subscriptions.queries import current_subscription, plan_for
from portal.subscriptions.quotes import fingerprint, lines_of, refuse_while_changing, valid_until
from portal.subscriptions.timing import Terms, takes_effect
from portal.web.filters import plural


class NoPlanToChange(PortalError):
    """There is no live subscription, or it is not made of our prices."""

    code = "no_plan_to_change"
    status = 409
    public_message = "You have no plan that can be changed here."


class NothingChanges(PortalError):
    """It is the plan the tenant has, or the one that is planned already."""

    code = "nothing_changes"
    status = 409
    public_message = "This is your plan already."


class PaymentDueFirst(PortalError):
    """The subscription is not being paid; a change would have to charge the same card again."""

    code = "payment_due_first"
    status = 409
    public_message = "Your last payment has not succeeded. Please pay what is due, then change your plan."


class PausedNow(PortalError):
    """The plan is paused; nothing runs that a change could be worked into."""

    code = "paused_now"
    status = 409
    public_message = "Your plan is paused. Please go on with it first, then change it."


class SeatsToChoose(PortalError):
    """More members hold a seat than the other plan has seats, and it was not said who keeps theirs."""

    code = "seats_to_choose"
    status = 409


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A change that is allowed now. `later` are the items of the plan as a whole, `edits` what leads there from the
    present ones. `proration_at` None: nothing is charged now.
    `basis` fingerprints everything it was computed from."""

    tenant_id: int
    subscription: Subscription
    before: Terms
    after: Terms
    when: When
    edits: tuple[ItemEdit, ...]
    later: Lines
    asked_at: datetime
    proration_at: datetime | None
    basis: str

    @property
    def recurring_edits(self) -> list[ItemEdit]:
        """What leads to the items that one invoice of the plan tells of."""
        return without_usage(self.subscription, self.edits) if self.usage_interval else list(self.edits)

    @property
    def usage_interval(self) -> str | None:
        """How often use is billed after it, where that is not with the plan; None otherwise."""
        apart = {each.interval_for(self.after.interval) for each in self.after.plan.meters}
        return next(iter(apart - {self.after.interval}), None)

    @property
    def capacity(self) -> int:
        """How many members can hold a seat after it."""
        return _capacity(self.after)


def wanted_plan(tenant_id: int, choice: Choice, *, held: int) -> PlanChange:
    """Check a change of plan against catalogue, subscription and the number of seats `held`; a planned change for
    which these are too many may be wanted again, to choose anew who keeps a seat.

    Raises NoPlanToChange, NothingChanges, PausedNow, PaymentDueFirst, ChangeUnderWay, PaymentAwaited,
    and PlanNotForSale, SeatsOutOfRange, CurrencyNotOffered, CurrencyLocked or CatalogNotPushed like a checkout.
    """
    subscription, before = terms_of(tenant_id)
    catalog = current_catalog()
    standing = Standing(before.plan.key, invited_to(tenant_id, catalog))
    plan, interval = plan_on_sale(catalog, choice, standing)
    after = Terms(plan, interval, None if seat_range(plan) is None else seats_on_sale(plan, choice.seats))
    if (plan.key, interval) == (before.plan.key, before.interval):
        raise NothingChanges(plan.key)
    is_planned = subscription.planned_at is not None and after == planned_terms(subscription)
    if is_planned and held <= _capacity(after):
        raise NothingChanges(plan.key, public_message="This change is planned already.")
    currency_for(catalog, None, subscription, choice.currency)
    if subscription.status == Status.PAUSED:
        raise PausedNow(subscription.stripe_id)
    if subscription.status not in (Status.ACTIVE, Status.TRIALING):
        raise PaymentDueFirst(subscription.stripe_id)
    refuse_while_changing(tenant_id)
    lines = lines_on_sale(plan, interval, subscription.currency, after.seats or 0)
    wanted = [(component.key, *line) for component, line in zip(plan.components, lines, strict=True)]
    is_trial = subscription.status == Status.TRIALING
    # Within a trial nothing has been paid for that would have to be used up first.
    when: When = "now" if is_trial else takes_effect(catalog.changes, before, after, subscription.currency)
    now = billing_now(tenant_id).replace(microsecond=0)
    return PlanChange(
        tenant_id=tenant_id,
        subscription=subscription,
        before=before,
        after=after,
        when=when,
        edits=tuple(edits_to(subscription, wanted)),
        later=lines,
        asked_at=now,
        proration_at=now if when == "now" else None,
        basis=fingerprint(subscription, lines),
    )


def who_loses(plan_name: str, capacity: int, holders: Sequence[str], keep: Collection[str]) -> list[str]:
    """Return who of the `holders` of a seat loses theirs, if those in `keep` keep it; nobody where all fit.

    Raises SeatsToChoose where not all fit and none or too many were chosen. Who holds no seat keeps none.
    """
    if len(holders) <= capacity:
        return []
    chosen = [each for each in holders if each in keep]
    if not 1 <= len(chosen) <= capacity:
        raise SeatsToChoose(
            f"{len(chosen)} of {len(holders)} for {capacity}",
            public_message=f"{plan_name} has {plural(capacity, 'seat')}. Please choose "
            + ("one member who keeps" if capacity == 1 else f"one to {capacity:,} members who keep")
            + " a seat.",
        )
    return [each for each in holders if each not in keep]


def terms_of(tenant_id: int) -> tuple[Subscription, Terms]:
    """Return the live subscription and what it is. Raises NoPlanToChange, also where an item is not ours: it would be
    lost."""
    subscription = current_subscription(tenant_id)
    if subscription is None or not is_changeable(subscription):
        raise NoPlanToChange(f"tenant {tenant_id}")
    seat = subscription.item("seat")
    seats = None if seat is None else seat.quantity or 0
    return subscription, Terms(plan_for(subscription), interval_of(subscription.interval), seats)


def is_changeable(subscription: Subscription | None) -> bool:
    """Tell whether a subscription is live, on a plan of the catalogue and made of nothing but its prices."""
    return (
        subscription is not None
        and subscription.is_live
        and plan_for(subscription).key == subscription.plan_key
        and all(item.component is not None for item in subscription.items)
    )


def store_quote(
    change: PlanChange, due_now: InvoiceSnapshot | None, recurring: InvoiceSnapshot, actor_user_id: int
) -> Quote:
    """Keep what Stripe says the change costs now and per period. `due_now` None: it waits for the period's end."""
    subscription, at_end = change.subscription, change.subscription.current_period_end_at
    quote = Quote(
        tenant_id=change.tenant_id,
        created_by_id=actor_user_id,
        kind="change",
        change={
            "plan": change.after.plan.key,
            "interval": change.after.interval,
            "seats": change.after.seats,
            "before": {
                "plan": change.before.plan.key,
                "interval": change.before.interval,
                "seats": change.before.seats,
            },
            "when": change.when,
            "capacity": change.capacity,
            "subscription": subscription.stripe_id,
            "edits": [edit.to_json() for edit in change.edits],
            "later": [list(line) for line in change.later],
            "keep_going": subscription.cancel_at is not None,
            "schedule": subscription.schedule_stripe_id,
            "replaces": subscription.planned_at is not None,
            "usage_interval": change.usage_interval,
        },
        basis=change.basis,
        currency=recurring.currency,
        total_amount=due_now.total_amount if due_now else 0,
        due_now_amount=due_now.due_amount if due_now else 0,
        tax_amount=due_now.tax_amount if due_now else 0,
        recurring_amount=recurring.total_amount,
        recurring_is_estimate=not change.usage_interval
        and any(quantity is None for _price, quantity in change.later),
        lines=lines_of(due_now) if due_now else [],
        proration_at=change.proration_at,
        effective_at=change.asked_at if change.when == "now" else at_end,
        next_invoice_at=_next_invoice_at(change, due_now),
        expires_at=valid_until(subscription, change.asked_at),
    )
    db.session.add(quote)
    db.session.flush()  # its address is needed for the redirect
    return quote


def _next_invoice_at(change: PlanChange, due_now: InvoiceSnapshot | None) -> datetime:
    """The end of the period that is paid for after the change: with another interval, of what is charged for it."""
    at_end = change.subscription.current_period_end_at
    if due_now is None or change.before.interval == change.after.interval:
        return at_end
    return max((line.period_end_at for line in due_now.lines if line.amount > 0), default=at_end)


def _capacity(terms: Terms) -> int:
    return terms.plan.included_seats if terms.seats is None else terms.seats
