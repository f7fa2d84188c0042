"""Steps 6 to 8: seats and members, usage, invoices."""

from __future__ import annotations

import re

from portal.demo.browser import Browser, StoryError
from portal.demo.story.world import PASSWORD, World, post_json
from portal.kit.clock import utcnow
from portal.web.filters import amount_in

COLLEAGUE = "casey@fabrikam.example.com"


def manage_seats(world: World) -> str:
    """Buy two more seats at the price shown, invite a colleague who gets one, and release it again."""
    browser = world.browser
    page = world.open("seats")
    page = browser.submit(page.form(button="price"), seats="8")
    page.require("Due now")
    due = re.search(r"Pay (\$[\d,]+\.\d\d) now", page.text)
    if due is None:
        raise StoryError(f"the quote names no amount to pay now: {page.text[:400]}")
    page = browser.submit(page.form(action="/quotes/"))
    bought = _seats_at_stripe(world)
    if bought != 8:
        raise StoryError(f"Stripe should have 8 seats, and has {bought}")
    page.require("8")
    paid = world.stripe("invoices", customer=world.customer()["id"], limit="1")["data"][0]
    shown = amount_in(paid["amount_paid"], paid["currency"])
    if shown != due[1]:
        raise StoryError(f"quoted {due[1]}, charged {shown}")
    page = world.open("team")
    browser.submit(page.form(button="Send the invitation"), email=COLLEAGUE, role="member", with_seat="y")
    guest = Browser()
    link = next(address for _, address in world.mail(COLLEAGUE, "invited").links if "/invite/" in address)
    page = guest.get(link)
    page = guest.submit(page.form(), name="Casey Colleague", password=PASSWORD)
    guest.get(world.tenant("invoices"))
    if guest.page.status != 403:
        raise StoryError(f"a member must not see invoices, but got {guest.page.status}")
    page = world.open("seats").require("Casey Colleague")
    page = browser.submit(page.form(action="/assign"))
    browser.submit(page.form(action="/release"))
    if _seats_at_stripe(world) != 8:
        raise StoryError("assigning must not change what was bought")
    return (
        f"6 -> 8 seats for {due[1]} as quoted; a colleague joined by mail with a seat; assigned and released"
    )


def _seats_at_stripe(world: World) -> int:
    items = world.stripe(f"subscriptions/{world.notes['subscription']}")["items"]["data"]
    seat = next(item for item in items if ".seat." in (item["price"]["lookup_key"] or ""))
    return int(seat["quantity"])


def report_usage(world: World) -> str:
    """Make an API key, report usage twice (counted once), see it on the page and at Stripe's meter."""
    browser = world.browser
    page = world.open("api-keys")
    page = browser.submit(page.form(action="/api-keys"), name="Story")
    key = re.search(r"pk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{20,}", page.source)
    if key is None:
        raise StoryError("the page shows no API key")
    at = utcnow()  # after the plan began, which may be a second ago
    events = [
        {
            "meter": "api_calls",
            "quantity": 150,
            "idempotency_key": f"story-{number}",
            "occurred_at": at.isoformat(),
        }
        for number in range(100)
    ]
    headers = {"Authorization": f"Bearer {key[0]}"}
    address = f"{world.portal}/api/v1/usage/events"
    first = post_json(address, {"events": events}, headers)
    second = post_json(address, {"events": events}, headers)
    if first != (200, {"accepted": 100, "duplicates": 0}) or second[1] != {"accepted": 0, "duplicates": 100}:
        raise StoryError(f"usage should be counted once: {first}, {second}")
    refused = post_json(address, {"events": events}, {"Authorization": "Bearer pk_wrong_key"})
    if refused[0] != 401:
        raise StoryError(f"a wrong key must get 401: {refused}")
    world.open("usage").require("15,000", "10,000", "API calls", "$2.00")
    world.processes.run("usage", ["usage", "report", "--open-hour"])
    meter = next(
        each
        for each in world.stripe("billing/meters", limit="100")["data"]
        if each["event_name"] == "portal_api_calls"
    )
    start = int(at.timestamp()) // 3600 * 3600
    found = world.stripe(
        f"billing/meters/{meter['id']}/event_summaries",
        customer=world.customer()["id"],
        start_time=str(start),
        end_time=str(start + 7200),
    )["data"]
    told = sum(float(each["aggregated_value"]) for each in found)
    if told != 15_000:
        raise StoryError(f"Stripe's meter should have 15,000 and has {told}")
    return "100 events sent twice and counted once: 15,000 of 10,000 calls, $2.00 so far; Stripe's meter says the same"


def read_invoices(world: World) -> str:
    """See the invoices, the hosted page, the PDF, and the upcoming invoice with the usage in it."""
    page = world.open("invoices")
    page.require("Paid", "Next invoice")
    hosted = next(address for _, address in page.links if "/i/" in address and "pdf" not in address)
    pdf = next(address for _, address in page.links if "/pdf" in address)
    Browser().get(hosted).require("Paid")
    document = Browser().get(pdf)
    if not document.source.startswith("%PDF"):
        raise StoryError("the PDF link leads to no PDF")
    return "list with hosted pages and PDFs; the upcoming invoice is foreseen"
