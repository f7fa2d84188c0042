"""Real things for addresses and forms that name one: a fresh object of Northwind Labs each time, by endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import sqlalchemy as sa

from portal.accounts.models import OneTimeToken, UserSession
from portal.accounts.reset import PURPOSE
from portal.api_keys.models import ApiKey
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.gateway import current_gateway
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.kit.ids import digest, new_secret
from portal.mail.models import OutgoingMail
from portal.subscriptions.checkout import Choice
from portal.subscriptions.queries import current_subscription
from portal.subscriptions.quotes import quote_by_id
from portal.sync.changes import quote_plan
from portal.sync.seats import quote_seats
from portal.tenants.models import Invitation, Membership, Role
from tests.fixtures.cast import Cast, new_user

_number = count(1)
Values = dict[str, str]


@dataclass(frozen=True)
class Target:
    """An address, and what a form posts to it."""

    address: str
    form: Values = field(default_factory=dict)


def _member(cast: Cast) -> Values:
    user = new_user(
        "Cole Colleague", f"colleague-{next(_number)}@northwind.example.com", cast.tenant, Role.MEMBER
    )
    found = db.session.scalars(sa.select(Membership).where(Membership.user_id == user.id)).one()
    return {"public_id": found.public_id}


def _invitation(cast: Cast, secret: str) -> Invitation:
    made = Invitation(
        tenant_id=cast.tenant.id,
        email=f"invited-{next(_number)}@northwind.example.com",
        role=Role.MEMBER,
        token_digest=digest(secret),
        invited_by_id=cast.owner.id,
        expires_at=utcnow() + timedelta(days=1),
    )
    db.session.add(made)
    db.session.commit()
    return made


def _open_invitation(cast: Cast) -> Values:
    return {"public_id": _invitation(cast, new_secret()).public_id}


def _invitation_link(cast: Cast) -> Values:
    secret = new_secret()
    _invitation(cast, secret)
    return {"token": secret}


def _reset_link(cast: Cast) -> Values:
    secret = new_secret()
    row = OneTimeToken(
        user_id=cast.member.id,
        purpose=PURPOSE,
        token_digest=digest(secret),
        expires_at=utcnow() + timedelta(hours=1),
    )
    db.session.add(row)
    db.session.commit()
    return {"token": secret}


def _api_key(cast: Cast) -> Values:
    made = ApiKey(
        tenant_id=cast.tenant.id,
        name="Made for this",
        prefix="pk_test",
        digest=digest(new_secret()),
        created_by_id=cast.owner.id,
    )
    db.session.add(made)
    db.session.commit()
    return {"public_id": made.public_id}


def _quote(cast: Cast) -> Values:
    return {"public_id": quote_seats(cast.tenant.id, 4 + next(_number), cast.owner.id).public_id}


def _plan_quote(cast: Cast) -> Values:
    # By turns, so that there is another way to go after one was confirmed.
    choice = Choice("enterprise", ("month", "year")[next(_number) % 2], 9)
    return {"public_id": quote_plan(cast.tenant.id, choice, cast.owner.id).public_id}


def _awaited_payment(cast: Cast) -> Values:
    quote = _quote(cast)["public_id"]
    change = Intent(
        kind="seats",
        tenant_id=cast.tenant.id,
        params={"quote": quote},
        result={},
        state=IntentState.WAITING,
        stripe_id="in_awaited",
        expires_at=utcnow() + timedelta(hours=23),
    )
    db.session.add(change)
    db.session.commit()
    return {"public_id": quote}


def _paid_checkout(cast: Cast) -> Values:
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    stripe_id = str(customer.stripe_id)
    db.session.commit()
    session = current_gateway().call(
        "test.checkout",
        lambda client: client.v1.checkout.sessions.create(
            {"mode": "setup", "currency": "usd", "customer": stripe_id, "success_url": "https://example.com"}
        ),
    )
    done = Intent(
        kind="checkout", tenant_id=cast.tenant.id, params={}, state=IntentState.DONE, stripe_id=session.id
    )
    db.session.add(done)
    db.session.commit()
    return {"session_id": session.id}


def _session_of_the_owner(cast: Cast) -> Values:
    made = UserSession(user_id=cast.owner.id, token_digest=digest(new_secret()))
    db.session.add(made)
    db.session.commit()
    return {"public_id": made.public_id}


def _mail(cast: Cast) -> Values:
    made = OutgoingMail(
        tenant_id=cast.tenant.id,
        name="invitation",
        to_address="owner@northwind.example.com",
        subject="Hello",
        text="Hello",
        html="<p>Hello</p>",
    )
    db.session.add(made)
    db.session.commit()
    return {"public_id": made.public_id}


def _tenant(cast: Cast) -> Values:
    return {"public_id": cast.tenant.public_id}


def _live_subscription(cast: Cast) -> Values:
    found = current_subscription(cast.tenant.id)
    assert found is not None
    return {**_tenant(cast), "stripe_id": found.stripe_id}


def _differing_quote(cast: Cast) -> Values:
    quote = quote_by_id(cast.tenant.id, _quote(cast)["public_id"], "seats")
    quote.charged_amount, quote.confirmed_at = quote.due_now_amount + 1, utcnow()
    db.session.commit()
    return {**_tenant(cast), "quote_public_id": quote.public_id}


MAKERS: dict[str, Callable[[Cast], Values]] = {
    "accounts.end_session": _session_of_the_owner,
    "accounts.reset": _reset_link,
    "api_keys.revoke": _api_key,
    "invoices.check_payment": _awaited_payment,
    "invoices.give_up_payment": _awaited_payment,
    "invoices.payment": _awaited_payment,
    "mailbox.show": _mail,
    "operator.cases": lambda _cast: {"kind": "jobs"},
    "operator.close_plan": _tenant,
    "operator.end_now": _live_subscription,
    "operator.open_plan": _tenant,
    "operator.reopen_usage": _tenant,
    "operator.review_charge": _differing_quote,
    "operator.sync": _tenant,
    "operator.tenant": _tenant,
    "plans.confirm": _plan_quote,
    "plans.review": _plan_quote,
    "seats.confirm": _quote,
    "seats.review": _quote,
    "static": lambda _cast: {"filename": "css/base.css"},
    "subscriptions.checkout_return": _paid_checkout,
    "team.accept": _invitation_link,
    "team.give_role": _member,
    "team.member": _member,
    "team.remove": _member,
    "team.revoke_invitation": _open_invitation,
    "team.send_again": _open_invitation,
}


# What a form must name to be about something.
FORMS: dict[str, Callable[[Cast], Values]] = {
    "seats.assign": lambda cast: {"member": _member(cast)["public_id"]},
    "seats.release": lambda cast: {"member": _member(cast)["public_id"]},
}


def target_of(cast: Cast, endpoint: str) -> Target:
    """Return an address of the endpoint about Northwind Labs, and the form for it. Raises BuildError if the rule
    needs a value nobody makes here: give MAKERS a row."""
    values = MAKERS[endpoint](cast) if endpoint in MAKERS else {}
    rules = [rule for rule in cast.app.url_map.iter_rules() if rule.endpoint == endpoint]
    if any("slug" in rule.arguments for rule in rules):
        values = {"slug": cast.tenant.slug, **values}
    address = str(cast.app.url_map.bind("127.0.0.1:8000").build(endpoint, values))
    return Target(address, FORMS[endpoint](cast) if endpoint in FORMS else {})
