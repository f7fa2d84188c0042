"""Ending, keeping, pausing and resuming a subscription in the Customer Portal, as its configuration allows."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.attributes import last_period_end
from portal.emulator.billing.ending import cancel_now
from portal.emulator.billing.pausing import pause as pause_now
from portal.emulator.billing.periods import Cadence, after
from portal.emulator.billing.resuming import resume as resume_now
from portal.emulator.billing.timed_pause import pause_until
from portal.emulator.billing.updating import update_subscription
from portal.emulator.pages import words
from portal.emulator.pages.checkout_summary import reduction
from portal.emulator.pages.portal_home import show
from portal.emulator.pages.portal_planned import withdraw_change
from portal.emulator.pages.portal_visit import Visit, finish, open_visit, subscription_of
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.feedback_options import OPTION
from portal.emulator.transaction import StripeDict, Transaction

_LONGEST_COMMENT: Final = 1000
_REASONS: Final = {
    "too_expensive": "It is too expensive",
    "missing_features": "It lacks something I need",
    "switched_service": "I found another product",
    "unused": "I do not use it enough",
    "customer_service": "Customer service was not good enough",
    "too_complex": "It is too hard to use",
    "low_quality": "Its quality is not good enough",
    "other": "Another reason",
}


def cancel(emulator: Emulator, request: Request, session_id: str, subscription_id: str) -> Response:
    """Ask whether and why, or cancel: at the period's end or at once, as configured."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        feature = visit.feature("subscription_cancel")
        sub = subscription_of(tx, visit, subscription_id)
        if request.method == "GET":
            return _ask(tx, visit, sub, feature)
        if request.form.get("answer") == "offer":
            coupon = _offer(tx, visit)
            if coupon is not None:
                kept = [{"discount": discount_id} for discount_id in sub["discounts"]]
                update_subscription(tx, sub, {"discounts": [*kept, {"coupon": coupon["id"]}]})
            return finish(tx, visit, "subscription_cancel", "offer")
        details = _details(tx, feature, request)
        if _ends_at_once(sub, feature):
            behavior = feature["proration_behavior"]
            params = {"prorate": behavior != "none", "invoice_now": behavior == "always_invoice"}
            cancel_now(tx, sub, {**params, "cancellation_details": details})
        else:
            update_subscription(tx, sub, {**_at_the_end(sub), "cancellation_details": details})
        return finish(tx, visit, "subscription_cancel", "canceled")


def keep(emulator: Emulator, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Take a cancellation, or a change of the plan, that lies ahead back."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        sub = subscription_of(tx, visit, subscription_id)
        if sub["cancel_at"] is not None:
            visit.feature("subscription_cancel")
            update_subscription(tx, sub, {"cancel_at": ""})
        else:
            visit.feature("subscription_update")
            withdraw_change(tx, sub)
        return see(f"{visit.home}?done=kept")


def pause(emulator: Emulator, request: Request, session_id: str, subscription_id: str) -> Response:
    """Ask whether and for how long to pause, or pause: until the customer resumes, or as long as they chose."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        feature = visit.feature("subscription_pause")
        sub = subscription_of(tx, visit, subscription_id)
        ends = _pause_ends(feature["duration"], tx.now(sub))
        if request.method == "GET":
            return page("portal_pause.html", visit=visit, shown=show(tx, visit, sub), ends=ends)
        if not ends:
            pause_now(tx, sub, {})
        else:
            chosen = request.form.get("ends", "")
            if chosen not in ends:
                text = "Choose one of the pauses on offer."
                raise NotHere("Choose how long", text, status=422, link=visit.way_home)
            pause_until(tx, sub, ends[chosen])
        return finish(tx, visit, "subscription_pause", "paused")


def _pause_ends(duration: StripeDict, now: int) -> dict[str, int]:
    """Give the instants at which a pause may end, by their words; none where the customer ends it."""
    if duration["type"] != "interval_options":
        return {}
    return {
        words.interval(option): after(now, Cadence(option["interval"], option["interval_count"]))
        for option in duration["interval_options"]
    }


def resume(emulator: Emulator, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Resume a paused subscription; its new period begins and is charged now, and until it is paid it stays paused."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature("subscription_pause")
        sub = subscription_of(tx, visit, subscription_id)
        resumed = resume_now(tx, sub, {"payment_behavior": "resume_on_payment_success"})
        return see(visit.home if resumed["status"] == "paused" else f"{visit.home}?done=resumed")


def _at_the_end(sub: StripeDict) -> dict[str, Any]:
    """Let a subscription end when everything it has paid for is over."""
    if sub["billing_mode"]["type"] == "classic":
        return {"cancel_at_period_end": True}
    return {"cancel_at": "max_period_end"}


def _ends_at_once(sub: StripeDict, feature: StripeDict) -> bool:
    """Say whether cancelling takes effect now: as configured, and where no paid period is running."""
    return feature["mode"] == "immediately" or sub["status"] in ("incomplete", "paused")


def _ask(tx: Transaction, visit: Visit, sub: StripeDict, feature: StripeDict) -> Response:
    coupon = _offer(tx, visit)
    return page(
        "portal_cancel.html",
        visit=visit,
        shown=show(tx, visit, sub),
        at_once=_ends_at_once(sub, feature),
        ends_at=sub["trial_end"] if sub["status"] == "trialing" else last_period_end(sub),
        reasons=_reasons(tx, feature),
        offer=reduction(coupon) if coupon is not None else None,
    )


def _offer(tx: Transaction, visit: Visit) -> StripeDict | None:
    """Return the coupon that is offered to somebody who stays."""
    step = (visit.flow or {}).get("subscription_cancel") or {}
    retention = step.get("retention")
    return tx.get("coupon", retention["coupon_offer"]["coupon"]) if retention else None


def _reasons(tx: Transaction, feature: StripeDict) -> dict[str, str]:
    """Word the reasons a customer may give: Stripe's and the merchant's own; none where nobody asks."""
    reason = feature["cancellation_reason"]
    if not reason["enabled"]:
        return {}
    own = [tx.get(OPTION, option_id) for option_id in reason["feedback_options"]]
    offered = {
        option["id"]: option["description"] for option in own if option and option["status"] == "active"
    }
    return {**{name: _REASONS[name] for name in reason["options"]}, **offered}


def _details(tx: Transaction, feature: StripeDict, request: Request) -> dict[str, Any]:
    details: dict[str, Any] = {}
    chosen = request.form.get("reason", "")
    if chosen in _reasons(tx, feature):
        details["feedback" if chosen in _REASONS else "feedback_option"] = chosen
    comment = request.form.get("comment", "").strip()[:_LONGEST_COMMENT]
    if feature["cancellation_reason"]["enabled"] and comment:
        details["comment"] = comment
    return details
