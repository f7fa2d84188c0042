"""The path through Checkout, in however many tabs: at most one session of a tenant is open, so that at most one can
be paid. Before another is opened, the one before is expired; if it was paid in that very moment, it wins."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from portal.audit.record import record
from portal.customers.ensure import ensure_customer
from portal.gateway import current_gateway, subscriptions
from portal.gateway.errors import GatewayError, GatewayMissing, GatewayRefused, GatewayUnavailable
from portal.gateway.snapshots import CheckoutSnapshot
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.intents.queries import checkout_of_session, unfinished_checkout
from portal.jobs.queue import mark
from portal.kit.errors import Conflict, NotFound
from portal.subscriptions.checkout import AlreadySubscribed, Choice, WayBack, checkout_intent
from portal.subscriptions.complete import complete_intent
from portal.sync.intents import carry_out, refresh
from portal.tenants.models import Tenant
from portal.web.unit_of_work import unit_of_work

CLOSING_TRIES = 3
"""Another tab may open a checkout between our look and our closing it. If that goes on, the last tab wins."""


class OpenedElsewhere(Conflict):
    """Another tab opened a checkout while this one was being opened; only one may be open."""

    code = "checkout_opened_elsewhere"
    public_message = "Another checkout was opened in the same moment. Please choose your plan again."


class StillOpen(Conflict):
    """The session can still be paid; the job looks again later."""

    code = "checkout_still_open"


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of a checkout: `state` is complete, open, expired, or unknown when Stripe did not answer;
    `is_synced` tells whether pages show it already."""

    state: str
    is_synced: bool


def start_checkout(tenant: Tenant, choice: Choice, way_back: WayBack, actor_user_id: int) -> str:
    """Return the address of a hosted page on which the choice can be paid. Call it outside any transaction.

    Raises AlreadySubscribed (also when an earlier session turns out to be paid), OpenedElsewhere, the refusals of
    `checkout_intent`, and the gateway's errors.
    """
    customer = ensure_customer(tenant.id)
    for _ in range(CLOSING_TRIES):
        with unit_of_work():
            before = unfinished_checkout(tenant.id)
        if before is None:
            break
        close_checkout(before)
    try:
        with unit_of_work():
            intent = checkout_intent(tenant, customer, choice, way_back, actor_user_id)
    except IntegrityError as error:
        raise OpenedElsewhere(tenant.slug) from error
    carried = carry_out(intent)
    if carried.state != IntentState.WAITING:
        raise OpenedElsewhere(tenant.slug)
    return carried.hosted_url


def close_checkout(intent: Intent) -> None:
    """Make sure that an unfinished checkout can no longer be paid, or take note that it was. Does nothing if it has
    moved on since the caller read it: the caller looks again.

    Raises AlreadySubscribed if it was paid but the mirror could not be brought up to date, and GatewayUnavailable
    when nobody can tell. If it was paid and synced, the caller finds the subscription in the mirror.
    """
    if intent.stripe_id is None:
        # Its session, if there is one, has an address that nobody was given yet; and nobody will be, unless the
        # intent is no longer open because its own request was faster.
        _end(intent, IntentState.ABANDONED, "replaced", seen=IntentState.OPEN)
        return
    session = _expired(intent.stripe_id)
    if session is not None and session.status == "complete":
        if not _settle(intent, session):
            raise AlreadySubscribed(intent.stripe_id)
        return
    _end(intent, IntentState.ABANDONED, "replaced")


def return_from_checkout(tenant_id: int, session_stripe_id: str) -> Returned:
    """Take note of how a checkout ended, and sync at once. Call it outside any transaction.

    Which tenant a session belongs to is known from our own intent row, not from what the address says. Raises
    NotFound for a session that is not this tenant's.
    """
    with unit_of_work():
        intent = checkout_of_session(tenant_id, session_stripe_id)
    if intent is None:
        raise NotFound(f"no checkout {session_stripe_id!r} of tenant {tenant_id}")
    try:
        session = subscriptions.retrieve_checkout(current_gateway(), session_stripe_id)
    except GatewayUnavailable:
        with unit_of_work():
            # The look that was planned for the end of the session is wanted as soon as Stripe answers again.
            mark("checkout.settle", f"checkout.settle:{intent.public_id}", {"intent_id": intent.id})
        return Returned("unknown", is_synced=False)
    return Returned(session.status, is_synced=_settle(intent, session))


def settle_checkout(intent_id: int) -> None:
    """Look what became of a checkout whose page has run out, for the case that nobody came back from it."""
    with unit_of_work():
        intent = write.lock(intent_id)
    if intent is None or intent.state != IntentState.WAITING or intent.stripe_id is None:
        return
    try:
        session = subscriptions.retrieve_checkout(current_gateway(), intent.stripe_id)
    except GatewayMissing:
        _end(intent, IntentState.ABANDONED, "session_missing")
        return
    if session.status == "open":
        raise StillOpen(intent.stripe_id)
    _settle(intent, session)


def _expired(session_stripe_id: str) -> CheckoutSnapshot | None:
    """Expire a session, and return it as it is after that; None if it does not exist."""
    gateway = current_gateway()
    try:
        return subscriptions.expire_checkout(gateway, session_stripe_id)
    except GatewayMissing:
        return None
    except GatewayRefused:
        # Only an open session can be expired: this one was paid or has run out in the meantime.
        return subscriptions.retrieve_checkout(gateway, session_stripe_id)


def _settle(intent: Intent, session: CheckoutSnapshot) -> bool:
    """Write down how a session ended, and sync if it was paid; tell whether the mirror shows it."""
    if session.status == "open":
        return True
    if session.status == "expired":
        _end(intent, IntentState.ABANDONED, "expired")
        return True
    completing = _end(intent, IntentState.DONE, "", subscription=session.subscription_stripe_id)
    if completing is not None:
        # Refused or unanswered: the subscription is there all the same, and the job goes on with what it lacks.
        with suppress(GatewayError):
            carry_out(completing)
    return refresh(intent.tenant_id)


def _end(
    intent: Intent,
    state: IntentState,
    code: str,
    *,
    seen: IntentState = IntentState.WAITING,
    subscription: str | None = None,
) -> Intent | None:
    """End an intent that is still in the state in which the caller saw it; return the one that completes the
    `subscription` it made, if that lacks something."""
    with unit_of_work():
        current = write.lock(intent.id)
        if current is None or current.state != seen:
            return None
        if state == IntentState.DONE:
            write.finish(current, {"session": current.stripe_id})
        else:
            write.abandon(current, code)
        record(
            "checkout.completed" if state == IntentState.DONE else "checkout.closed",
            tenant_id=current.tenant_id,
            object_type="intent",
            object_id=current.public_id,
            plan=current.params["plan"],
        )
        if subscription is None or not current.params["after"]:
            return None
        return complete_intent(current, subscription)
