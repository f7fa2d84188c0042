"""Ending, keeping, pausing and resuming a subscription in the Customer Portal, as its configuration allows."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.attributes import last_period_end
from portal.emulator.billing.ending import cancel_now
from portal.emulator.billing.pausing import pause as pause_now
from portal.emulator.billing.resuming import resume as resume_now
from portal.emulator.billing.updating import update_subscription
from portal.emulator.pages.checkout_summary import reduction
from portal.emulator.pages.portal_home import show
from portal.emulator.pages.portal_visit import Visit, finish, open_visit, subscription_of
from portal.emulator.pages.render import page, see
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
                update_subscription(tx, sub, {"discounts": [{"coupon": coupon["id"]}]})
            return finish(tx, visit, "subscription_cancel", "offer")
        details = _details(feature, request)
        if feature["mode"] == "immediately":
            behavior = feature["proration_behavior"]
            params = {"prorate": behavior != "none", "invoice_now": behavior == "always_invoice"}
            cancel_now(tx, sub, {**params, "cancellation_details": details})
        else:
            update_subscription(tx, sub, {**_at_the_end(sub), "cancellation_details": details})
        return finish(tx, visit, "subscription_cancel", "canceled")


def keep(emulator: Emulator, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Take a cancellation that lies ahead back."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature("subscription_cancel")
        update_subscription(tx, subscription_of(tx, visit, subscription_id), {"cancel_at": ""})
        return see(f"{visit.home}?done=kept")


def pause(emulator: Emulator, request: Request, session_id: str, subscription_id: str) -> Response:
    """Ask whether to pause, or pause until the customer resumes."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature("subscription_pause")
        sub = subscription_of(tx, visit, subscription_id)
        if request.method == "GET":
            return page("portal_pause.html", visit=visit, shown=show(tx, visit, sub))
        pause_now(tx, sub, {})
        return finish(tx, visit, "subscription_pause", "paused")


def resume(emulator: Emulator, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Resume a paused subscription; its new period begins and is charged now."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature("subscription_pause")
        sub = subscription_of(tx, visit, subscription_id)
        resume_now(tx, sub, {"payment_behavior": "resume_on_payment_success"})
        return see(f"{visit.home}?done=resumed")


def _at_the_end(sub: StripeDict) -> dict[str, Any]:
    """Let a subscription end when everything it has paid for is over."""
    if sub["billing_mode"]["type"] == "classic":
        return {"cancel_at_period_end": True}
    return {"cancel_at": "max_period_end"}


def _ask(tx: Transaction, visit: Visit, sub: StripeDict, feature: StripeDict) -> Response:
    reason = feature["cancellation_reason"]
    coupon = _offer(tx, visit)
    return page(
        "portal_cancel.html",
        visit=visit,
        shown=show(tx, visit, sub),
        at_once=feature["mode"] == "immediately",
        ends_at=sub["trial_end"] if sub["status"] == "trialing" else last_period_end(sub),
        reasons={name: _REASONS[name] for name in reason["options"]} if reason["enabled"] else {},
        offer=reduction(coupon) if coupon is not None else None,
    )


def _offer(tx: Transaction, visit: Visit) -> StripeDict | None:
    """Return the coupon that is offered to somebody who stays."""
    step = (visit.flow or {}).get("subscription_cancel") or {}
    retention = step.get("retention")
    return tx.get("coupon", retention["coupon_offer"]["coupon"]) if retention else None


def _details(feature: StripeDict, request: Request) -> dict[str, Any]:
    reason = feature["cancellation_reason"]
    chosen = request.form.get("reason", "")
    details: dict[str, Any] = {}
    if reason["enabled"] and chosen in reason["options"]:
        details["feedback"] = chosen
    comment = request.form.get("comment", "").strip()[:_LONGEST_COMMENT]
    if reason["enabled"] and comment:
        details["comment"] = comment
    return details
