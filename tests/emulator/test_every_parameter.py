"""Every parameter of every call is checked, whatever is sent for it, and what is refused changes nothing."""

from __future__ import annotations

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
WRONG_IDS = ["none", "\0", "x" * 3000, "é✓", "..", "%2e%2e"]
Wrong = dict[str, str]
# These are checked alike in all calls that have them, so one will do.
_OF_EVERY_LIST = ("ending_before", "expand", "limit", "starting_after")


@pytest.fixture(scope="module")
def world() -> World:
    """One account for all: what is refused leaves it as it was."""
    return World()


@pytest.fixture(scope="module")
def start(world: World) -> str:
    """The account as it was before anything was sent."""
    return world.emulator.store.snapshot()


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
        for number in ("1.5", str(2**63), "1e3", "٣"):
            yield {name: number}
    if {float, Decimal} & set(parts):
        for number in ("1,5", "NaN", "9" * 40):
            yield {name: number}


def wrong_requests(route: Route) -> Iterator[tuple[Wrong, str]]:
    """Every wrong value for every parameter, and the name the refusal must give."""
    yield {"bogus": "1"}, "bogus"
    if not route.params:
        return
    for name, hint in fields_of(class_of(route)).items():
        if name in _OF_EVERY_LIST and route.template != "/v1/customers":
            continue
        for sent in wrong_values(name, hint):
            yield sent, name


def test_every_wrong_value_is_refused_by_its_parameters_name(world: World, start: str) -> None:
    wrong = []
    for route in ROUTES:
        for sent, param in wrong_requests(route):
            status, body = world.raw.send(route.method, path_of(world, route), sent)
            error = body.get("error", {})
            named = (error.get("param") or "").partition("[")[0]
            if (status, error.get("type"), named) != (400, "invalid_request_error", param):
                wrong.append((name_of(route), str(sent)[:60], status, error))
    assert wrong == []
    assert world.emulator.store.snapshot() == start


def test_an_empty_value_is_answered_for_every_parameter(world: World, start: str) -> None:
    wrong = []
    for route in ROUTES:
        for name in fields_of(class_of(route)) if route.params else ():
            status, body = world.raw.send(route.method, path_of(world, route), {name: ""})
            if status == 200 and route.writes:
                world.emulator.store.restore(start)
            elif status not in (200, 400, 402, 404):
                wrong.append((name_of(route), name, status, body))
    assert wrong == []
    assert world.emulator.store.snapshot() == start


def test_an_address_of_nothing_is_not_found(world: World, start: str) -> None:
    found = []
    ids = [*WRONG_IDS, world.ids["tax_rates"], world.ids["charges"], world.ids["deleted"]]
    for route in ROUTES:
        parts = path_of(world, route).split("/")
        for position, part in enumerate(route.template.split("/")):
            for wrong in ids if part.startswith("{") else ():
                path = "/".join([*parts[:position], wrong, *parts[position + 1 :]])
                status, body = world.raw.send(route.method, path, {})
                missing = (status, body.get("error", {}).get("code")) == (404, "resource_missing")
                stub = body.get("deleted") and route.method == "GET"
                if not missing and not stub and status != 400 and wrong != parts[position]:
                    found.append((name_of(route), wrong[:20], status, body))
    assert found == []
    assert world.emulator.store.snapshot() == start
