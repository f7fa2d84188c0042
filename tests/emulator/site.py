"""A visitor of the emulator's pages: opens them over WSGI, checks each page, and posts forms as a browser does."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.test import Client, TestResponse

from portal.emulator.app import Emulator
from portal.emulator.wsgi import Web
from tests.fixtures.page_rules import problems_of


class Visitor:
    """One person's browser; `page` is what it shows."""

    def __init__(self, emulator: Emulator, remote_address: str = "127.0.0.1") -> None:
        self._client = Client(Web(emulator))
        self._environ = {"REMOTE_ADDR": remote_address}
        self.page: TestResponse

    def open(self, address: str) -> TestResponse:
        """Open an address on the emulator, following its own redirects."""
        return self._shown(
            self._client.get(_local(address), headers={"Sec-Fetch-Site": "none"}, environ_base=self._environ)
        )

    def post(self, address: str, *, site: str = "same-origin", **values: Any) -> TestResponse:
        """Send a form to an address from a page of `site`, following redirects that stay on the emulator."""
        headers = {"Sec-Fetch-Site": site}
        return self._shown(
            self._client.post(_local(address), data=values, headers=headers, environ_base=self._environ)
        )

    def submit(self, button: str, **values: Any) -> TestResponse:
        """Press the first button with this text, with some fields of its form filled in."""
        for form in _forms(self.page.text):
            for words, name, value in form.buttons:
                if words == button:
                    pressed = {name: value} if name else {}
                    target = form.action or self.page.request.path
                    sent = {**form.values, **values, **pressed}
                    if form.method == "get":
                        return self.open(f"{target}?{urlencode(sent)}")
                    return self.post(target, **sent)
        raise AssertionError(f"no button {button!r} on {self.page.request.path}: {self.buttons()}")

    def buttons(self) -> list[str]:
        """The texts of all buttons."""
        return [words for form in _forms(self.page.text) for words, _, _ in form.buttons]

    def _shown(self, answer: TestResponse) -> TestResponse:
        self.page = answer
        target = answer.headers.get("Location", "")
        if answer.status_code == 303 and target.startswith("/"):
            return self.open(target)
        if answer.mimetype == "text/html":
            problems = problems_of(answer.text, csrf=False)
            assert not problems, problems
        return answer


class _Form:
    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.values: dict[str, str] = {}
        self.buttons: list[tuple[str, str, str]] = []


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._select = ""
        self._button: tuple[str, str] | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.forms[-1].values:
                self.forms[-1].values[self._select] = given.get("value", "")
        elif tag == "input" and "name" in given:
            unchecked = given.get("type") in ("radio", "checkbox") and "checked" not in given
            if not unchecked:
                self.forms[-1].values[given["name"]] = given.get("value", "on")
        elif tag == "button":
            self._button, self._words = (given.get("name", ""), given.get("value", "")), ""

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "button" and self._button is not None:
            self.forms[-1].buttons.append((" ".join(self._words.split()), *self._button))
            self._button = None


def _forms(html: str) -> list[_Form]:
    reader = _FormReader()
    reader.feed(html)
    return reader.forms


def _local(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
