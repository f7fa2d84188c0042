"""Which code a job's name stands for. A handler has two phases: `call` talks to the network with no transaction
open, `apply` writes its effect in the very transaction that completes the job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Payload = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handler:
    """The two phases of a job and the queue its threads take it from."""

    name: str
    queue: str
    call: Callable[[Payload], Any] | None
    apply: Callable[[Payload, Any], None] | None


class UnknownJob(LookupError):
    """A job names a handler that this version of the program does not have."""


_handlers: dict[str, Handler] = {}


def register(
    name: str,
    *,
    queue: str,
    call: Callable[[Payload], T] | None = None,
    apply: Callable[[Payload, T], None] | None = None,
) -> None:
    """Name the code of a job. `call` runs first, outside any transaction, and may be run again after a crash;
    `apply` gets its answer (None without `call`) inside the unit of work that completes the job, so its effect
    happens exactly once. Raises ValueError for a name that is taken or a handler without a phase."""
    if name in _handlers:
        raise ValueError(f"two handlers for {name}")
    if call is None and apply is None:
        raise ValueError(f"{name} would do nothing")
    _handlers[name] = Handler(name, queue, call, apply)


def handler_of(name: str) -> Handler:
    """Return the handler of a job's name. Raises UnknownJob."""
    try:
        return _handlers[name]
    except KeyError:
        raise UnknownJob(name) from None


def queue_of(name: str) -> str:
    """Return the queue in which jobs of this name wait; `default` for a name nobody registered."""
    found = _handlers.get(name)
    return found.queue if found else "default"
