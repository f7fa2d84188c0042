"""Carries out what an admin wants of Stripe: the call with the intent's idempotency key and no transaction open,
then its outcome in one transaction, then a sync. Whatever stops it in between leaves an intent that the job
`intents.finish` brings to an end with the same key, so that nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from portal.audit.record import record
from portal.customers.models import Customer
from portal.customers.queries import customer_of
from portal.gateway import current_gateway
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayError, GatewayUnavailable
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.seats import confirm as seats
from portal.subscriptions import (
    cancel,
    cancel_now,
    checkout,
    complete,
    confirm_change,
    pause,
    retention,
    waiting_payment,
)
from portal.sync.customer import sync_customer
from portal.sync.details import sync_details
from portal.sync.fence import is_written_soon
from portal.sync.mark import mark_customer, mark_details
from portal.sync.usage import report_tenant
from portal.web.unit_of_work import unit_of_work

log = structlog.get_logger("intents")


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one kind of intent is carried out.

    `call` asks Stripe, using nothing but the intent's params, and returns a small JSON object. `settle` writes the
    outcome: the intent's new state and the audit row. `is_retried`: the job asks again when Stripe did not answer;
    not for a hosted page, whose address nobody is waiting for any more. `discard` takes back an answer that came
    after the intent was given up. `bills_usage`: a last invoice for what was used comes with it, so Stripe is told of
    the hour that runs before. `moves_preview`: of all that we mirror only the preview of the next invoice shows it.
    """

    call: Callable[[Gateway, Intent], dict[str, Any]]
    settle: Callable[[Intent, dict[str, Any]], None]
    is_retried: bool = True
    discard: Callable[[Gateway, dict[str, Any]], None] | None = None
    bills_usage: bool = False
    moves_preview: bool = False


CARRIERS: dict[str, Carrier] = {
    "checkout": Carrier(checkout.call, checkout.settle, is_retried=False, discard=checkout.discard),
    "cancel": Carrier(cancel.call, cancel.settle),
    "cancel_now": Carrier(cancel_now.call, cancel_now.settle, bills_usage=True),
    "seats": Carrier(seats.call, seats.settle),
    "resume": Carrier(cancel.call, cancel.settle),
    "change": Carrier(confirm_change.call, confirm_change.settle),
    "keep": Carrier(confirm_change.call_keep, confirm_change.settle_keep),
    "replan": Carrier(seats.call_replan, write.finish),
    "complete": Carrier(complete.call, write.finish),
    "pause": Carrier(pause.call, pause.settle, bills_usage=True),
    "unpause": Carrier(pause.call_unpause, pause.settle_unpause),
    "retention": Carrier(retention.call, retention.settle, moves_preview=True),
    "give_up": Carrier(waiting_payment.call, waiting_payment.settle),
}


class OutcomeUnknown(GatewayUnavailable):
    """Stripe did not answer a change. The intent stays open; the job asks again with the same key."""

    code = "outcome_unknown"
    public_message = (
        "Our payment provider is not answering right now. Your request is saved: we keep trying for an hour and "
        "make the change once. You do not need to send it again."
    )


def carry_out(intent: Intent) -> Intent:
    """Carry out a committed intent and return it in its new state. Call it outside any transaction.

    Raises OutcomeUnknown (GatewayUnavailable for a kind that is not retried) while nobody can tell what Stripe did, and
    CardDeclined, GatewayRefused or another gateway error after writing down that the intent failed. `intent.is_synced`
    tells whether the mirror shows the result already; if not, the sync is marked and the worker does it.
    """
    carrier = CARRIERS[intent.kind]
    if carrier.bills_usage:
        _tell_usage(intent.tenant_id)
    try:
        result = carrier.call(current_gateway(), intent)
    except GatewayUnavailable as error:
        if not carrier.is_retried:
            raise
        raise OutcomeUnknown(str(error)) from error
    except GatewayError as error:
        with unit_of_work():
            _settle_refusal(intent, error)
        raise
    with unit_of_work():
        current = write.lock(intent.id)
        assert current is not None
        # The job and the request may both get here, with the same answer of Stripe's; one of them writes it down.
        if current.state == IntentState.OPEN:
            carrier.settle(current, result)
        customer = customer_of(intent.tenant_id)
        assert customer is not None
        mark_customer(customer.id, intent.tenant_id)
        if carrier.moves_preview:
            mark_details(customer.id, intent.tenant_id)
    if current.state == IntentState.ABANDONED and carrier.discard is not None:
        # Nobody learns of what was made, so a failure to take it back does no harm.
        with suppress(GatewayError):
            carrier.discard(current_gateway(), result)
    elif not current.hosted_url:
        current.is_synced = try_sync(customer, trigger="change")
        if carrier.moves_preview:
            _try_details(customer)
    return current


def _tell_usage(tenant_id: int) -> None:
    """Report what was used until now. Whatever hinders that must not keep a plan from ending."""
    try:
        report_tenant(tenant_id, include_open=True)
    except GatewayError as error:
        log.warning("last_usage_not_told", tenant=tenant_id, reason=str(error))


def try_sync(customer: Customer, *, trigger: str) -> bool:
    """Sync now and tell whether the mirror shows it; if not, the marked job does it later. What was changed stays
    changed."""
    try:
        outcome = sync_customer(customer.id, trigger=trigger)
    except GatewayError as error:
        log.warning("sync_left_to_the_worker", customer=customer.id, reason=str(error))
        return False
    # Whoever overtook us asks Stripe after us, so what they write is what this person waits to see.
    return outcome.outcome != "overtaken" or is_written_soon(customer.id, outcome.ticket)


def refresh(tenant_id: int, *, trigger: str = "return") -> bool:
    """Sync everything about a tenant now, because a person comes back from Stripe's page or asks for it; tell whether
    the mirror shows it.

    What Stripe does not answer is left to the worker. Call it outside any transaction.
    """
    with unit_of_work():
        customer = customer_of(tenant_id)
        if customer is None or customer.stripe_id is None:
            return False
        mark_customer(customer.id, tenant_id)
        mark_details(customer.id, tenant_id)
    if not try_sync(customer, trigger=trigger):
        return False
    _try_details(customer)
    return True


def _try_details(customer: Customer) -> None:
    try:
        sync_details(customer.id)
    except GatewayError as error:
        log.warning("details_left_to_the_worker", customer=customer.id, reason=str(error))


def finish_open(intent_id: int) -> None:
    """Bring an intent to its end that was left open: carry it on, or give it up once it is too old.

    Raises OutcomeUnknown to be tried again later. Does nothing for an intent that is not open.
    """
    with unit_of_work():
        intent = write.lock(intent_id)
        if intent is None or intent.state != IntentState.OPEN:
            return
        too_old = intent.expires_at is not None and intent.expires_at <= utcnow()
        if too_old or not CARRIERS[intent.kind].is_retried:
            _give_up(intent)
            return
    try:
        carry_out(intent)
    except OutcomeUnknown:
        raise
    except GatewayError as error:
        log.info("intent_refused", intent=intent.public_id, code=error.code)


def _give_up(intent: Intent) -> None:
    write.abandon(intent, "outcome_unknown")
    record(
        f"{intent.kind}.given_up",
        tenant_id=intent.tenant_id,
        object_type="intent",
        object_id=intent.public_id,
    )
    customer = customer_of(intent.tenant_id)
    assert customer is not None
    mark_customer(customer.id, intent.tenant_id)


def _settle_refusal(intent: Intent, error: GatewayError) -> None:
    current = write.lock(intent.id)
    if current is None or current.state != IntentState.OPEN:
        return
    write.fail(current, error.stripe_code or error.code)
    record(
        f"{intent.kind}.refused",
        tenant_id=intent.tenant_id,
        object_type="intent",
        object_id=intent.public_id,
        reason=error.stripe_code or error.code,
    )
    # What Stripe refuses here was allowed by our mirror, which may have fallen behind.
    customer = customer_of(intent.tenant_id)
    assert customer is not None
    mark_customer(customer.id, intent.tenant_id)
