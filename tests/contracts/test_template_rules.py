"""The lint of templates notices each kind of mistake in a page, and allows what mails and the emulator may do."""

from __future__ import annotations

import pytest

from portal.web.unit_of_work import Portal
from tests.lint_templates import findings_in

PAGE = """{% extends "layouts/auth.html" %}
{% from "components/button.html" import button %}
{# style="…" in a comment is nobody's business #}
{% block title %}Sign in{% endblock %}
{% block content %}
<p>Due {{ amount|money }}</p>
<form method="post" {% if a > b %}hidden{% endif %}>{{ csrf_field() }}{{ button("Sign in") }}</form>
<form method="get"><a href="{{ url_for('accounts.sign_in') }}">Back</a></form>
<script nonce="{{ csp_nonce() }}" src="{{ url_for('static', filename='js/portal.js') }}"></script>
{% endblock %}
"""
MISTAKES = [
    ("{% endblock %}", "{% endblok %}", "does not parse"),
    ("|money", "|mony", "No filter named 'mony'"),
    ("|money", "|safe", "|safe"),
    ("<p>", "{% autoescape false %}{{ x }}{% endautoescape %}<p>", "autoescape is switched"),
    ("amount|money", "amount / 100", "divides by a hundred"),
    ("amount|money", "(amount // 100)|money", "divides by a hundred"),
    ("amount|money", "amount|round(2)", "|round"),
    ("amount|money", "amount * 0.01", "a float"),
    ("<p>", '<p class="x" style="color: red">', "a style attribute"),
    ("<p>", "<p\n   STYLE = 'color: red'>", "a style attribute"),
    ("<p>", "<style>p { color: red }</style><p>", "a style element"),
    ("<p>", '<p onclick="pay()">', "an inline handler"),
    ("<p>", '<p><a href="javascript:pay()">Pay</a>', "a javascript: address"),
    ("<p>", '<p><img src="https://cdn.example.com/x.png" alt="">', "another host's address"),
    ("<p>", '<p><img src="//cdn.example.com/x.png" alt="">', "another host's address"),
    (' nonce="{{ csp_nonce() }}"', "", "a script without csp_nonce()"),
    ("src=\"{{ url_for('static', filename='js/portal.js') }}\"", "", "an inline script"),
    ("<p>", '<p hx-get="/x">', "htmx attributes without hx-nonce"),
    ("{{ csrf_field() }}", "", "a form that posts without csrf_field()"),
    ('method="post"', 'method="delete"', "a form method that browsers do not know"),
    ("<p>", "<h1>Sign in</h1><p>", "an h1 of its own"),
    ('{% extends "layouts/auth.html" %}', "", "a page without a layout"),
    ("block title", "block name", "a page without a title block"),
    ("layouts/auth.html", "layouts/outh.html", "no template 'layouts/outh.html'"),
    ("accounts.sign_in", "accounts.sign_inn", "no endpoint 'accounts.sign_inn'"),
    ("js/portal.js", "js/portl.js", "no static file 'js/portl.js'"),
]


def test_a_page_without_mistakes_has_no_findings(portal_app: Portal) -> None:
    assert findings_in("accounts/page.html", PAGE, portal_app) == []


@pytest.mark.parametrize(("right", "wrong", "finding"), MISTAKES)
def test_each_mistake_is_found(portal_app: Portal, right: str, wrong: str, finding: str) -> None:
    assert right in PAGE
    found = findings_in("accounts/page.html", PAGE.replace(right, wrong, 1), portal_app)
    assert any(finding in text for _, text in found), found


def test_a_finding_names_its_line(portal_app: Portal) -> None:
    wrong = PAGE.replace("<p>", '<p style="x">')
    assert findings_in("accounts/page.html", wrong, portal_app) == [(6, "a style attribute")]


def test_mails_carry_their_style_in_attributes(portal_app: Portal) -> None:
    mail = '{% extends "layouts/email.html" %}{% block content %}<p style="margin:0">Hello</p>{% endblock %}'
    assert findings_in("emails/hello.html", mail, portal_app) == []


def test_the_emulators_pages_have_no_script_and_no_token(portal_app: Portal) -> None:
    page = '<h1>Pay</h1><form method="post"></form>'
    assert findings_in("emulator/checkout.html", page, portal_app) == []
    scripted = '<script src="/x.js"></script>'
    assert findings_in("emulator/checkout.html", scripted, portal_app) != []


def test_text_files_of_mails_are_parsed(portal_app: Portal) -> None:
    assert findings_in("emails/hello.txt", "{{ name", portal_app) != []
