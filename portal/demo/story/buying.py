"""Steps 1 to 4: from a stranger to a subscriber."""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request

from portal.demo.browser import Browser, Page, StoryError
from portal.demo.story.world import CARDS, PASSWORD, World
from portal.kit.clock import to_unix, utcnow


def sign_up(world: World) -> str:
    """Make an account, sign out, reset the password by mail, sign in with the new one."""
    world.notes["email"] = "founder@fabrikam.example.com"
    browser = world.browser
    page = browser.get(f"{world.portal}/sign-up")
    page = browser.submit(
        page.form(button="Create account"),
        name="Fiona Founder",
        organisation="Fabrikam",
        email=world.notes["email"],
        password=PASSWORD,
    )
    page.require("Free", "Fabrikam")
    world.slug = page.url.split("/t/")[1].split("/")[0]
    customer = world.eventually("the Stripe customer", world.customer)
    page = browser.submit(page.form(action="/sign-out"))
    page = browser.get(f"{world.portal}/reset")
    browser.submit(page.form(action="/reset"), email=world.notes["email"])
    link = next(
        address for _, address in world.mail(world.notes["email"], "password").links if "/reset/" in address
    )
    page = browser.get(link)
    page = browser.submit(page.form(), password=PASSWORD + " staple")
    page = browser.get(f"{world.portal}/sign-in")
    browser.submit(page.form(action="/sign-in"), email=world.notes["email"], password=PASSWORD + " staple")
    world.open("overview").require("Free")
    return f"one user, tenant {world.slug}, one Stripe customer {customer['id']}; password reset by mail"


def compare_plans(world: World) -> str:
    """See the four plans by month and by year, with the current one marked."""
    page = world.open("plans")
    page.require("Free", "Starter", "Pro", "Enterprise", "$29", "$15", "$199", "Your plan")
    yearly = world.open("plans?interval=year")
    yearly.require("$290", "$150", "$1,990")
    return (
        "free, starter $29, pro $15 a seat, enterprise $199 + seats + usage; by month and year; current: free"
    )


def check_out(world: World) -> str:
    """Choose a plan, cancel, come back, be declined, pay with 3-D Secure; a second tab buys nothing more."""
    browser = world.browser
    first = _choose(world)
    page = browser.get(_cancel_link(first))
    page.require("plans")
    tab = Browser()
    page = tab.get(f"{world.portal}/sign-in")
    tab.submit(page.form(action="/sign-in"), email=world.notes["email"], password=PASSWORD + " staple")
    left_open = _choose(world)
    tab.get(world.tenant("plans"))
    second = _choose(world, tab)
    browser.get(left_open.url).require("expired")
    page = pay(tab, second, "declined")
    page.require("declined")
    page = pay(tab, page, "3-D Secure")
    page = tab.submit(page.form(button="Complete"))
    page.require("Enterprise", "Active")
    browser.get(left_open.url)
    tab.get(second.url)
    page = world.open("plans")
    live = world.subscriptions()
    if len(live) != 1:
        raise StoryError(f"there should be one live subscription, and there are {len(live)}")
    world.notes["subscription"] = live[0]["id"]
    return "cancelled once, declined once, 3-D Secure passed; two tabs made one subscription, right on return"


def pay(browser: Browser, page: Page, card: str) -> Page:
    """Pay on the hosted Checkout page with one of the test cards, from an address."""
    return browser.submit(
        page.form(button="Subscribe"),
        card="number",
        number=CARDS[card],
        line1="1 Harbour Street",
        country="US",
    )


def _choose(world: World, browser: Browser | None = None) -> Page:
    browser = browser or world.browser
    page = browser.get(world.tenant("plans"))
    form = next(
        form for form in page.forms if ("plan", "enterprise") in form.values or "enterprise" in form.action
    )
    page = browser.submit(form, seats="6")
    return page.require("Enterprise", "$199")


def _cancel_link(page: Page) -> str:
    return next(
        address for label, address in page.links if "checkout=cancelled" in address or "back" in label.lower()
    )


def receive_webhooks(world: World) -> str:
    """Stripe's deliveries were taken; a forged, a stale and a malformed one get 400."""
    events = world.stripe("events", limit="100")["data"]
    world.eventually(
        "the delivery of every event",
        lambda: all(each["pending_webhooks"] == 0 for each in world.stripe("events", limit="100")["data"]),
    )
    body = b'{"id": "evt_forged", "object": "event"}'
    now = to_unix(utcnow())
    forged = f"t={now},v1={hmac.new(b'whsec_wrong', b'%d.' % now + body, hashlib.sha256).hexdigest()}"
    answers = {
        "forged": _deliver(world, body, forged),
        "stale": _deliver(world, body, f"t={now - 3600},v1=00"),
        "malformed": _deliver(world, b"\xff\xfe", "v1"),
    }
    if set(answers.values()) != {400}:
        raise StoryError(f"bad webhooks should get 400: {answers}")
    return f"{len(events)} events delivered and taken; forged, stale and malformed ones got 400"


def _deliver(world: World, body: bytes, signature: str) -> int:
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{world.portal}/webhooks/stripe", data=body, headers={"Stripe-Signature": signature}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
