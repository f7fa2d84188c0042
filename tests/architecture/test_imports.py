"""The contracts about who may import whom stand in pyproject.toml; this runs them with the tests."""

from __future__ import annotations

import ast

from importlinter import cli

from tests.architecture.sources import ROOT, parsed


def test_the_import_contracts_are_kept() -> None:
    assert (
        cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
        == cli.EXIT_STATUS_SUCCESS
    )


def test_no_import_hides_inside_a_function_to_dodge_a_cycle() -> None:
    # The command line and the server start quickly by importing what a command needs when it runs; the PDF
    # writer is heavy and rarely wanted.
    may = ("portal/cli.py", "gunicorn.conf.py")
    found = [
        f"{name}:{inner.lineno} {ast.unparse(inner)}"
        for name, tree in parsed().items()
        if name not in may
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom)) and "portal" in ast.unparse(inner)
    ]
    assert found == []
