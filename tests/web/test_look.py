"""The look as files: templates keep to the content security policy, name only what exists, and error pages ask for
nothing that may be missing when something has gone wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
MAILS = {TEMPLATES / "layouts/email.html", TEMPLATES / "components/email.html"}
PAGES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    if path not in MAILS and not path.is_relative_to(TEMPLATES / "emails")
)


def relative(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


@pytest.fixture
def bare_templates() -> Environment:
    """Templates with what every request has, and nothing that needs a database or a signed-in user."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        product_name="Tally",
        csp_nonce=lambda: "nonce",
        url_for=lambda endpoint, **values: f"/{endpoint}/{values.get('filename', '')}",
        get_flashed_messages=lambda **_: [],
    )
    return environment


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_page_carries_inline_style_or_inline_script(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=", text)


def test_every_icon_named_in_a_template_exists() -> None:
    shapes = set(re.findall(r"^  '([a-z0-9-]+)': '<", (TEMPLATES / "components/icon.html").read_text(), re.M))
    used = {
        name
        for page in PAGES
        for name in re.findall(r"\bicon\(\s*\"([a-z0-9-]+)\"", page.read_text())
        if not page.is_relative_to(TEMPLATES / "emulator")
    }
    assert used
    assert used <= shapes


def test_every_custom_property_used_is_defined() -> None:
    sheets = "\n".join(path.read_text() for path in (STATIC / "css").glob("*.css"))
    used = set(re.findall(r"var\((--[a-z0-9-]+)", sheets))
    defined = set(re.findall(r"(--[a-z0-9-]+):", sheets))
    assert used <= defined


def test_every_file_the_skeleton_asks_for_is_there(bare_templates: Environment) -> None:
    html = bare_templates.from_string(
        '{% extends "layouts/auth.html" %}{% block title %}T{% endblock %}'
    ).render()
    names = re.findall(r"/static/([\w./-]+)", html)
    assert len(names) > 10
    assert [name for name in names if not (STATIC / name).is_file()] == []


@pytest.mark.parametrize("code", [403, 404, 409, 413, 422, 429, 500, 503])
def test_error_pages_render_for_somebody_signed_out_with_a_way_out(
    bare_templates: Environment, code: int
) -> None:
    html = bare_templates.get_template(f"errors/{code}.html").render()
    heading = re.findall(r"<h1>(.*?)</h1>", html)
    assert len(heading) == 1
    assert f"<title>{heading[0]} · Tally</title>" in html
    assert 'class="button" href="/"' in html


def test_an_error_page_shows_what_the_refusal_says(bare_templates: Environment) -> None:
    html = bare_templates.get_template("errors/409.html").render(message="Seats are <in> use.", status=400)
    assert "Seats are &lt;in&gt; use." in html
    assert "made a change first" not in html
    assert "Error 400" in html


def test_an_error_page_explains_where_the_refusal_only_repeats_the_title(bare_templates: Environment) -> None:
    html = bare_templates.get_template("errors/404.html").render(message="We could not find this page.")
    assert html.count("We could not find this page") == 2
    assert "may be incomplete" in html


def test_the_fragment_for_htmx_is_a_notice(bare_templates: Environment) -> None:
    html = bare_templates.get_template("errors/_error.html").render(message="Try again.")
    assert html.startswith('<div class="notice tone-bad"')
    assert "Try again." in html
