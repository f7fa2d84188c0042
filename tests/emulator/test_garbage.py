"""Whatever is sent, the emulator answers; what it refuses has changed nothing; and time goes on."""

from __future__ import annotations

from typing import Any

import pytest

from portal.emulator.wire.routes import all_routes
from tests.emulator.account import DAY
from tests.emulator.garbage import Garbage
from tests.emulator.world import World

# A request from time to time lets time pass: whatever state the others have left must survive that too.
_CALLS_PER_LIFE = 120
_ROUTES = list(all_routes())


def live(world: World, start: str, seed: int) -> list[str]:
    """Send a life's worth of requests and say what was wrong with the answers."""
    world.emulator.store.restore(start)
    world.now = world.began
    garbage = Garbage(seed, dict(world.ids))
    wrong = []
    for _ in range(_CALLS_PER_LIFE):
        route = garbage.random.choice(_ROUTES)
        path, sent = garbage.path(route), garbage.parameters(route)
        if garbage.random.random() < 0.05:
            world.now += garbage.random.choice((60, DAY, 8 * DAY, 31 * DAY))
        # A request lets happen what is due before it is looked at.
        world.emulator.let_time_pass()
        before = world.emulator.store.snapshot()
        try:
            status, body = world.raw.send(route.method, path, sent)
        except Exception as error:
            wrong.append(f"{route.method} {path} {sent}: {error!r}")
            continue
        if status == 200:
            _remember(garbage.ids, route.template, body)
        elif status != 402 and (status >= 500 or world.emulator.store.snapshot() != before):
            wrong.append(f"{route.method} {path} {sent}: {status} {body}")
    return wrong


def _remember(ids: dict[str, str], template: str, body: dict[str, Any]) -> None:
    collection = template.split("/{")[0].rpartition("/")[2]
    if collection in ids and isinstance(body.get("id"), str):
        ids[collection] = body["id"]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def start(world: World) -> str:
    return world.emulator.store.snapshot()


def test_some_garbage_is_answered_and_refused_whole(world: World, start: str) -> None:
    assert [wrong for seed in range(2) for wrong in live(world, start, seed)] == []


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(4))
def test_much_garbage_is_answered_and_refused_whole(world: World, start: str, hundred: int) -> None:
    seeds = range(100 * hundred, 100 * (hundred + 1))
    assert [wrong for seed in seeds for wrong in live(world, start, seed)] == []
