"""Sending any request again under its key changes nothing, whatever happened in between."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.emulator.answer import Answer
from portal.emulator.app import Emulator
from tests.emulator.account import DAY, Account
from tests.emulator.conftest import WallClock
from tests.fixtures.emulator import client_of

Request = tuple[str, dict[str, Any]]
KINDS = st.sampled_from(
    ["customer", "subscribe", "seats", "cancel", "pay", "advance", "usage", "attach", "decline", "nonsense"]
)
SEQUENCE = st.lists(st.tuples(KINDS, st.integers(1, 30), st.integers(0, 8)), min_size=1, max_size=10)


class Sender:
    """Sends requests of one customer with keys, and can send any of them again."""

    def __init__(self) -> None:
        self.emulator = Emulator(wall_clock=WallClock())
        self.account = Account(self.emulator, client_of(self.emulator))
        self.customer = self.account.customer().id
        self.price = self.account.price(1999).id
        metered = self.account.metered().id
        sub = self.account.subscribe(self.customer, {"price": self.price}, {"price": metered})
        self.sub, self.item = sub.id, sub["items"].data[0].id
        self.sent: list[tuple[Request, Answer]] = []

    def request(self, kind: str, number: int) -> Request:
        """A request of a kind; the number makes it differ from others of its kind."""
        invoice = self.account.v1.invoices.list({"customer": self.customer, "limit": 1}).data[0].id
        clock = f"/v1/test_helpers/test_clocks/{self.account.clock}/advance"
        seats = {"items[0][id]": self.item, "items[0][quantity]": number}
        usage = {
            "event_name": "calls",
            "payload[stripe_customer_id]": self.customer,
            "payload[value]": number,
        }
        requests: dict[str, Request] = {
            "customer": ("/v1/customers", {"name": f"Ada {number}"}),
            "subscribe": (
                "/v1/subscriptions",
                {"customer": self.customer, "items[0][price]": self.price, "items[0][quantity]": number},
            ),
            "seats": (f"/v1/subscriptions/{self.sub}", {**seats, "proration_behavior": "always_invoice"}),
            "cancel": (f"/v1/subscriptions/{self.sub}", {"cancel_at_period_end": "true"}),
            "pay": (f"/v1/invoices/{invoice}/pay", {}),
            "advance": (clock, {"frozen_time": self.account.now() + number * DAY}),
            "usage": ("/v1/billing/meter_events", usage),
            "attach": ("/v1/payment_methods/pm_card_visa/attach", {"customer": self.customer}),
            "decline": ("/v1/payment_methods/pm_card_chargeDeclined/attach", {"customer": self.customer}),
            "nonsense": ("/v1/subscriptions", {"customer": "cus_none", "colour": number}),
        }
        return requests[kind]

    def send(self, request: Request, key: int) -> Answer:
        """Send a request under a key."""
        path, params = request
        headers = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": f"key-{key}"}
        return self.emulator.handle("POST", path, "", urlencode(params).encode(), headers)


def replays_change_nothing(sequence: list[tuple[str, int, int]]) -> bool:
    """Whether, after each new request, an earlier one sent again gets its old answer and leaves all as it is."""
    sender = Sender()
    for kind, number, earlier in sequence:
        request = sender.request(kind, number)
        sender.sent.append((request, sender.send(request, len(sender.sent))))
        index = earlier % len(sender.sent)
        again, first = sender.sent[index]
        before = sender.emulator.store.snapshot()
        answer = sender.send(again, index)
        malformed = "Idempotent-Replayed" not in answer.headers
        if malformed and first.status == 200:
            return False
        if sender.emulator.store.snapshot() != before:
            return False
        if not malformed and (answer.status, answer.body) != (first.status, first.body):
            return False
    return True


@settings(max_examples=12, deadline=None)
@given(SEQUENCE)
def test_a_request_sent_again_changes_nothing(sequence: list[tuple[str, int, int]]) -> None:
    assert replays_change_nothing(sequence)


@pytest.mark.nightly
@settings(max_examples=500, deadline=None)
@given(SEQUENCE)
def test_no_request_sent_again_changes_anything(sequence: list[tuple[str, int, int]]) -> None:
    assert replays_change_nothing(sequence)


def test_the_account_is_really_changed_by_the_first_sending() -> None:
    sender = Sender()
    before = json.loads(sender.emulator.store.snapshot())
    assert sender.send(sender.request("seats", 7), 0).status == 200
    assert json.loads(sender.emulator.store.snapshot())["objects"] != before["objects"]
