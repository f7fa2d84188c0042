"""Refusing parameters Stripe knows and the emulator does not act on: nothing is silently ignored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.emulator.wire.errors import invalid

UNSUPPORTED = (
    "application_fee_percent",
    "billing_schedules",
    "billing_thresholds",
    "customer_account",
    "default_source",
    "on_behalf_of",
    "pending_invoice_item_interval",
    "transfer_data",
)


def refuse_unsupported(
    params: dict[str, Any], names: Iterable[str] = UNSUPPORTED, *, within: str | None = None
) -> None:
    """Refuse what Stripe knows and the emulator does not imitate, instead of ignoring it.

    `within` is the parameter these are fields of.
    """
    for name in names:
        if params.get(name):
            raise invalid(
                f"The emulator does not imitate `{name}` here.", param=f"{within}[{name}]" if within else name
            )
