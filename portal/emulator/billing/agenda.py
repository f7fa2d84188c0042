"""The agenda: for each type of object, who acts when something is due for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from portal.emulator.transaction import StripeDict, Transaction

Step = Callable[[Transaction, StripeDict, int], None]
STEPS: Final[dict[str, Step]] = {}


def when_due(object_type: str) -> Callable[[Step], Step]:
    """Register what happens to an object when its `due_at` comes.

    The step gets the object and the instant; it must move or clear `due_at`.
    """

    def register(step: Step) -> Step:
        STEPS[object_type] = step
        return step

    return register
