"""The console's customers: who there is, in which state, what comes next, and the way to their hosted pages."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.due import FIRST_PAYMENT_WINDOW, pause_end, period_end
from portal.emulator.billing.prices import product_name
from portal.emulator.billing.records import GONE, notes_of
from portal.emulator.pages.console_clocks import Clock, clock_of
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.portal_sessions import create_portal_session
from portal.emulator.transaction import Objects, StripeDict, Transaction
from portal.emulator.wire.routes import Call

_PER_PAGE = 50
_NEWS = 15


@dataclass(frozen=True)
class Plan:
    """A subscription in one line: what it is for, and when something happens to it next (None: never again)."""

    sub: StripeDict
    title: str
    next_words: str
    next_at: int | None


@dataclass(frozen=True)
class Summary:
    """A customer in one row; `now` is the time that applies to them."""

    customer: StripeDict
    plans: list[Plan]
    clock: StripeDict | None
    now: int


def index(emulator: Emulator, request: Request) -> Response:
    """List the customers, newest first."""
    with emulator.store.transaction(write=False) as tx:
        listed = tx.list("customer", limit=_PER_PAGE, starting_after=request.args.get("after"))
        rows = [_summary(tx, customer) for customer in listed.items]
        return page(
            "console_customers.html",
            section="customers",
            rows=rows,
            older=listed.items[-1]["id"] if listed.has_more else None,
            total=tx.count("customer"),
            guests=tx.list("checkout.session", {"customer": None, "status": "open"}, limit=_NEWS).items,
        )


def show(emulator: Emulator, _request: Request, customer_id: str) -> Response:
    """Show all there is about a customer."""
    with emulator.store.transaction(write=False) as tx:
        customer = _load(tx, customer_id)
        mine = {"customer": customer_id}
        clock: Clock | None = clock_of(tx, customer["test_clock"]) if customer["test_clock"] else None
        return page(
            "console_customer.html",
            section="customers",
            summary=_summary(tx, customer, ended=True),
            clock=clock,
            here=f"/console/customers/{customer_id}",
            invoices=tx.list("invoice", mine, limit=24).items,
            methods=tx.all("payment_method", mine)[::-1],
            checkouts=tx.all("checkout.session", {**mine, "status": "open"})[::-1],
            events=_news(tx, customer_id),
        )


def open_portal(emulator: Emulator, _request: Request, customer_id: str) -> Response:
    """Open the Customer Portal as this customer."""
    with emulator.store.transaction() as tx:
        _load(tx, customer_id)
        back = f"{tx.base_url}/console/customers/{customer_id}"
        params = {"customer": customer_id, "return_url": back}
        session = create_portal_session(tx, Call("POST", "/v1/billing_portal/sessions", params))
        return see(f"/p/session/{session['id']}")


def _load(tx: Transaction, customer_id: str) -> StripeDict:
    customer = tx.get("customer", customer_id)
    if customer is None or customer.get("deleted"):
        raise NotHere(
            "Customer not found", "There is no such customer (any more).", link=("/", "All customers")
        )
    return customer


def _summary(tx: Transaction, customer: StripeDict, *, ended: bool = False) -> Summary:
    subs = tx.all("subscription", {"customer": customer["id"]})[::-1]
    clock = tx.get("test_helpers.test_clock", customer["test_clock"] or "")
    plans = [_plan(tx, sub) for sub in subs if ended or sub["status"] not in GONE]
    return Summary(customer, plans or [_plan(tx, sub) for sub in subs[:1]], clock, tx.now(customer))


def _plan(tx: Transaction, sub: StripeDict) -> Plan:
    title = ", ".join(product_name(tx, item["price"]) for item in sub["items"]["data"])
    if sub["status"] in GONE:
        return Plan(sub, title, "ended", sub["ended_at"])
    if sub["cancel_at"] is not None:
        return Plan(sub, title, "ends", sub["cancel_at"])
    if sub["status"] == "trialing":
        return Plan(sub, title, "trial ends", sub["trial_end"])
    if sub["status"] == "incomplete":
        return Plan(sub, title, "first payment until", sub["created"] + FIRST_PAYMENT_WINDOW)
    if sub["status"] == "paused":
        resumes_at = pause_end(sub, notes_of(tx, sub["id"]))
        return Plan(sub, title, "resumes" if resumes_at else "until resumed", resumes_at)
    return Plan(sub, title, "renews", period_end(sub))


def _news(tx: Transaction, customer_id: str) -> Objects:
    """Return the newest events about the customer or something of theirs."""
    rows = tx.connection.execute(
        "SELECT id FROM objects WHERE object = 'event'"
        " AND ?1 IN (json_extract(body, '$.data.object.customer'), json_extract(body, '$.data.object.id'))"
        " ORDER BY seq DESC LIMIT ?2",
        (customer_id, _NEWS),
    ).fetchall()
    return [event for (event_id,) in rows if (event := tx.get("event", event_id)) is not None]
