"""The console's faults: what goes wrong on request, until it happened or is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.faults import Fault, Kind
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere

_WORDS: Final[dict[str, str]] = {
    "card_declined": "402: the card is declined",
    "lock_timeout": "429: the object is locked",
    "rate_limit": "429: too many requests",
    "error_before": "500, nothing was done",
    "error_after": "500, although it was done",
    "error_kept": "500, although it was done, and again under its key",
    "hang_before": "No answer for a while, nothing was done",
    "hang_after": "No answer for a while, although it was done",
    "cut_before": "Connection cut, nothing was done",
    "cut_after": "Connection cut, although it was done",
    "stale_reads": "Reads answer from the state of now, for a while",
    "reads_per_second": "429 beyond so many reads per second",
}
_METHODS: Final = ("*", "GET", "POST", "DELETE")


def index(emulator: Emulator, _request: Request) -> Response:
    """List the faults that are on, and offer to add one."""
    return page(
        "console_faults.html",
        section="faults",
        faults=emulator.faults.listed(),
        kinds={kind: _WORDS[kind] for kind in get_args(Kind)},
        methods=_METHODS,
    )


def add(emulator: Emulator, request: Request) -> Response:
    """Switch a fault on."""
    try:
        emulator.faults.add(Fault(**_fault(request.form)))
    except (ValueError, OverflowError) as error:
        raise NotHere("Not added", str(error), status=422, link=("/console/faults", "Back")) from error
    return see("/console/faults")


def remove(emulator: Emulator, request: Request) -> Response:
    """Switch one fault off, or all of them."""
    chosen = request.form.get("id", "")
    if chosen.isascii() and chosen.isdigit():
        emulator.faults.remove(int(chosen))
    else:
        emulator.faults.clear()
    return see("/console/faults")


def _fault(posted: Mapping[str, str]) -> dict[str, Any]:
    """Read a fault; blank `times` means every call. Raises ValueError for text where a number belongs."""
    times = posted.get("times", "").strip()
    return {
        "kind": posted.get("kind", ""),
        "method": posted["method"] if posted.get("method") in _METHODS else "*",
        "path": posted.get("path", "").strip() or "*",
        "times": int(times) if times else None,
        "seconds": float(posted.get("seconds") or 30),
        "per_second": int(posted.get("per_second") or 1),
    }
