"""The emulator's own suite needs nothing of the portal: a fresh account and somebody who receives its webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.emulator.site import Visitor


@dataclass
class Receiver:
    """Answers webhooks with `status` and keeps what came in."""

    status: int = 200
    received: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.received.append((url, body, headers))
        return self.status

    def events(self, secret: str) -> list[Any]:
        """Return what came in, as events whose signatures the SDK accepts."""
        return [
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)
            for _, body, headers in self.received
        ]


@dataclass
class WallClock:
    """Real time as the emulator sees it, until a test moves it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def emulator(receiver: Receiver) -> Emulator:
    """A fresh Stripe account whose webhooks go to `receiver`."""
    return Emulator(deliver=receiver)


@pytest.fixture
def account(emulator: Emulator, stripe_client: StripeClient) -> Account:
    """The account of this test with a product and a test clock."""
    return Account(emulator, stripe_client)


@pytest.fixture
def visitor(emulator: Emulator) -> Visitor:
    """Somebody who was sent to the hosted pages of this account."""
    return Visitor(emulator)
