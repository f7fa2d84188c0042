"""`python -m tests.lint_templates`, a step of `./dev lint`: what a template must not contain, checked on its source, so
that a branch no test renders is checked too. Prints `file:line: finding` and ends with 1 if there is any."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from flask import Flask
from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates

from portal.app import create_app
from portal.config import Config
from tests.fixtures.app import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
MAILS = ("emails/", "layouts/email.html", "components/email.html")
PARTS = ("layouts/", "components/", "emails/", "emulator/")
ICONS = "components/icon.html"
METHODS = "get|post|put|patch|delete"
Finding = tuple[int, str]


def main() -> int:
    """Check every template of the portal and of the emulator; return 1 if anything was found."""
    app = create_app(Config.from_env({**ENVIRONMENT, "DATABASE_URL": "sqlite:///:memory:"}))
    lines = []
    for path in sorted(TEMPLATES.rglob("*.*")):
        name = path.relative_to(TEMPLATES).as_posix()
        source = path.read_text(encoding="utf-8")
        lines += [f"templates/{name}:{line}: {text}" for line, text in findings_in(name, source, app)]
    print("\n".join(lines) or "no findings")
    return 1 if lines else 0


def findings_in(name: str, source: str, app: Flask) -> list[Finding]:
    """Return (line, finding) for each mistake in one template; `name` is its path under templates/."""
    emulator = name.startswith("emulator/")
    environment = app.jinja_env
    try:
        tree = environment.parse(source, name)
        if not emulator:
            environment.compile(source, name)  # also knows every filter and test
    except TemplateSyntaxError as error:
        return [(error.lineno, f"does not parse: {error.message}")]
    found = [*_escapes(tree, name), *_arithmetic(tree)]
    if name.endswith(".html"):
        markup = _without_jinja(source, environment)
        found += [*_inline(markup, name), *_addresses(markup)]
        if not emulator:
            found += [*_posts_without_token(markup), *_scripts(markup), *_headings(tree, markup, name)]
    if not emulator:
        found += [*_names(tree, app)]
    return sorted(set(found))


def _escapes(tree: nodes.Template, name: str) -> Iterator[Finding]:
    """`|safe` puts text on a page as markup. Only the icons' own shapes, which stand beside it, may do that."""
    if name != ICONS:
        for found in tree.find_all(nodes.Filter):
            if found.name == "safe":
                yield found.lineno, "|safe: text would be put on the page as markup"
    for scope in tree.find_all(nodes.ScopedEvalContextModifier):
        if any(option.key == "autoescape" for option in scope.options):
            yield scope.lineno, "autoescape is switched"


def _arithmetic(tree: nodes.Template) -> Iterator[Finding]:
    """Amounts become text in one place, the money filter."""
    for division in (*tree.find_all(nodes.Div), *tree.find_all(nodes.FloorDiv)):
        if isinstance(division.right, nodes.Const) and division.right.value in (100, 100.0):
            yield division.lineno, "divides by a hundred: amounts are written by the money filter"
    for found in tree.find_all(nodes.Filter):
        if found.name in ("round", "filesizeformat"):
            yield found.lineno, f"|{found.name}: figures are rounded before they come to a template"
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, float):
            yield constant.lineno, f"a float: {constant.value}"


def _inline(markup: str, name: str) -> Iterator[Finding]:
    """The content security policy refuses inline style and handlers. Mails are not under it and have no sheets."""
    if not name.startswith(MAILS):
        yield from _each(r"<[^>]*\sstyle\s*=", markup, "a style attribute")
        yield from _each(r"<style\b", markup, "a style element")
    yield from _each(r"<[^>]*\son[a-z]+\s*=", markup, "an inline handler")
    yield from _each(r"=\s*[\"']?\s*javascript:", markup, "a javascript: address")
    if name.startswith("emulator/"):
        yield from _each(r"<script\b", markup, "a script: the emulator's pages have none")


def _addresses(markup: str) -> Iterator[Finding]:
    yield from _each(r"=\s*[\"']?\s*(?:https?:)?//[a-z]", markup, "another host's address")


def _scripts(markup: str) -> Iterator[Finding]:
    for found in re.finditer(r"<script\b[^>]*>", markup):
        if "NONCE" not in found.group():
            yield _line(markup, found), "a script without csp_nonce()"
        if not re.search(r"\ssrc\s*=", found.group()):
            yield _line(markup, found), "an inline script"
    for found in re.finditer(rf"<[^>]*\shx-(?:{METHODS})\s*=[^>]*>", markup):
        if not re.search(r"\shx-nonce\s*=\s*\"[^\"]*NONCE", found.group()):
            yield _line(markup, found), "htmx attributes without hx-nonce: use the hx macro"


def _posts_without_token(markup: str) -> Iterator[Finding]:
    for found in re.finditer(r"<form\b[^>]*>(.*?)(?:</form>|\Z)", markup, re.DOTALL | re.IGNORECASE):
        opening = found.group().split(">", 1)[0]
        method = re.search(r"\smethod\s*=\s*[\"']?([\w-]*)", opening)
        posts = method is not None and method.group(1).lower() == "post"
        if posts and "TOKEN" not in found.group(1):
            yield _line(markup, found), "a form that posts without csrf_field()"
        if method is not None and method.group(1).lower() not in ("get", "post"):
            yield _line(markup, found), "a form method that browsers do not know"


def _headings(tree: nodes.Template, markup: str, name: str) -> Iterator[Finding]:
    """The layouts make the h1 of the title block, so title and heading agree and there is one of each."""
    if name.startswith(PARTS):
        return
    yield from _each(r"<h1\b", markup, "an h1 of its own: the layout makes it of the title block")
    fragment = name.rsplit("/", 1)[-1].startswith("_")
    if not fragment and next(tree.find_all(nodes.Extends), None) is None:
        yield 1, "a page without a layout"
    blocks = {block.name for block in tree.find_all(nodes.Block)}
    if not fragment and not name.startswith("errors/") and "title" not in blocks:
        yield 1, "a page without a title block"


def _names(tree: nodes.Template, app: Flask) -> Iterator[Finding]:
    """Templates, endpoints and static files that are named must be there."""
    for name in find_referenced_templates(tree):
        if name is not None and not (TEMPLATES / name).is_file():
            yield 1, f"no template {name!r}"
    for call in tree.find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Name) and call.node.name == "url_for" and call.args):
            continue
        endpoint = call.args[0]
        if not isinstance(endpoint, nodes.Const):
            continue
        if endpoint.value not in app.view_functions:
            yield call.lineno, f"no endpoint {endpoint.value!r}"
        files = [option.value for option in call.kwargs if option.key == "filename"]
        for file in files:
            if isinstance(file, nodes.Const) and not (ROOT / "static" / str(file.value)).is_file():
                yield call.lineno, f"no static file {file.value!r}"


def _without_jinja(source: str, environment: Environment) -> str:
    """Take out what is Jinja's, keeping every line in its place and a word for tokens and nonces."""
    kept: list[str] = []
    hidden = ""
    for _, kind, text in environment.lex(source):
        if kind == "data":
            kept.append(text)
        elif kind in ("variable_end", "block_end"):
            kept.append(_stand_in(hidden) + "\n" * (hidden + text).count("\n"))
            hidden = ""
        elif kind.startswith(("comment", "raw")):
            kept.append("\n" * text.count("\n"))
        else:
            hidden += text
    return "".join(kept)


def _stand_in(expression: str) -> str:
    if re.search(r"csrf_field|csrf_token|hidden_tag", expression):
        return "TOKEN"
    return "NONCE" if "csp_nonce" in expression else ""


def _each(pattern: str, markup: str, text: str) -> Iterable[Finding]:
    return [(_line(markup, found), text) for found in re.finditer(pattern, markup, re.IGNORECASE)]


def _line(markup: str, found: re.Match[str]) -> int:
    return markup.count("\n", 0, found.start()) + 1


if __name__ == "__main__":
    sys.exit(main())
