"""Why a subscription is cancelled, in its customer's words."""

from __future__ import annotations

from typing import Any

from portal.emulator.resources.feedback_options import active_option
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.fields import set_texts

_OPTION = "feedback_option"


def give_reason(tx: Transaction, sub: StripeDict, sent: dict[str, Any]) -> None:
    """Set what was sent of the cancellation details. Raises a 400 for a feedback option that cannot be chosen."""
    if sent.get(_OPTION):
        active_option(tx, sent[_OPTION], param=f"cancellation_details[{_OPTION}]")
    set_texts(sub["cancellation_details"], sent, ("comment", "feedback", _OPTION))
