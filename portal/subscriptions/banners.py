"""What stands above a tenant's pages when something about its plan needs attention, from the access policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from portal.subscriptions.access_policy import AccessLevel, access_level, next_step_at
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.pause import Pause
from portal.web.filters import day


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice as the layout draws it: `tone` is info, warn or bad; the action is a link, if there is one."""

    title: str
    text: str
    tone: str
    action_url: str | None = None
    action_label: str | None = None


NEXT_STEP = {
    AccessLevel.WARN: "your plan becomes read-only",
    AccessLevel.READ_ONLY: "access to your plan stops",
}


def banners_for(
    subscription: Subscription | None,
    now: datetime,
    *,
    pay_url: str | None = None,
    pause: Pause | None = None,
) -> list[Banner]:
    """Return the banners for a subscription at the tenant's billing time, the gravest first.

    `pay_url` is where the reader can pay what is due; None for readers who may not. `pause` is what was asked for
    here of a paused plan.
    """
    if subscription is None:
        return []
    payment = _payment(subscription, now)
    if payment is not None and pay_url is not None:
        payment = replace(payment, action_url=pay_url, action_label="See what is due")
    found = [payment, _paused(subscription, pause, pay_url), _ending(subscription), _trial(subscription)]
    return [banner for banner in found if banner is not None]


def _payment(subscription: Subscription, now: datetime) -> Banner | None:
    if subscription.status == Status.INCOMPLETE:
        return Banner("Your plan has not started.", "Its first payment is not complete.", "warn")
    if not subscription.past_due:
        return None
    level = access_level(subscription, now)
    if level == AccessLevel.BLOCKED:
        return Banner(
            "Your plan is blocked.", "An invoice has not been paid. Pay it to use your plan again.", "bad"
        )
    step_at = next_step_at(subscription, now)
    until = f" If it is not paid, {NEXT_STEP[level]} on {day(step_at)}." if step_at is not None else ""
    title = "Your last payment failed." if level == AccessLevel.WARN else "Your plan is read-only."
    return Banner(title, f"An invoice has not been paid. Please check your payment method.{until}", "bad")


def _paused(subscription: Subscription, pause: Pause | None, pay_url: str | None) -> Banner | None:
    if subscription.status != Status.PAUSED:
        return None
    meanwhile = "You can look at everything, but change nothing."
    if pause is not None and pause.is_ending:
        action = (pay_url, "See what is due") if pay_url is not None else (None, None)
        return Banner(
            "Your plan is still paused.",
            f"It goes on as soon as its invoice is paid. {meanwhile}",
            "warn",
            *action,
        )
    until = f" It goes on by itself on {day(pause.until)}." if pause is not None else ""
    if pause is not None and pause.was_unpaid:
        until = " The invoice for going on was not paid, so it stays paused until you go on with it."
    return Banner("Your plan is paused.", f"{meanwhile} There are no invoices for it.{until}", "warn")


def _ending(subscription: Subscription) -> Banner | None:
    if subscription.ends_at is None or not subscription.is_live:
        return None
    return Banner(
        f"Your plan ends on {day(subscription.ends_at)}.",
        "Until then everything stays as it is. Afterwards you are on the free plan.",
        "warn",
    )


def _trial(subscription: Subscription) -> Banner | None:
    if not subscription.on_trial or subscription.trial_end_at is None or subscription.ends_at is not None:
        return None
    return Banner(
        f"Your free trial ends on {day(subscription.trial_end_at)}.",
        "Your plan then starts by itself.",
        "info",
    )
