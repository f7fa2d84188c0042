"""No float comes near an amount, and minor units become text in one place only."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import Sources, calls, parsed, planted

MONEY_ROOMS = (
    "portal/pricing/",
    "portal/plans/",
    "portal/subscriptions/",
    "portal/seats/",
    "portal/invoices/",
    "portal/customers/",
    "portal/usage/",
    "portal/gateway/snapshots.py",
    "portal/kit/money.py",
    "portal/kit/rounding.py",
    "portal/emulator/billing/",
)
# Usage figures of the demo; no amounts.
NO_MONEY = ("portal/demo/history.py",)
# Stripe sends percentages as JSON numbers with decimals: on the wire they are floats, as amounts never are.
PERCENT = "percent"


def floats(sources: Sources) -> list[str]:
    """Return where a room that holds amounts uses a float or Python's round (which rounds half to even)."""
    found = []
    for name, tree in sources.items():
        if not name.startswith(MONEY_ROOMS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _makes_a_float(node):
                found.append(f"{name}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{name}:{node.lineno} {node.value!r}")
            if isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load):
                found += [f"{name}:{node.lineno} float"] * _is_an_annotation(tree, node)
    return found


def divisions_by_a_hundred(sources: Sources) -> list[str]:
    """Return where something other than a percentage is divided by a hundred: minor units, most likely."""
    return [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in sources.items()
        if name not in NO_MONEY
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, (ast.Div, ast.FloorDiv))
        and isinstance(node.right, ast.Constant)
        and node.right.value in (100, 100.0)
        and not _is_about_percent(node.left)
    ]


def written_currencies(sources: Sources) -> list[str]:
    """Return functions with a default currency: whoever forgets to say which would charge in it."""
    found = []
    for name, tree in sources.items():
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            arguments = node.args
            positional = [*arguments.posonlyargs, *arguments.args]
            with_default = positional[len(positional) - len(arguments.defaults) :]
            named = [a for a, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
            if any("currency" in argument.arg for argument in (*with_default, *named)):
                found.append(f"{name}:{node.lineno} {node.name}")
    return found


def _makes_a_float(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    return called == "round" or (called == "float" and not _is_about_percent(call))


def _is_about_percent(node: ast.AST) -> bool:
    return PERCENT in ast.unparse(node)


def _is_an_annotation(tree: ast.Module, name: ast.Name) -> bool:
    annotations = [node.annotation for node in ast.walk(tree) if isinstance(node, (ast.arg, ast.AnnAssign))]
    returned = [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return any(name in list(ast.walk(place)) for place in (*annotations, *returned) if place is not None)


def test_rooms_that_hold_amounts_use_no_floats_and_no_round() -> None:
    assert floats(parsed()) == []


@pytest.mark.parametrize(
    "source",
    [
        "price = float(amount)",
        "price = round(amount * share)",
        "price = amount * 1.19",
        "def total(amount: float) -> int: ...",
        "def total(amount: int) -> float: ...",
        "rate: float | None = None",
    ],
)
def test_a_float_near_an_amount_is_found(source: str) -> None:
    assert floats(planted(source)) != []


def test_a_percentage_on_the_wire_may_be_a_float() -> None:
    assert floats(planted("rate = {'percentage': float(percentage)}")) == []
    assert divisions_by_a_hundred(planted("tax = taxable * rate.percentage / 100")) == []


def test_nothing_but_a_percentage_is_divided_by_a_hundred() -> None:
    assert divisions_by_a_hundred(parsed()) == []


@pytest.mark.parametrize("source", ["shown = amount / 100", "shown = amount // 100", "shown = minor / 100.0"])
def test_an_amount_divided_by_a_hundred_is_found(source: str) -> None:
    assert divisions_by_a_hundred(planted(source, "portal/emulator/pages/checkout.py")) != []


def test_no_function_has_a_default_currency() -> None:
    assert written_currencies(parsed()) == []
    assert written_currencies(planted("def price(amount: int, currency: str = 'usd') -> Money: ...")) != []
    assert written_currencies(planted("def price(amount: int, *, currency: str = 'usd') -> Money: ...")) != []
    assert written_currencies(planted("def price(amount: int, *, currency: str) -> Money: ...")) == []


def test_the_rooms_that_hold_amounts_are_there() -> None:
    assert [room for room in MONEY_ROOMS if not any(name.startswith(room) for name in parsed())] == []
    assert any(called == "Money" for tree in parsed().values() for called, _ in calls(tree))
