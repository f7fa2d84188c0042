"""A small browser for the story: keeps cookies, follows redirects, finds forms and posts them as a person would,
hidden CSRF fields included. It runs no scripts, so what works here works without JavaScript."""

from __future__ import annotations

import html
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser


class StoryError(Exception):
    """Something on the way was not as promised; the message says what was seen."""


@dataclass
class Form:
    """A form with the values it would post. `submits` are its buttons: (label, name, value)."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    submits: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Page:
    """An answer: its address after redirects, status, source, forms and links (text, address)."""

    url: str
    status: int
    source: str
    forms: list[Form]
    links: list[tuple[str, str]]

    @property
    def text(self) -> str:
        """The words of the page, without markup, on one line."""
        plain = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", self.source, flags=re.S)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", plain))).strip()

    def require(self, *words: str) -> Page:
        """Return the page, or raise StoryError naming the words that are not on it."""
        for wanted in words:
            if wanted.lower() not in self.text.lower():
                raise StoryError(
                    f"{self.url} ({self.status}) does not say {wanted!r}; it says: {self.text[:600]}"
                )
        return self

    def form(self, *, action: str = "", button: str = "") -> Form:
        """Return the first form whose action and button label contain the given parts."""
        for each in self.forms:
            labels = [label for label, _, _ in each.submits]
            if action in each.action and (
                not button or any(button.lower() in label.lower() for label in labels)
            ):
                return each
        raise StoryError(f"{self.url} ({self.status}) has no form {action!r} {button!r}: {self.text[:300]}")

    def link(self, text: str) -> str:
        """Return the address of the first link whose text contains `text`."""
        for label, address in self.links:
            if text.lower() in label.lower():
                return address
        raise StoryError(f"{self.url} ({self.status}) has no link {text!r}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self._form: Form | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._area: str | None = None
        self._button: tuple[str, str] | None = None
        self._link: str | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a":
            self._link, self._words = given.get("href", ""), ""
        elif self._form is not None and "disabled" not in given:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "input" and kind in ("submit", "image"):
            self._form.submits.append((given.get("value", ""), name, given.get("value", "")))
        elif tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self._form.values.append((name, given.get("value", "on" if kind == "checkbox" else "")))
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            self._select[1].append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._area, self._words = name, ""
        elif tag == "button" and given.get("type", "submit") == "submit":
            self._button, self._words = (name, given.get("value", "")), ""

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        words = " ".join(self._words.split())
        if tag == "a" and self._link is not None:
            self.links.append((words, self._link))
            self._link = None
        elif tag == "form":
            self._form = None
        elif self._form is None:
            return
        elif tag == "select" and self._select is not None:
            name, options = self._select
            chosen = next(
                (value for value, selected in options if selected), options[0][0] if options else ""
            )
            self._form.values.append((name, chosen))
            self._select = None
        elif tag == "textarea" and self._area is not None:
            self._form.values.append((self._area, self._words))
            self._area = None
        elif tag == "button" and self._button is not None:
            self._form.submits.append((words, *self._button))
            self._button = None


class Browser:
    """One person's browser."""

    def __init__(self, timeout: float = 20) -> None:
        self._timeout = timeout
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
        )
        self.page = Page("", 0, "", [], [])

    def get(self, url: str) -> Page:
        """Open an address (absolute, or relative to the current page)."""
        return self._open(urllib.parse.urljoin(self.page.url, url), None)

    def follow(self, text: str) -> Page:
        """Click the first link whose text contains `text`."""
        return self.get(self.page.link(text))

    def submit(self, form: Form, button: str = "", **values: str) -> Page:
        """Post a form with some values replaced or added, by the button whose label contains `button`."""
        fields = [(name, value) for name, value in form.values if name not in values]
        fields += list(values.items())
        pressed = next((each for each in form.submits if button.lower() in each[0].lower()), None)
        if pressed is not None and pressed[1]:
            fields.append((pressed[1], pressed[2]))
        target = urllib.parse.urljoin(self.page.url, form.action)
        encoded = urllib.parse.urlencode(fields)
        if form.method == "get":
            return self._open(f"{target.split('?')[0]}?{encoded}", None)
        return self._open(target, encoded.encode())

    def _open(self, url: str, body: bytes | None) -> Page:
        headers = {"Accept": "text/html", "User-Agent": "story"}
        if self.page.url:
            headers["Referer"] = self.page.url
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - loopback addresses of ours
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                self.page = _page(answer.geturl(), answer.status, answer.read())
        except urllib.error.HTTPError as error:
            self.page = _page(error.geturl() or url, error.code, error.read())
        except OSError as error:
            raise StoryError(f"{url} did not answer: {error}") from error
        return self.page


def _page(url: str, status: int, body: bytes) -> Page:
    source = body.decode("utf-8", "replace")
    reader = _Reader()
    reader.feed(source)
    return Page(url, status, source, reader.forms, reader.links)
