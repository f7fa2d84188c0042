"""Steps 5, 9 and 10: what Stripe's own pages change, cancelling and resuming, and the passing of a month."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date

from portal.demo.browser import StoryError
from portal.demo.story.world import World
from portal.kit.clock import from_unix
from portal.web.filters import amount_in


def visit_customer_portal(world: World) -> str:
    """Change the card on Stripe's page and come back to a page that knows it."""
    browser = world.browser
    page = world.open("overview")
    page = browser.submit(page.form(action="/portal"))
    page.require("Fabrikam", "Payment method")
    page = browser.follow("Add payment method")
    page = browser.submit(page.form(button="Add"), card="number", number="5555555555554444")
    page = browser.submit(page.form(button="Make default"))
    page = browser.follow("Return")
    page.require("4444")
    return "the default card became Mastercard ending 4444 at Stripe, and the overview says so"


def cancel_and_resume(world: World) -> str:
    """Pass over the offer, cancel at the period's end, see it everywhere, and take it back."""
    browser = world.browser
    page = browser.get(world.tenant("cancel"))
    page.require("Stay and pay")
    page = browser.submit(page.form(button="End the plan"), reason="Just looking")
    page.require("ends on")
    if _subscription(world)["cancel_at"] is None:
        raise StoryError("the subscription is not cancelled at Stripe")
    world.mail(world.notes["email"], "ends on")
    page = browser.submit(page.form(action="/resume"))
    if _subscription(world)["cancel_at"] is not None:
        raise StoryError("the subscription is still cancelled at Stripe")
    if "ends on" in world.open("overview").text.lower():
        raise StoryError("the overview still says that the subscription ends")
    return "cancelled for the period's end at Stripe and on the page, told by mail, and resumed"


def let_a_month_pass(world: World) -> str:
    """Move the customer's clock by a month at the emulator's console: a renewal with last month's usage."""
    before = _subscription(world)
    page = world.browser.get(f"{world.emulator}/")
    page = world.browser.follow("Fabrikam")
    page = world.browser.submit(page.form(button="month"), button="month")
    if page.status != 200:
        raise StoryError(f"the console answered {page.status}: {page.text[:300]}")
    period = _period(before)

    def renewed() -> dict[str, Any] | None:
        found = world.stripe("invoices", customer=world.customer()["id"], limit="10")["data"]
        newest: dict[str, Any] = found[0]
        fresh = newest["billing_reason"] == "subscription_cycle" and newest["status"] == "paid"
        return newest if fresh else None

    invoice = world.eventually("the paid renewal invoice", renewed)
    lines = {line["description"]: line["amount"] for line in invoice["lines"]["data"]}
    usage = sum(amount for words, amount in lines.items() if "API calls" in words)
    if usage <= 0:
        raise StoryError(f"the renewal should bill the API calls that were used: {lines}")
    renewed_until = _period(_subscription(world))[1]
    if renewed_until <= period[1]:
        raise StoryError("the period did not move at Stripe")
    total = amount_in(invoice["total"], invoice["currency"])
    world.eventually("the renewal in the portal", lambda: total in world.open("invoices").text)
    renews = str(format_date(from_unix(renewed_until), "d MMMM yyyy", locale="en_US"))
    world.eventually("the new period in the portal", lambda: renews in world.open("overview").text)
    return f"renewed for {total} with usage billed, webhooks taken, renews {renews}"


def _subscription(world: World) -> dict[str, Any]:
    return world.stripe(f"subscriptions/{world.notes['subscription']}")


def _period(subscription: dict[str, Any]) -> tuple[int, int]:
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]
