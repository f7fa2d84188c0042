"""Which pages there are, who opens each of them and at which address: one row for every endpoint that answers GET with
a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal.accounts.models import User
from portal.accounts.reset import request_reset
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.mail.models import OutgoingMail
from portal.subscriptions.change import terms_of
from portal.subscriptions.checkout import Choice
from portal.subscriptions.queries import current_subscription
from portal.sync.changes import quote_plan
from portal.sync.seats import quote_seats
from portal.tenants.invite import invite
from portal.tenants.models import Membership, Role, Tenant
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.server import MEMBER, OPERATOR, OWNER, Site

# Endpoints that answer GET with something other than a page: JSON, files, or always a redirect.
NO_PAGES = {
    "static",
    "healthz",
    "readyz",
    "accounts.home",
    "api.entitlements",
    "api.usage",
    "subscriptions.checkout_return",
    "customers.portal_return",
}


@dataclass(frozen=True)
class PageOf:
    """A page: its address as a rule with values, and whose browser opens it (None: nobody's)."""

    rule: str
    visitor: str | None = OWNER
    values: Callable[[Site], dict[str, Any]] = lambda _site: {}

    def path(self, site: Site) -> str:
        """Return the address on a running site."""
        with site.app.app_context():
            return self.rule.format(slug=site.slug, **self.values(site))


def page_endpoints(app: Portal) -> set[str]:
    """Return the endpoints that answer GET with a page."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES
    }


def _newest_mail(_site: Site) -> dict[str, Any]:
    return {"mail": db.session.scalars(sa.select(OutgoingMail.public_id).limit(1)).one()}


def _a_member(_site: Site) -> dict[str, Any]:
    return {
        "member": db.session.scalars(
            sa.select(Membership.public_id).order_by(Membership.id.desc()).limit(1)
        ).one()
    }


def _link_to_reset(_site: Site) -> dict[str, Any]:
    with unit_of_work():
        request_reset(MEMBER)
    return {"token": _token_in("reset")}


def _link_to_join(_site: Site) -> dict[str, Any]:
    with unit_of_work():
        owner = db.session.scalars(sa.select(Membership).join(User).where(User.email == OWNER)).one()
        invite(owner, email="nadia@northwind.example.com", role=Role.MEMBER, with_seat=False)
    return {"token": _token_in("invitation")}


def _token_in(mail: str) -> str:
    newest = sa.select(OutgoingMail.text).where(OutgoingMail.name == mail).order_by(OutgoingMail.id.desc())
    found = re.search(r"https?://\S+/(\S+)", db.session.scalars(newest.limit(1)).one())
    assert found
    return found.group(1)


def _a_quote(_site: Site) -> dict[str, Any]:
    owner = db.session.scalars(sa.select(Membership).join(User).where(User.email == OWNER)).one()
    tenant_id, owner_id = owner.tenant_id, owner.user_id
    db.session.rollback()
    return {"quote": quote_seats(tenant_id, 17, owner_id).public_id}


def _a_change(_site: Site) -> dict[str, Any]:
    owner = db.session.scalars(sa.select(Membership).join(User).where(User.email == OWNER)).one()
    tenant_id, owner_id = owner.tenant_id, owner.user_id
    subscription, terms = terms_of(tenant_id)
    other = "month" if subscription.interval == "year" else "year"
    db.session.rollback()
    return {
        "quote": quote_plan(tenant_id, Choice(terms.plan.key, other, terms.seats or 1), owner_id).public_id
    }


def _a_declined_payment(site: Site) -> dict[str, Any]:
    # One that waits would keep the other pages from asking for a change.
    quote = _a_quote(site)["quote"]
    owner = db.session.scalars(sa.select(Membership).join(User).where(User.email == OWNER)).one()
    change = Intent(
        kind="seats",
        tenant_id=owner.tenant_id,
        params={"quote": quote},
        result={},
        state=IntentState.FAILED,
    )
    db.session.add(change)
    db.session.commit()
    return {"quote": quote}


def _the_tenant(site: Site) -> dict[str, Any]:
    tenant = db.session.scalars(sa.select(Tenant).where(Tenant.slug == site.slug)).one()
    subscription = current_subscription(tenant.id)
    assert subscription is not None
    return {"tenant": tenant.public_id, "subscription": subscription.stripe_id}


PAGES: dict[str, PageOf] = {
    "accounts.sign_up": PageOf("/sign-up", visitor=None),
    "accounts.sign_in": PageOf("/sign-in", visitor=None),
    "accounts.forgot": PageOf("/reset", visitor=None),
    "accounts.forgot_sent": PageOf("/reset/sent", visitor=None),
    "accounts.reset": PageOf("/reset/{token}", visitor=None, values=_link_to_reset),
    "accounts.show": PageOf("/account"),
    "mailbox.index": PageOf("/mailbox", visitor=None),
    "mailbox.show": PageOf("/mailbox/{mail}", visitor=None, values=_newest_mail),
    "subscriptions.overview": PageOf("/t/{slug}/overview"),
    "subscriptions.cancel": PageOf("/t/{slug}/cancel"),
    "subscriptions.pause": PageOf("/t/{slug}/pause"),
    "plans.compare": PageOf("/t/{slug}/plans"),
    "plans.review": PageOf("/t/{slug}/plans/{quote}", values=_a_change),
    "usage.show": PageOf("/t/{slug}/usage", visitor=MEMBER),
    "seats.show": PageOf("/t/{slug}/seats"),
    "seats.review": PageOf("/t/{slug}/quotes/{quote}", values=_a_quote),
    "team.accept": PageOf("/invite/{token}", visitor=None, values=_link_to_join),
    "team.show": PageOf("/t/{slug}/team"),
    "team.member": PageOf("/t/{slug}/team/{member}", values=_a_member),
    "invoices.index": PageOf("/t/{slug}/invoices"),
    "invoices.payment": PageOf("/t/{slug}/payment/{quote}", values=_a_declined_payment),
    "api_keys.index": PageOf("/t/{slug}/api-keys"),
    "audit.index": PageOf("/t/{slug}/audit"),
    "operator.attention": PageOf("/operator", visitor=OPERATOR),
    "operator.cases": PageOf("/operator/attention/jobs", visitor=OPERATOR),
    "operator.tenants": PageOf("/operator/tenants", visitor=OPERATOR),
    "operator.tenant": PageOf("/operator/tenants/{tenant}", visitor=OPERATOR, values=_the_tenant),
    "operator.end_now": PageOf(
        "/operator/tenants/{tenant}/subscriptions/{subscription}/end", visitor=OPERATOR, values=_the_tenant
    ),
}
