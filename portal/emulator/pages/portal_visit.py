"""A visit to the Customer Portal: whose it is, what the configuration lets them do, and where a flow leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from portal.emulator.billing.records import GONE
from portal.emulator.pages.render import see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.resources.portal_configurations import CONFIGURATION
from portal.emulator.resources.portal_sessions import SESSION, can_be_recovered, has_expired
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.routes import Call


@dataclass(frozen=True)
class Visit:
    """One open portal session with its customer and configuration."""

    session: StripeDict
    customer: StripeDict
    configuration: StripeDict
    flow_is_done: bool

    @property
    def home(self) -> str:
        """The address of the visit's first page."""
        return f"/p/session/{self.session['id']}"

    @property
    def flow(self) -> StripeDict | None:
        """The one thing the visit is for, until it is done."""
        flow: StripeDict | None = self.session["flow"]
        return None if self.flow_is_done else flow

    def feature(self, name: str) -> Any:
        """Return a feature of the configuration. Raises NotHere if it is switched off."""
        feature = self.configuration["features"][name]
        if not feature["enabled"]:
            raise NotHere(
                "Not available", f"{MERCHANT_NAME} does not offer this here.", status=403, link=self.way_home
            )
        return feature

    def offers(self, name: str) -> bool:
        """Say whether a feature is switched on."""
        return bool(self.configuration["features"][name]["enabled"])

    @property
    def way_home(self) -> tuple[str, str]:
        """The link back to the first page."""
        return (self.home, "Back to billing")


def open_visit(tx: Transaction, session_id: str) -> Visit:
    """Return the visit of a portal session. Raises NotHere for an unknown or expired one."""
    session = tx.get(SESSION, session_id)
    if session is None:
        raise NotHere("Page not found", "There is no billing page at this address.")
    back = (session["return_url"], f"Return to {MERCHANT_NAME}") if session["return_url"] else None
    customer = tx.get("customer", session["customer"])
    if customer is None or customer.get("deleted"):
        raise NotHere(
            "This link has expired", "There is no billing to look after here.", status=410, link=back
        )
    if has_expired(tx, session):
        text = f"For your safety this link works for an hour only. Open billing again from {MERCHANT_NAME}."
        if can_be_recovered(tx, session):
            text = "For your safety this link works for an hour only. Say who you are to go on."
            back = (f"/p/session/{session_id}/login", "Sign in again")
        raise NotHere("This link has expired", text, status=410, link=back)
    configuration = tx.get(CONFIGURATION, session["configuration"])
    assert configuration is not None, session["configuration"]
    done = bool(tx.private(SESSION, session_id).get("flow_done"))
    return Visit(session, customer, configuration, done)


def subscription_of(tx: Transaction, visit: Visit, subscription_id: str) -> StripeDict:
    """Return a running subscription of the visitor. Raises NotHere for anybody else's and for one that has ended."""
    sub = tx.get("subscription", subscription_id)
    if sub is None or sub["customer"] != visit.customer["id"] or sub["status"] in GONE:
        raise NotHere("Subscription not found", "This subscription has ended.", link=visit.way_home)
    return sub


def subscriptions_of(tx: Transaction, visit: Visit) -> Objects:
    """Return the visitor's subscriptions that have not ended, newest first."""
    found = tx.all("subscription", {"customer": visit.customer["id"]})
    return [sub for sub in found if sub["status"] not in GONE][::-1]


def finish(tx: Transaction, visit: Visit, kind: str, said: str) -> Response:
    """Lead on after something was done: where the flow says if that was what the visit is for, else home.

    `said` names the sentence the home page confirms it with.
    """
    flow = visit.flow
    if flow is None or flow["type"] != kind:
        return see(f"{visit.home}?done={said}")
    tx.put(visit.session, private={**tx.private(SESSION, visit.session["id"]), "flow_done": True})
    after = flow["after_completion"]
    if after["type"] == "redirect":
        return see(after["redirect"]["return_url"])
    if after["type"] == "hosted_confirmation":
        return see(f"{visit.home}/done")
    return see(f"{visit.home}?done={said}")


def flow_step(visit: Visit) -> str | None:
    """Return the address at which the visit's flow happens; None without one."""
    flow = visit.flow
    if flow is None:
        return None
    kind = flow["type"]
    if kind == "customer_update":
        return f"{visit.home}/details"
    if kind == "payment_method_update":
        return f"{visit.home}/cards/add"
    step = {
        "subscription_cancel": "cancel",
        "subscription_pause": "pause",
        "subscription_update": "update",
        "subscription_update_confirm": "confirm",
    }[kind]
    return f"{visit.home}/subscriptions/{flow[kind]['subscription']}/{step}"


def updating_customer(visit: Visit, params: dict[str, Any]) -> Call:
    """Put an update of the visitor as the API's own function takes it."""
    customer_id = visit.customer["id"]
    return Call("POST", f"/v1/customers/{customer_id}", params, {"id": customer_id})
