"""No float comes near an amount."""

from __future__ import annotations

import ast

from tests.architecture.sources import calls, parsed

MONEY_ROOMS = (
    "portal/pricing/",
    "portal/plans/",
    "portal/subscriptions/",
    "portal/seats/",
    "portal/invoices/",
    "portal/customers/",
    "portal/kit/money.py",
    "portal/kit/rounding.py",
    "portal/emulator/billing/",
)
# Drawing has no money in it.
GEOMETRY = ("portal/web/charts.py",)


def test_rooms_that_hold_amounts_use_no_floats_and_no_round() -> None:
    found = [
        f"{name}:{line} {called}"
        for name, tree in parsed().items()
        if name.startswith(MONEY_ROOMS)
        for called, line in calls(tree)
        if called in {"float", "round"}
    ]
    found += [
        f"{name}:{node.lineno} {node.value!r}"
        for name, tree in parsed().items()
        if name.startswith(MONEY_ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert found == []


def test_nothing_divides_by_a_hundred() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in parsed().items()
        if name not in GEOMETRY
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Div, ast.FloorDiv))
        and isinstance(node.right, ast.Constant)
        and node.right.value == 100
    ]
    assert found == []
