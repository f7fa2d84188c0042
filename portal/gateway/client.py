"""The only place that calls the Stripe SDK. `Gateway.call` runs one operation with the pinned API version, our
time limits, our errors and one log line; the modules beside it give the operations their names."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import stripe
import structlog

from portal.gateway import errors
from portal.kit.secret import Secret

API_VERSION = "2026-10-28.endive"
T = TypeVar("T")
log = structlog.get_logger("gateway")

# Telemetry would write a file in the user's configuration directory at the first call.
stripe.enable_telemetry = False

_deadline: ContextVar[float | None] = ContextVar("gateway_deadline", default=None)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: connect and read timeout in seconds, retries, and a limit over all calls of one request."""

    connect: float
    read: float
    retries: int
    total: float | None


WEB = Patience(connect=1, read=3, retries=1, total=8)
WORKER = Patience(connect=3.05, read=20, retries=2, total=None)


def start_deadline(seconds: float | None) -> None:
    """Allow all gateway calls of the current request this many seconds together; None means no limit."""
    _deadline.set(None if seconds is None else time.monotonic() + seconds)


class Gateway:
    """Calls Stripe (or whatever `api_base` names) with one pinned version and typed errors.

    `guard` runs before every call and raises if the caller is inside a database transaction. `on_outcome(ok,
    detail)` is told whether Stripe could be reached. A shared instance is safe between threads.
    """

    def __init__(
        self,
        *,
        api_key: Secret,
        api_base: str | None,
        patience: Patience,
        http_client: stripe.HTTPClient | None = None,
        guard: Callable[[], None] = lambda: None,
        on_outcome: Callable[[bool, str], None] = lambda _ok, _detail: None,
    ) -> None:
        self.patience = patience
        self._guard = guard
        self._on_outcome = on_outcome
        self._client = stripe.StripeClient(
            api_key.reveal(),
            stripe_version=API_VERSION,
            base_addresses={} if api_base is None else {"api": api_base, "meter_events": api_base},
            max_network_retries=patience.retries,
            http_client=http_client or stripe.RequestsClient(timeout=(patience.connect, patience.read)),
        )

    def call(self, operation: str, request: Callable[[stripe.StripeClient], T], *, about: str = "") -> T:
        """Run one SDK call. `about` is our id of the object, for the log.

        Raises GatewayUnavailable (also when the request's time is used up), GatewayBusy, CardDeclined,
        GatewayMissing, GatewayRefused or GatewayMisconfigured; never an SDK exception.
        """
        self._guard()
        deadline = _deadline.get()
        if deadline is not None and time.monotonic() >= deadline:
            raise errors.GatewayUnavailable(f"{operation}: the time for this request is used up")
        started = time.monotonic()
        try:
            answer = request(self._client)
        except stripe.StripeError as error:
            ours = _translate(operation, error)
            reachable = not isinstance(ours, errors.GatewayUnavailable) or isinstance(
                ours, errors.GatewayBusy
            )
            self._on_outcome(reachable, f"{operation}: {type(error).__name__}")
            log.warning(
                "gateway_call_failed",
                operation=operation,
                about=about,
                error=ours.code,
                stripe_code=ours.stripe_code,
                request_id=ours.request_id,
                ms=round((time.monotonic() - started) * 1000),
            )
            raise ours from error
        self._on_outcome(True, operation)
        log.info(
            "gateway_call", operation=operation, about=about, ms=round((time.monotonic() - started) * 1000)
        )
        return answer


def _translate(operation: str, error: stripe.StripeError) -> errors.GatewayError:
    detail = getattr(error, "error", None)
    code = error.code or (getattr(detail, "code", None) if detail is not None else None)
    kind: type[errors.GatewayError]
    public: str | None = None
    match error:
        case stripe.CardError():
            kind, public = errors.CardDeclined, error.user_message
        case stripe.RateLimitError():
            kind = errors.GatewayBusy
        case stripe.AuthenticationError() | stripe.PermissionError():
            kind = errors.GatewayMisconfigured
        case stripe.IdempotencyError():
            kind = errors.GatewayRefused
        case stripe.InvalidRequestError():
            kind = errors.GatewayMissing if code == "resource_missing" else errors.GatewayRefused
        case _ if error.http_status == 409:
            kind = errors.GatewayBusy
        case _:
            kind = errors.GatewayUnavailable
    return kind(
        f"{operation}: {error.user_message or error}",
        public_message=public,
        stripe_code=code,
        param=getattr(error, "param", None),
        request_id=error.request_id,
    )
