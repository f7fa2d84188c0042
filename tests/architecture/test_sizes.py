"""A module is read in one sitting, and its name says what is in it."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tests.architecture.sources import ROOT, Sources, parsed, planted

DRAWERS = {"utils", "helpers", "common", "manager", "misc", "base", "core", "tools", "handlers", "services"}
MOST_LINES = 400
MOST_LINES_OF_A_VIEW = 25


def too_long(lengths: Mapping[str, int]) -> dict[str, int]:
    """Return the modules that are longer than somebody can keep in mind."""
    return {name: length for name, length in lengths.items() if length > MOST_LINES}


def drawers(sources: Sources) -> list[str]:
    """Return the modules whose name says nothing."""
    return [name for name in sources if name.rsplit("/", 1)[-1].removesuffix(".py") in DRAWERS]


def silent(sources: Sources) -> list[str]:
    """Return modules, and public functions and classes in them, without a docstring."""
    found = [name for name, tree in sources.items() if tree.body and not ast.get_docstring(tree)]
    for name, tree in sources.items():
        for node in tree.body:
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            if not isinstance(node, kinds) or node.name.startswith("_") or ast.get_docstring(node):
                continue
            # A view's name and address, a form's fields and a row of a protocol say what they are.
            if not node.decorator_list and not name.endswith("forms.py"):
                found.append(f"{name}:{node.lineno} {node.name}")
    return found


def long_views(sources: Sources) -> list[str]:
    """Return views that do more than load, check, call one verb and answer. The docstring does not count."""
    return [
        f"{name}:{node.lineno} {node.name} has {length} lines"
        for name, tree in sources.items()
        if name.endswith("/views.py")
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("route" in w or ".get" in w or ".post" in w for w in _words(node))
        if (length := _length(node)) > MOST_LINES_OF_A_VIEW
    ]


def _words(node: ast.FunctionDef) -> list[str]:
    return [ast.unparse(decorator) for decorator in node.decorator_list]


def _length(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_module_is_longer_than_400_lines() -> None:
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    lengths = {
        name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in {*parsed(), *tests}
    }
    assert too_long(lengths) == {}
    assert too_long({"portal/seats/change.py": 401}) != {}


def test_the_conftest_only_lists_fixtures() -> None:
    assert len((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8").splitlines()) < 100


def test_no_module_is_a_drawer() -> None:
    assert drawers(parsed()) == []
    assert drawers(planted("", "portal/seats/utils.py")) != []


def test_everything_that_others_use_says_what_it_is() -> None:
    assert silent(parsed()) == []
    assert silent(planted("x = 1")) != []
    assert silent(planted('"""Seats."""\n\ndef change() -> None:\n    pass')) != []
    assert silent(planted('"""Seats."""\n\ndef _check() -> None:\n    pass')) == []


def test_views_are_thin() -> None:
    assert long_views(parsed()) == []
    body = "\n".join("    x = 1" for _ in range(MOST_LINES_OF_A_VIEW + 1))
    assert long_views(planted(f"@bp.get('/')\ndef show() -> str:\n{body}", "portal/seats/views.py")) != []
