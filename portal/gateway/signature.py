"""Is this webhook request really Stripe's? Verified on the raw bytes, before anything parses them.

The SDK's own check accepts timestamps from the future and lets TypeError and UnicodeDecodeError escape for
hostile headers, so the bounds are checked here first and everything it raises becomes BadSignature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from portal.gateway.errors import BadSignature
from portal.kit.clock import from_unix, to_unix, utcnow
from portal.kit.secret import Secret

MAX_BODY = 1_000_000
MAX_HEADER = 2_000
TOLERANCE_SECONDS = 300
_TIME = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")


@dataclass(frozen=True, slots=True)
class Event:
    """The few facts of a webhook event that the portal uses; the rest stays in the stored bytes."""

    stripe_id: str
    type: str
    livemode: bool
    api_version: str | None
    created_at: datetime
    customer_stripe_id: str | None


def verify(body: bytes, header: str | None, secrets: Sequence[Secret]) -> Event:
    """Return the event if one of the current secrets signed exactly these bytes within five minutes.

    Raises BadSignature for everything else: forged, stale, from the future, too large, or not an event.
    """
    if header is None or len(header) > MAX_HEADER or len(body) > MAX_BODY or not header.isascii():
        raise BadSignature("no usable signature header")
    moment = _TIME.search(header)
    if moment is None or abs(to_unix(utcnow()) - int(moment.group(1))) > TOLERANCE_SECONDS:
        raise BadSignature("the timestamp is missing or not within five minutes")
    if not any(_signed_by(secret, body, header) for secret in secrets):
        raise BadSignature("no current secret made this signature")
    return _shape(body)


def _signed_by(secret: Secret, body: bytes, header: str) -> bool:
    try:
        # Tolerance was checked above against the portal's clock; None skips the SDK's one-sided check.
        stripe.WebhookSignature.verify_header(body, header, secret.reveal(), tolerance=None)
    except Exception:
        return False
    return True


def _shape(body: bytes) -> Event:
    try:
        event: Any = json.loads(body)
        subject = event["data"]["object"]
        return Event(
            stripe_id=_text(event["id"], 255),
            type=_text(event["type"], 255),
            livemode=event["livemode"] is True,
            api_version=_storable(event.get("api_version"), 60),
            created_at=from_unix(int(event["created"])),
            customer_stripe_id=_customer(subject),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError, RecursionError) as error:
        raise BadSignature(f"signed, but not an event: {type(error).__name__}") from error


def _text(value: Any, most: int) -> str:
    found = _storable(value, most)
    if found is None:
        raise ValueError("not a short text")
    return found


def _storable(value: Any, most: int) -> str | None:
    """Return a short printable ASCII text, else None: PostgreSQL takes neither a NUL nor a lone surrogate."""
    fits = isinstance(value, str) and 0 < len(value) <= most and value.isascii() and value.isprintable()
    return value if fits else None


def _customer(subject: Any) -> str | None:
    if not isinstance(subject, dict):
        raise TypeError("data.object is not an object")
    found = subject.get("id") if subject.get("object") == "customer" else subject.get("customer")
    if isinstance(found, dict):
        found = found.get("id")
    return _storable(found, 255)
