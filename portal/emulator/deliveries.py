"""Sending webhooks: signed with the wall clock, in the order and with the mishaps an endpoint's mode asks for,
again with back-off until the endpoint answers 2xx.
"""

import http.client
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final, get_args
from typing import Literal as Word
from urllib.parse import urlsplit

from portal.emulator import signing
from portal.emulator.events import API_VERSION, KEPT_SECONDS
from portal.emulator.store import Store
from portal.emulator.transaction import StripeDict, Transaction

Deliver = Callable[[str, bytes, Mapping[str, str]], int]
Order = Word["in_order", "reversed", "shuffled"]

# Stripe's test mode tries three times over a few hours; live mode goes on for three days.
RETRY_SECONDS: Final = (60, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
# Longer than ten copies take that each get no answer.
_LEASE_SECONDS: Final = 120
_TIMEOUT_SECONDS: Final = 10.0
_NO_ANSWER: Final = 0


@dataclass(frozen=True)
class DeliveryMode:
    """How an endpoint is delivered to: `order` within one flush, `copies` of each, a delay, attempts that are lost
    on the way, and the kind of signature.
    """

    order: Order = "in_order"
    shuffle_seed: int = 0
    copies: int = 1
    delay_seconds: int = 0
    drop_first_attempts: int = 0
    retry_after_seconds: int | None = None
    signature: signing.Kind = "valid"

    def __post_init__(self) -> None:
        if self.order not in get_args(Order) or self.signature not in get_args(signing.Kind):
            raise ValueError(f"unknown delivery order or signature: {self.order}, {self.signature}")
        counts = (self.delay_seconds, self.drop_first_attempts, self.retry_after_seconds or 0)
        if not 1 <= self.copies <= 10 or min(counts) < 0 or max(counts) > KEPT_SECONDS:
            raise ValueError(
                "copies must be 1 to 10; no wait is negative or longer than events are kept (30 days)"
            )


@dataclass(frozen=True)
class _Parcel:
    delivery: int
    attempts: int
    leased_until: int
    event: StripeDict
    endpoint: StripeDict
    secrets: tuple[str, ...]
    mode: DeliveryMode


def mode_of(tx: Transaction, endpoint_id: str) -> DeliveryMode:
    """Return how an endpoint is delivered to."""
    return DeliveryMode(**tx.private("webhook_endpoint", endpoint_id).get("delivery", {}))


def set_mode(tx: Transaction, endpoint_id: str, mode: DeliveryMode) -> None:
    """Change how an endpoint is delivered to, for events from now on (order and signature: from the next flush)."""
    endpoint = tx.get("webhook_endpoint", endpoint_id)
    if endpoint is None:
        raise ValueError(f"no such webhook endpoint: {endpoint_id}")
    tx.put(endpoint, private=tx.private("webhook_endpoint", endpoint_id) | {"delivery": asdict(mode)})


def deliver_due(store: Store, deliver: Deliver, *, also_waiting: bool = False) -> int:
    """Attempt every delivery that is due (`also_waiting`: also those waiting for a delay or a retry).

    Deliveries that become due meanwhile are left for the next call. Returns the number of requests sent. No
    transaction is open while a request is out, so the receiver may call the API.
    """
    sent = 0
    for parcel in _in_delivery_order(_take(store, also_waiting)):
        with store.transaction() as tx:
            if not _still_ours(tx, parcel):
                continue
        dropped = parcel.attempts < parcel.mode.drop_first_attempts
        status, note = (_NO_ANSWER, "dropped on the way") if dropped else (_NO_ANSWER, "no answer")
        if not dropped:
            for _ in range(parcel.mode.copies):
                status = deliver(parcel.endpoint["url"], *_message(parcel, int(store.wall_clock())))
                sent += 1
            note = f"answered {status}" if status else note
        with store.transaction() as tx:
            _record(tx, parcel, status, note)
    return sent


def attempts_of(tx: Transaction, event_id: str) -> list[StripeDict]:
    """Return the delivery attempts of an event, oldest first: {endpoint, at, status, note}."""
    rows = tx.connection.execute(
        "SELECT endpoint, at, status, note FROM attempts WHERE event = ? ORDER BY seq", (event_id,)
    )
    return [dict(zip(("endpoint", "at", "status", "note"), row, strict=True)) for row in rows]


def deliveries_of(tx: Transaction, event_id: str) -> list[StripeDict]:
    """Return what an event is owed: {endpoint, state: pending|delivered|failed, attempts, due_at}."""
    rows = tx.connection.execute(
        "SELECT endpoint, state, attempts, due_at FROM deliveries WHERE event = ? ORDER BY seq", (event_id,)
    )
    return [dict(zip(("endpoint", "state", "attempts", "due_at"), row, strict=True)) for row in rows]


def pending_count(tx: Transaction, event_id: str | None = None) -> int:
    """Return how many deliveries are still owed, of one event or altogether."""
    (number,) = tx.connection.execute(
        "SELECT count(*) FROM deliveries WHERE state = 'pending' AND (event = ?1 OR ?1 IS NULL)", (event_id,)
    ).fetchone()
    return int(number)


def resend(tx: Transaction, event_id: str, endpoint_id: str) -> None:
    """Owe an endpoint an event once more, at once."""
    tx.connection.execute(
        "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, 'pending', ?)",
        (event_id, endpoint_id, tx.wall_now()),
    )


def forget(tx: Transaction, event_id: str) -> None:
    """Forget what an event was owed, and every attempt."""
    tx.connection.execute("DELETE FROM deliveries WHERE event = ?", (event_id,))
    tx.connection.execute("DELETE FROM attempts WHERE event = ?", (event_id,))


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send one webhook over HTTP and return the status; 0 if there was no answer. Redirects are not followed."""
    connection: http.client.HTTPConnection | None = None
    try:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path or "/", body, dict(headers))
        return connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException):
        # A ValueError is a URL that cannot be called; one such endpoint must not hold up the others.
        return _NO_ANSWER
    finally:
        if connection is not None:
            connection.close()


def _take(store: Store, also_waiting: bool) -> list[_Parcel]:
    """Lease the deliveries that are due, so that another process does not send them as well."""
    with store.transaction(write=False) as tx:
        if not pending_count(tx):
            return []
    with store.transaction() as tx:
        now = tx.wall_now()
        rows = tx.connection.execute(
            "UPDATE deliveries SET leased_until = ?1 + ?2 WHERE state = 'pending' AND (due_at <= ?1 OR ?3)"
            " AND (leased_until IS NULL OR leased_until < ?1)"
            " RETURNING seq, event, endpoint, attempts, leased_until",
            (now, _LEASE_SECONDS, also_waiting),
        ).fetchall()
        return [parcel for row in sorted(rows) if (parcel := _parcel(tx, *row, now=now)) is not None]


def _still_ours(tx: Transaction, parcel: _Parcel) -> bool:
    """Lease a delivery anew before it goes out; False if those before it took so long that another process took it."""
    renewed = tx.connection.execute(
        "UPDATE deliveries SET leased_until = ? WHERE seq = ? AND leased_until = ?",
        (tx.wall_now() + _LEASE_SECONDS, parcel.delivery, parcel.leased_until),
    )
    return renewed.rowcount == 1


def _parcel(
    tx: Transaction,
    delivery: int,
    event_id: str,
    endpoint_id: str,
    attempts: int,
    leased_until: int,
    *,
    now: int,
) -> _Parcel | None:
    event, endpoint = tx.get("event", event_id), tx.get("webhook_endpoint", endpoint_id)
    if event is None or endpoint is None or endpoint.get("deleted") or endpoint["status"] != "enabled":
        tx.connection.execute("UPDATE deliveries SET state = 'failed' WHERE seq = ?", (delivery,))
        return None
    private = tx.private("webhook_endpoint", endpoint_id)
    older = [old["secret"] for old in private.get("rolled_secrets", ()) if old["expires_at"] > now]
    event["pending_webhooks"] = pending_count(tx, event_id)
    event["api_version"] = endpoint["api_version"] or API_VERSION
    mode = DeliveryMode(**private.get("delivery", {}))
    return _Parcel(delivery, attempts, leased_until, event, endpoint, (private["secret"], *older), mode)


def _in_delivery_order(parcels: Iterable[_Parcel]) -> Iterable[_Parcel]:
    by_endpoint = sorted(parcels, key=lambda parcel: (parcel.endpoint["id"], parcel.delivery))
    for _, group in groupby(by_endpoint, key=lambda parcel: parcel.endpoint["id"]):
        batch = list(group)
        mode = batch[0].mode
        if mode.order == "reversed":
            batch.reverse()
        elif mode.order == "shuffled":
            random.Random(f"{mode.shuffle_seed}/{batch[0].delivery}").shuffle(batch)  # noqa: S311
        yield from batch


def _message(parcel: _Parcel, now: int) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(parcel.event, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    signature = signing.header(body, parcel.secrets, now, parcel.mode.signature)
    return body, headers | ({"Stripe-Signature": signature} if signature is not None else {})


def _record(tx: Transaction, parcel: _Parcel, status: int, note: str) -> None:
    now, attempts = tx.wall_now(), parcel.attempts + 1
    tx.connection.execute(
        "INSERT INTO attempts (delivery, event, endpoint, at, status, note) VALUES (?, ?, ?, ?, ?, ?)",
        (parcel.delivery, parcel.event["id"], parcel.endpoint["id"], now, status or None, note),
    )
    state, due_at = "delivered", now
    if not 200 <= status < 300:
        wait = _wait_before_retry(parcel.mode, attempts)
        state, due_at = ("failed", now) if wait is None else ("pending", now + wait)
    tx.connection.execute(
        "UPDATE deliveries SET state = ?, attempts = ?, due_at = ?, leased_until = NULL WHERE seq = ?",
        (state, attempts, due_at, parcel.delivery),
    )


def _wait_before_retry(mode: DeliveryMode, attempts: int) -> int | None:
    if attempts > len(RETRY_SECONDS):
        return None
    return RETRY_SECONDS[attempts - 1] if mode.retry_after_seconds is None else mode.retry_after_seconds


def described(mode: DeliveryMode) -> dict[str, Any]:
    """Return a mode as JSON."""
    return asdict(mode)
