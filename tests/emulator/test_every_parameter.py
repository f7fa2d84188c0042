"""Every parameter of every call is checked, whatever is sent for it, and what is refused changes nothing."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import typing_extensions
from stripe._stripe_object import UntypedStripeObject

from portal.emulator.params import fields_of
from portal.emulator.wire.routes import Route, all_routes
from tests.emulator.garbage import alternatives, class_of
from tests.emulator.world import World

ROUTES = list(all_routes())
Wrong = dict[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    """One account for all: what is refused leaves it as it was."""
    return World()


def name_of(route: Route) -> str:
    return f"{route.method} {route.template}"


def path_of(world: World, route: Route) -> str:
    """The call's path with ids that exist, as far as there are such objects."""
    parts = route.template.split("/")
    for index, part in enumerate(parts):
        if part.startswith("{"):
            parts[index] = world.ids.get(parts[index - 1], "none")
    return "/".join(parts)


def wrong_values(name: str, hint: Any) -> Iterator[Wrong]:
    """Values of every shape that the annotation does not admit."""
    parts = alternatives(hint)
    words = [
        word for part in parts if typing.get_origin(part) is typing.Literal for word in typing.get_args(part)
    ]
    lists = any(typing.get_origin(part) is list for part in parts)
    objects = any(
        typing.get_origin(part) in (dict, UntypedStripeObject) or typing_extensions.is_typeddict(part)
        for part in parts
    )
    if not lists and not objects:
        yield {f"{name}[0]": "x"}
        yield {f"{name}[a]": "x"}
    if any(word != "" for word in words) and not ({int, bool, float} & set(parts)):
        yield {name: "no-such-word"}
    elif str in parts:
        yield {name: "x" * 40_001}
    else:
        yield {name: "x"}
        yield {name: "\0"}
    if {int, datetime} & set(parts):
        for number in ("1.5", str(2**63), str(-(2**63)), "1e3", "٣", " 1", "0x1"):
            yield {name: number}
    if {float, Decimal} & set(parts):
        for number in ("1,5", "NaN", "Infinity", "1e3", "9" * 40):
            yield {name: number}


def wrong_requests(route: Route) -> Iterator[tuple[Wrong, str]]:
    """Every wrong value for every parameter, and the name the refusal must give."""
    yield {"bogus": "1"}, "bogus"
    yield {"\u0440rice": "1"}, "\u0440rice"
    if not route.params:
        return
    for name, hint in fields_of(class_of(route)).items():
        for sent in wrong_values(name, hint):
            yield sent, name


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_every_wrong_value_is_refused_by_its_parameters_name(world: World, route: Route) -> None:
    before, path = world.emulator.store.snapshot(), path_of(world, route)
    wrong = []
    for sent, param in wrong_requests(route):
        status, body = world.raw.send(route.method, path, sent)
        error = body.get("error", {})
        named = re.match(r"[^\[]*", error.get("param") or "")
        if (
            (status, error.get("type")) != (400, "invalid_request_error")
            or named is None
            or named[0] != param
        ):
            wrong.append((str(sent)[:60], status, error.get("param"), error.get("message")))
    assert wrong == []
    assert world.emulator.store.snapshot() == before


IDS = ["none", "\0", "x" * 3000, "é✓", "..", "%2e%2e"]


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.template], ids=name_of)
def test_an_address_of_nothing_is_not_found(world: World, route: Route) -> None:
    before = world.emulator.store.snapshot()
    found = []
    for wrong in [*IDS, world.ids["tax_rates"], world.ids["charges"], world.ids["deleted"]]:
        for position, part in enumerate(route.template.split("/")):
            parts = path_of(world, route).split("/")
            if not part.startswith("{") or wrong == world.ids.get(parts[position - 1]):
                continue
            parts[position] = wrong
            status, body = world.raw.send(route.method, "/".join(parts), {})
            stub = body.get("deleted") and route.method == "GET"
            right = (status, body.get("error", {}).get("code")) == (404, "resource_missing") or status == 400
            if not right and not stub:
                found.append((wrong[:20], status, body))
    assert found == []
    assert world.emulator.store.snapshot() == before
