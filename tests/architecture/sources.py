"""The portal's own source files, parsed once for the rules that are checked on their text. A rule is a function from
sources to findings, so that each can be shown a planted mistake."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Sources = Mapping[str, ast.Module]


@cache
def parsed() -> Sources:
    """Return every module under portal/ by its path from the root."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "portal").rglob("*.py"))
    }


def planted(source: str, path: str = "portal/seats/change.py") -> Sources:
    """Return sources with one made-up module, to see whether a rule finds what is wrong in it."""
    return {path: ast.parse(source)}


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Go through every call: its dotted name as written, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def last_word(called: ast.expr) -> str:
    """Return the last word of a dotted name as written, `timedelta` of `datetime.timedelta`; else nothing."""
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
