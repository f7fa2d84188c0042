"""The rules that every page in the tests is read by notice each kind of mistake, and nothing in a page without one."""

from __future__ import annotations

import pytest
from flask import Flask, Response

from tests.fixtures.page_rules import problems_of
from tests.fixtures.pages import check_page

FORM = (
    '<form method="post" action="/x"><input type="hidden" name="csrf_token" value="t">'
    '<label for="seats">Seats</label><input id="seats" name="seats"><button type="submit">Save</button></form>'
)
PAGE = (
    '<!doctype html><html lang="en"><head><title>Seats · Tally</title>'
    '<script nonce="n" src="/a.js"></script></head>'
    f'<body><main><h1>Seats</h1><p><a href="/plans">Plans</a></p>{FORM}</main></body></html>'
)
MISTAKES = [
    ("<p>", "<p></div>", "End tag (div) seen too early"),
    ("<!doctype html>", "", "Expected DOCTYPE"),
    ("<h1>Seats", "<h1>Places", "is not the first part of the title"),
    ("<p>", "<h1>Seats</h1><p>", "2 h1 elements"),
    (' lang="en"', "", "no lang"),
    ("<main>", "<div>", "not exactly one main"),
    ("<p>", '<p id="seats">', "stands 2 times"),
    ('for="seats"', 'for="places"', "names an id that is not there"),
    ('<label for="seats">Seats</label>', "", "has no label"),
    ('for="seats">Seats<', 'for="seats"><', "has no label"),
    ("<p>", '<p style="color:red">', "style attribute"),
    ("<p>", '<p onclick="x()">', "inline handler"),
    ("</head>", "<style>p{}</style></head>", "a style element"),
    (' nonce="n"', "", "without the nonce"),
    ('nonce="n"', 'nonce="other"', "without the nonce"),
    (' src="/a.js"', "", "without src"),
    ("<p>", '<p hx-get="/x">', "htmx attributes but not the nonce"),
    ("<p>", '<p hx-get="/x" hx-nonce="other">', "htmx attributes but not the nonce"),
    ('href="/plans"', 'href="#"', "leads nowhere"),
    ('href="/plans"', "", "leads nowhere"),
    (">Plans</a>", "></a>", "has no words"),
    (">Save<", "><", "has no words"),
    ("<p>", '<p><img src="/a.svg">', "has no alt"),
    ('method="post"', 'method="put"', "a method that browsers do not know"),
    (' type="submit"', "", "does not say its type"),
    ('name="csrf_token"', 'name="token"', "0 CSRF tokens"),
    (' value="t"', ' value=""', "1 CSRF tokens"),
    ("<p>", "<p>{{ amount }} ", "slip of the template"),
    ("<p>", "<p>due on None. ", "slip of the template"),
    ("<p>", "<p>Decimal('4.00') ", "slip of the template"),
]


def test_a_page_without_mistakes_has_no_findings() -> None:
    assert problems_of(PAGE, nonce="n") == []


@pytest.mark.parametrize(("right", "wrong", "finding"), MISTAKES)
def test_each_mistake_is_found(right: str, wrong: str, finding: str) -> None:
    assert right in PAGE
    found = problems_of(PAGE.replace(right, wrong, 1), nonce="n")
    assert any(finding in line for line in found), found


def test_a_page_that_may_have_no_script_is_refused_one() -> None:
    assert problems_of(PAGE, nonce=None) == ["<script> without the nonce of its answer"]


def test_a_fragment_is_one_element() -> None:
    assert problems_of('<div id="a"><p>Words</p></div>', fragment=True) == []
    assert problems_of('<div id="a"></div><div id="b"></div>', fragment=True) != []


def test_a_part_that_htmx_puts_elsewhere_may_stand_beside_the_root() -> None:
    parts = '<div id="a"></div><div id="page-message" hx-swap-oob="true" hx-nonce="n">Saved.</div>'
    assert problems_of(parts, nonce="n", fragment=True) == []


@pytest.mark.parametrize("policy", ["script-src 'nonce-other'", "script-src 'self'", ""])
def test_a_test_that_gets_a_page_with_a_mistake_fails_with_its_address(policy: str) -> None:
    app = Flask(__name__)
    app.get("/seats")(lambda: Response(PAGE, headers={"Content-Security-Policy": policy}))
    answer = app.test_client().get("/seats")
    with pytest.raises(AssertionError, match="GET /seats answered"):
        check_page(answer)


def test_what_is_no_page_is_not_read() -> None:
    app = Flask(__name__)
    app.get("/figures")(lambda: {"seats": 4})
    check_page(app.test_client().get("/figures"))
    assert app.test_client().get("/figures").json == {"seats": 4}
