"""Faults on request: the next call to something is refused, fails, hangs or loses its connection; reads are stale or
limited for a while. What a product must survive can so be made to happen.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Final, Literal, get_args

from portal.emulator.store import Store
from portal.emulator.wire.errors import StripeError, locked

Kind = Literal[
    "card_declined",
    "lock_timeout",
    "rate_limit",
    "error_before",
    "error_after",
    "error_kept",
    "hang_before",
    "hang_after",
    "cut_before",
    "cut_after",
    "stale_reads",
    "reads_per_second",
]
_METHODS: Final = ("*", "GET", "POST", "DELETE")
_OF_READS: Final = ("stale_reads", "reads_per_second")
_LONGEST_SECONDS: Final = 600.0


class NoAnswer(Exception):
    """The client gets no answer: the connection hangs for so many seconds and is then cut (0: cut at once)."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer after {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Fault:
    """What goes wrong, for calls whose method and path match (`*` matches anything).

    `times` is how many calls it still befalls, None for all of them. `seconds` is how long a hang or stale reads
    last; `per_second` is how many reads are answered. "before" and "after" mean before and after the effect.
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    seconds: float = 30.0
    per_second: int = 1
    id: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown fault: {self.kind}; there are {', '.join(get_args(Kind))}")
        if not self.path.startswith(("/", "*")):
            raise ValueError("path must begin with / or be a pattern that begins with *")
        if self.method not in _METHODS:
            raise ValueError(f"unknown method: {self.method}; there are {', '.join(_METHODS)}")
        if self.kind in _OF_READS and self.method not in ("*", "GET"):
            raise ValueError(f"{self.kind} befalls reads only, and {self.method} is none")
        if (self.times is not None and self.times < 1) or self.per_second < 0:
            raise ValueError("times must be at least 1, per_second at least 0")
        if not 0 <= self.seconds <= _LONGEST_SECONDS:
            raise ValueError(f"seconds must be between 0 and {_LONGEST_SECONDS:.0f}")

    @property
    def leaves_effect(self) -> bool:
        """Say whether the call does what it says before it goes wrong."""
        return self.kind.endswith(("_after", "_kept"))

    def is_for(self, method: str, path: str) -> bool:
        """Say whether a call is of those it befalls."""
        wanted = "GET" if self.kind in _OF_READS else self.method
        return wanted in ("*", method) and fnmatchcase(path, self.path)


class Faults:
    """The faults that are switched on. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._ids = count(1)
        self._active: list[Fault] = []
        # By fault: what stale reads are answered from and until when; which second it is and how many reads it had.
        self._stale: dict[int, tuple[Store, float]] = {}
        self._reads: dict[int, tuple[int, int]] = {}

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; stale reads begin now, with the state as it is now."""
        old = self._store.copy() if fault.kind == "stale_reads" else None
        with self._lock:
            added = replace(fault, id=next(self._ids))
            self._active.append(added)
            if old is not None:
                self._stale[added.id] = (old, self._store.wall_clock() + fault.seconds)
        return added

    def remove(self, fault_id: int) -> None:
        """Switch one fault off; nothing happens if it is off already."""
        with self._lock:
            self._forget([fault for fault in self._active if fault.id == fault_id])

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._forget(list(self._active))

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults that are on, as JSON, in the order they were switched on."""
        with self._lock:
            return [asdict(fault) for fault in self._active]

    def stale_store(self, method: str, path: str) -> Store | None:
        """Return the store that a call is answered from while what it reads is stale; the oldest fault counts."""
        now = self._store.wall_clock()
        with self._lock:
            over = {fault_id for fault_id, (_, until) in self._stale.items() if until <= now}
            self._forget([fault for fault in self._active if fault.id in over])
            for fault in self._active:
                if fault.id in self._stale and fault.is_for(method, path):
                    return self._stale[fault.id][0]
        return None

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that befalls this call, counting it; the oldest that matches."""
        with self._lock:
            for fault in self._active:
                if not self._befalls(fault, method, path):
                    continue
                if fault.times is not None and fault.kind != "reads_per_second":
                    left = fault.times - 1
                    if left:
                        self._active[self._active.index(fault)] = replace(fault, times=left)
                    else:
                        self._active.remove(fault)
                return fault
        return None

    def _befalls(self, fault: Fault, method: str, path: str) -> bool:
        if fault.kind == "stale_reads" or not fault.is_for(method, path):
            return False
        return fault.kind != "reads_per_second" or self._over_limit(fault)

    def _over_limit(self, fault: Fault) -> bool:
        now = int(self._store.wall_clock())
        second, used = self._reads.get(fault.id, (now, 0))
        used = used if second == now else 0
        self._reads[fault.id] = (now, used + 1)
        return used >= fault.per_second

    def _forget(self, gone: list[Fault]) -> None:
        self._active = [fault for fault in self._active if fault not in gone]
        for fault in gone:
            self._stale.pop(fault.id, None)
            self._reads.pop(fault.id, None)


def refusal(fault: Fault) -> StripeError | None:
    """Return the error a fault answers with, or None for one that gives no answer at all."""
    make = _REFUSALS.get(fault.kind)
    return make() if make is not None else None


def _declined() -> StripeError:
    return StripeError(
        402, "card_error", "Your card was declined.", code="card_declined", decline_code="generic_decline"
    )


def _rate_limit() -> StripeError:
    return StripeError(
        429,
        "invalid_request_error",
        "Request rate limit exceeded. Please retry with back-off.",
        code="rate_limit",
    )


def _server_error() -> StripeError:
    return StripeError(
        500,
        "api_error",
        "Sorry! There was an error while talking to one of our backends. (Asked for by a fault.)",
    )


_REFUSALS: Final[dict[Kind, Callable[[], StripeError]]] = {
    "card_declined": _declined,
    "lock_timeout": locked,
    "rate_limit": _rate_limit,
    "reads_per_second": _rate_limit,
    "error_before": _server_error,
    "error_after": _server_error,
    "error_kept": _server_error,
}
