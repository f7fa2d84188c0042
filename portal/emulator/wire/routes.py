"""The routing table: which function answers which method and path, with which parameters."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import portal.emulator.resources
from portal.emulator.transaction import StripeDict, Transaction


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it: parameters already checked and typed, path arguments by name."""

    method: str
    path: str
    params: dict[str, Any]
    args: dict[str, str] = field(default_factory=dict)
    request_id: str = ""


Handler = Callable[[Transaction, Call], StripeDict]


@dataclass(frozen=True)
class Route:
    """A supported call. `params` names a class of `stripe.params`, dotted for its sub-packages; `texts` are the
    parameters of a call the SDK does not know. `alone` is what a second request for the same `{id}` hears while one
    is running; without it, it waits.
    """

    method: str
    template: str
    handler: Handler
    params: str | None
    writes: bool
    texts: tuple[str, ...] = ()
    alone: str | None = None

    @property
    def summary(self) -> str:
        """Return the first line of the handler's docstring, for the list of supported calls."""
        return (self.handler.__doc__ or "").strip().split("\n")[0]


_ROUTES: Final[dict[tuple[str, str], Route]] = {}
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")


def route(
    method: str,
    template: str,
    *,
    params: str | None = None,
    texts: tuple[str, ...] = (),
    alone: str | None = None,
    writes: bool | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler. `params` is a class name in `stripe.params`: "CustomerCreateParams",
    "checkout.SessionCreateParams". For `texts` and `alone` see `Route`. All but
    GETs write; `writes` says so of a GET that tries something and takes it back.
    """

    def register(handler: Handler) -> Handler:
        key = (method, template)
        if key in _ROUTES:
            raise ValueError(f"{method} {template} is registered twice")
        _ROUTES[key] = Route(
            method, template, handler, params, method != "GET" if writes is None else writes, texts, alone
        )
        return handler

    return register


def all_routes() -> Iterator[Route]:
    """Yield every supported call, by path and method."""
    load_resources()
    yield from sorted(_ROUTES.values(), key=lambda entry: (entry.template, entry.method))


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route for a path and its path arguments; literal paths win over placeholders."""
    segments = path.rstrip("/").split("/")
    for candidate, names in _by_shape().get((method, len(segments)), ()):
        args: dict[str, str] = {}
        for wanted, name, found in zip(candidate, names, segments, strict=True):
            if name is not None:
                args[name] = found
            elif wanted != found:
                break
        else:
            return _ROUTES[(method, "/".join(candidate))], args
    return None


@cache
def _by_shape() -> dict[tuple[str, int], list[tuple[list[str], list[str | None]]]]:
    load_resources()
    shapes: dict[tuple[str, int], list[tuple[list[str], list[str | None]]]] = {}
    for method, template in _ROUTES:
        parts = template.split("/")
        names = [found[1] if (found := _PLACEHOLDER.fullmatch(part)) else None for part in parts]
        shapes.setdefault((method, len(parts)), []).append((parts, names))
    for entries in shapes.values():
        entries.sort(key=lambda entry: sum(name is not None for name in entry[1]))
    return shapes


@cache
def load_resources() -> None:
    """Import every resource module: each registers its routes, and what happens when its objects fall due.

    A new file in the folder is a new resource.
    """
    for module in pkgutil.iter_modules(portal.emulator.resources.__path__):
        importlib.import_module(f"portal.emulator.resources.{module.name}")
