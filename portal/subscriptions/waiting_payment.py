"""A change whose payment the card's bank wants confirmed: it waits at Stripe, nothing has changed and nothing is
charged until its invoice is paid. A person confirms it on Stripe's page or gives it up; after 23 hours Stripe does."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.gateway import invoices
from portal.gateway.client import Gateway
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.clock import from_unix
from portal.kit.errors import Conflict, NotFound
from portal.kit.ids import is_public_id
from portal.subscriptions.quotes import refuse_while_changing

KINDS = ("change", "seats")
"""The intents that apply a quote, and may have to wait for its payment."""


class NothingAwaited(Conflict):
    """The payment was confirmed or given up in the meantime."""

    code = "nothing_awaited"
    public_message = "This change no longer waits for a payment."


def waits(intent: Intent, result: dict[str, Any]) -> bool:
    """Tell whether a change that was carried out waits for its payment, and write that down."""
    if result.get("waits_until") is None:
        return False
    write.wait(intent, result, stripe_id=result["invoice"], expires_at=from_unix(result["waits_until"]))
    record(
        f"{intent.kind}.awaits_payment",
        tenant_id=intent.tenant_id,
        object_type="invoice",
        object_id=result["invoice"],
        actor="stripe",
    )
    return True


def intent_of(tenant_id: int, quote_public_id: str, *, lock: bool = False) -> Intent:
    """Return the intent that applied a quote. Raises NotFound, also for another tenant's or one never confirmed."""
    if not is_public_id(quote_public_id):
        raise NotFound("not the form of a quote's id")
    statement = (
        sa.select(Intent)
        .where(
            Intent.tenant_id == tenant_id,
            Intent.kind.in_(KINDS),
            Intent.params["quote"].as_string() == quote_public_id,
        )
        .order_by(Intent.id.desc())
        .limit(1)
    )
    found = db.session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound(f"quote {quote_public_id!r} of tenant {tenant_id} was not confirmed")
    return found


def give_up_intent(tenant_id: int, quote_public_id: str, actor_user_id: int) -> Intent:
    """Write the intent to give a waiting change up. Raises NotFound, NothingAwaited, or ChangeUnderWay while it is
    being given up already."""
    change = intent_of(tenant_id, quote_public_id, lock=True)
    if change.state != IntentState.WAITING:
        raise NothingAwaited(quote_public_id)
    refuse_while_changing(tenant_id, ("give_up",))
    params = {"invoice": change.stripe_id, "quote": quote_public_id}
    return write.open_intent("give_up", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Void the invoice, which is what the change waits for."""
    invoices.void(gateway, intent.params["invoice"], key=intent.idempotency_key)
    return {}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that it was given up. The change itself ends with the sync that sees its invoice void."""
    write.finish(intent, result)
    record(
        "change.given_back",
        tenant_id=intent.tenant_id,
        object_type="invoice",
        object_id=intent.params["invoice"],
    )
