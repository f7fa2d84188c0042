"""What the request's headers must say: a test key, this account, an API version the emulator speaks, and a form."""

import base64
import binascii
import re
from collections.abc import Mapping

from portal.emulator.events import API_VERSION
from portal.emulator.wire.errors import StripeError, invalid

ACCOUNT_ID = "acct_emulator00000001"
_FORM = "application/x-www-form-urlencoded"
_TEST_KEY = re.compile(r"(sk|rk)_test_[A-Za-z0-9_]{1,240}")
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(\.[a-z]+)?")


def check_key(headers: Mapping[str, str]) -> None:
    """Accept any `sk_test_` or `rk_test_` key, by Bearer or Basic. Raises a 401 for everything else.

    Live keys are refused by name, so that nobody points a live configuration at an emulator unnoticed.
    """
    key = _key_of(headers.get("authorization", ""))
    if key == "":
        raise StripeError(
            401,
            "invalid_request_error",
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise StripeError(
            401,
            "invalid_request_error",
            "This is an emulator: it refuses live keys. Use a test key (sk_test_…).",
        )
    if not _TEST_KEY.fullmatch(key):
        raise StripeError(401, "invalid_request_error", f"Invalid API Key provided: {key[:7]}****")


def _key_of(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def check_account(headers: Mapping[str, str]) -> None:
    """Raise a 403 for a request on behalf of another account: there is one only, and nothing connected to it."""
    for name in ("stripe-account", "stripe-context"):
        asked = headers.get(name, ACCOUNT_ID)
        if asked != ACCOUNT_ID:
            raise StripeError(
                403,
                "invalid_request_error",
                f"The provided key does not have access to account '{asked}' (or that account does not exist).",
                code="account_invalid",
            )


def check_version(headers: Mapping[str, str]) -> str:
    """Return the API version to answer in. Raises a 400 for one that is not a version or is older than ours.

    A newer date is answered in our version: minor versions within a major one only add.
    """
    asked = headers.get("stripe-version", API_VERSION)
    matched = _VERSION.fullmatch(asked)
    if matched is None:
        raise invalid(f"Invalid Stripe API version: {asked}")
    if matched[1] < API_VERSION[:10]:
        raise invalid(f"This emulator speaks {API_VERSION} and later only; the request asks for {asked}.")
    return API_VERSION


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the request's idempotency key. Raises a 400 if it is longer than 255 characters."""
    key = headers.get("idempotency-key")
    if key is not None and len(key) > 255:
        raise StripeError(400, "idempotency_error", "Idempotency keys may be at most 255 characters long.")
    return key or None


def check_form(headers: Mapping[str, str]) -> None:
    """Raise a 400 for a body that says it is something else than a form."""
    kind = headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise invalid(f"Invalid request: the content type is {kind}, and must be {_FORM}.")
