"""Where the story plays: a portal and an emulator on free ports in a temporary folder, a browser, and ways to look
behind the pages (Stripe's side by its API, mails by the mailbox page)."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from portal.demo.browser import Browser, Page, StoryError
from portal.demo.processes import Processes

T = TypeVar("T")
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives for this story
CARDS = {
    "succeeds": "4242424242424242",
    "declined": "4000000000000002",
    "3-D Secure": "4000002500003155",
}


@dataclass
class World:
    """Everything a step may use. `notes` carries what one step learned to a later one."""

    portal: str
    emulator: str
    processes: Processes
    browser: Browser = field(default_factory=Browser)
    slug: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def tenant(self, page: str) -> str:
        """Return the address of a page of the story's tenant."""
        return f"{self.portal}/t/{self.slug}/{page}"

    def open(self, page: str) -> Page:
        """Open a page of the story's tenant; it must answer 200."""
        found = self.browser.get(self.tenant(page))
        if found.status != 200:
            raise StoryError(f"{found.url} answered {found.status}: {found.text[:300]}")
        return found

    def stripe(self, path: str, **values: str) -> dict[str, Any]:
        """Ask Stripe's side by its API (GET)."""
        query = f"?{urllib.parse.urlencode(values)}" if values else ""
        return _json(f"{self.emulator}/v1/{path}{query}", {"Authorization": "Bearer sk_test_demo"})

    def customer(self) -> dict[str, Any]:
        """Return the one Stripe customer of the story's tenant; refuses none and several."""
        found = [
            each
            for each in self.stripe("customers", limit="100")["data"]
            if each["email"] == self.notes["email"]
        ]
        if len(found) != 1:
            raise StoryError(f"there should be one Stripe customer, and there are {len(found)}")
        customer: dict[str, Any] = found[0]
        return customer

    def subscriptions(self) -> list[dict[str, Any]]:
        """Return the tenant's subscriptions that are not over, as Stripe has them."""
        found = self.stripe("subscriptions", customer=self.customer()["id"], limit="100")["data"]
        return [each for each in found if each["status"] not in ("canceled", "incomplete_expired")]

    def mail(self, to: str, subject: str) -> Page:
        """Open the newest mail to an address whose subject contains some words, as soon as it was sent."""
        reader = Browser()

        def find() -> Page | None:
            mailbox = reader.get(f"{self.portal}/mailbox")
            for label, address in mailbox.links:
                if subject.lower() in label.lower():
                    opened = reader.get(address)
                    if to.lower() in opened.text.lower():
                        return opened
            return None

        return self.eventually(f"a mail to {to} about {subject!r}", find)

    def eventually(self, what: str, find: Callable[[], T | None], seconds: float = 15) -> T:
        """Try until something is found. Raises StoryError naming it when the time is up."""
        end = time.monotonic() + seconds
        while True:
            found = find()
            if found:
                return found
            if time.monotonic() > end:
                raise StoryError(f"waited {seconds:.0f} s in vain for {what}")
            self.processes.check()
            time.sleep(0.1)


def post_json(url: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Post JSON as the host product would; return the status and the answer."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
    )
    try:
        with _open(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")


def _json(url: str, headers: dict[str, str]) -> dict[str, Any]:
    with _open(urllib.request.Request(url, headers=headers)) as answer:  # noqa: S310
        found: dict[str, Any] = json.loads(answer.read())
        return found


def _open(request: urllib.request.Request) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=20)
