"""The emulator: what a retrieve through the SDK costs, and what advancing a clock over a renewal costs.

Processor time, because nothing here waits for anything and the machine may be busy with something else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, Literal, get_args

import stripe
from stripe import HTTPClient, StripeClient

from portal.emulator.app import Emulator
from portal.emulator.transaction import StripeDict
from tests.emulator.account import DAY, Account

_CLONED = ("customer", "payment_method", "subscription", "subscription_item")
_MONTH = 31 * DAY
Retrieved = Literal["product", "subscription"]
RETRIEVED: Final[tuple[Retrieved, ...]] = get_args(Retrieved)
stripe.enable_telemetry = False


class Wire(HTTPClient):
    """An SDK http client whose network is the emulator or, once `canned` is set, an answer that is there already."""

    name = "bench"

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self.emulator = emulator
        self.canned: tuple[str, int, Mapping[str, str]] | None = None

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        if self.canned is not None:
            return self.canned
        path, _, query = url.removeprefix("http://emulator").partition("?")
        answer = self.emulator.handle(method.upper(), path, query, (post_data or "").encode(), headers or {})
        return answer.body.decode(), answer.status, answer.headers

    def close(self) -> None:
        """Nothing is open."""


def measure_retrieve(kind: Retrieved, *, rounds: int, requests: int) -> dict[str, float]:
    """Return microseconds of an object retrieved from the emulator, of the SDK alone, and their ratio."""
    account, wire = _account()
    sub = account.subscribe(account.customer().id, account.price())
    retrieve: Callable[[], object] = lambda: account.subscription(sub.id)  # noqa: E731
    path = f"/v1/subscriptions/{sub.id}"
    if kind == "product":
        retrieve, path = (
            lambda: account.v1.products.retrieve(account.product),
            f"/v1/products/{account.product}",
        )
    ours: list[float] = []
    canned: list[float] = []
    for _ in range(rounds):
        wire.canned = None
        ours.append(_seconds(retrieve, requests))
        wire.canned = wire.request("get", f"http://emulator{path}", _headers())
        canned.append(_seconds(retrieve, requests))
    ratios = [mine / alone for mine, alone in zip(ours, canned, strict=True)]
    per_call = 1_000_000 / requests
    return {
        "emulator µs": median(ours) * per_call,
        "SDK alone µs": median(canned) * per_call,
        "ratio": median(ratios),
    }


def measure_advance(*, rounds: int, due: int, more: int) -> dict[str, float]:
    """Return seconds for one renewal of `due` subscriptions, alone under a clock and among `more` others.

    The others are billed yearly, under the same clock, and nothing is due for them.
    """
    few, many = _renewing(due, 0), _renewing(due, more)
    alone: list[float] = []
    among: list[float] = []
    for _ in range(rounds):
        alone.append(_renewal(few, due))
        among.append(_renewal(many, due))
    ratios = [big / small for small, big in zip(alone, among, strict=True)]
    return {
        f"s, {due} of {due}": median(alone),
        f"s, {due} of {due + more}": median(among),
        "ratio": median(ratios),
    }


def _account() -> tuple[Account, Wire]:
    emulator = Emulator(deliver=lambda url, body, headers: 200)
    wire = Wire(emulator)
    client = StripeClient("sk_test_bench", http_client=wire, base_addresses={"api": "http://emulator"})
    return Account(emulator, client), wire


def _headers() -> dict[str, str]:
    return {"Authorization": "Bearer sk_test_bench"}


def _seconds(act: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        act()
    return time.process_time() - begun


def _renewal(account: Account, due: int) -> float:
    """Advance over one renewal. Raises RuntimeError unless so many subscriptions renewed."""
    until, before = account.now() + _MONTH, _invoices(account)
    seconds = _seconds(lambda: account.advance_to(until), 1)
    if _invoices(account) != before + due:
        raise RuntimeError(f"{_invoices(account) - before} subscriptions renewed instead of {due}")
    return seconds


def _invoices(account: Account) -> int:
    with account.emulator.store.transaction(write=False) as tx:
        return tx.count("invoice")


def _renewing(monthly: int, yearly: int) -> Account:
    """An account with so many paying subscriptions under its clock."""
    account, _ = _account()
    for interval, number in (("month", monthly), ("year", yearly)):
        if number:
            sub = account.subscribe(account.customer().id, account.price(2000, interval))
            _multiply(account.emulator, str(sub.customer), number - 1)
    return account


@dataclass(frozen=True)
class _Row:
    """One object as the store keeps it."""

    kind: str
    id: str
    body: StripeDict
    private: StripeDict
    due_at: int | None


def _multiply(emulator: Emulator, customer: str, copies: int) -> None:
    """Put copies of a customer with everything they have straight into the store, under new ids."""
    with emulator.store.transaction() as tx:
        found = [tx.get("customer", customer)]
        found += [obj for kind in _CLONED[1:3] for obj in tx.all(kind, {"customer": customer})]
        subs = [obj["id"] for obj in found if obj is not None and obj["object"] == "subscription"]
        found += [item for sub in subs for item in tx.all("subscription_item", {"subscription": sub})]
        rows = [_row(tx, obj) for obj in found if obj is not None]
        text = json.dumps([(row.body, row.private) for row in rows])
        for number in range(copies):
            copied = text
            for row in rows:
                copied = copied.replace(row.id, f"{row.id}{number}")
            for row, (body, private) in zip(rows, json.loads(copied), strict=True):
                tx.put(body, due_at=row.due_at, private=private)


def _row(tx: Any, obj: StripeDict) -> _Row:
    kind, object_id = obj["object"], obj["id"]
    (due_at,) = tx.connection.execute(
        "SELECT due_at FROM objects WHERE object = ? AND id = ?", (kind, object_id)
    ).fetchone()
    return _Row(kind, object_id, obj, tx.private(kind, object_id), due_at)
