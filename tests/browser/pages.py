"""Which pages there are, who opens each of them and at which address: one row for every endpoint that answers GET with
a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.mail.models import OutgoingMail
from portal.tenants.models import Membership
from portal.web.unit_of_work import Portal
from tests.fixtures.server import MEMBER, OWNER, Site

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


PAGES: dict[str, PageOf] = {
    "accounts.sign_up": PageOf("/sign-up", visitor=None),
    "accounts.sign_in": PageOf("/sign-in", visitor=None),
    "accounts.forgot": PageOf("/reset", visitor=None),
    "accounts.forgot_sent": PageOf("/reset/sent", visitor=None),
    "accounts.show": PageOf("/account"),
    "mailbox.index": PageOf("/mailbox", visitor=None),
    "mailbox.show": PageOf("/mailbox/{mail}", visitor=None, values=_newest_mail),
    "subscriptions.overview": PageOf("/t/{slug}/overview"),
    "subscriptions.cancel": PageOf("/t/{slug}/cancel"),
    "plans.compare": PageOf("/t/{slug}/plans"),
    "usage.show": PageOf("/t/{slug}/usage", visitor=MEMBER),
    "team.show": PageOf("/t/{slug}/team"),
    "team.member": PageOf("/t/{slug}/team/{member}", values=_a_member),
    "invoices.index": PageOf("/t/{slug}/invoices"),
    "api_keys.index": PageOf("/t/{slug}/api-keys"),
    "audit.index": PageOf("/t/{slug}/audit"),
}
