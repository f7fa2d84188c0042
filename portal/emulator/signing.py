"""The `Stripe-Signature` header: valid ones, and the kinds a receiver must refuse or put up with."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

Kind = Literal["valid", "two", "stale", "wrong", "missing"]
_STALE_SECONDS = 3600


def header(body: bytes, secrets: Sequence[str], now: int, kind: Kind = "valid") -> str | None:
    """Return the header for a body: one `v1` per current secret, and the `v0` decoy of test mode.

    `two` puts a signature by an unknown secret first, as during a rotation the receiver has not heard of; `stale`
    is an hour old; `wrong` is signed by another secret; `missing` is None.
    """
    if kind == "missing":
        return None
    at = now - _STALE_SECONDS if kind == "stale" else now
    signers = list(secrets)
    if kind == "two":
        signers.insert(0, "whsec_of_another_endpoint")
    elif kind == "wrong":
        signers = ["whsec_of_another_endpoint"]
    signatures = [f"v1={_digest(body, secret, at)}" for secret in signers]
    return ",".join([f"t={at}", *signatures, f"v0={_digest(body, 'decoy', at)}"])


def _digest(body: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
