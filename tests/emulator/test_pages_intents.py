"""The pages that API answers lead to: 3-D Secure of an intent, and the recovery of an expired session."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import SetupIntent, StripeClient
from werkzeug.test import Client

from portal.emulator.app import Emulator
from portal.emulator.wsgi import Web


@pytest.fixture
def browser(emulator: Emulator) -> Client:
    return Client(Web(emulator))


def _asked(client: StripeClient, **more: Any) -> SetupIntent:
    customer = client.v1.customers.create().id
    params: Any = {"customer": customer, "payment_method": "pm_card_threeDSecureRequired", "confirm": True}
    params |= {"return_url": "https://portal.example.com/back?tab=cards"} | more
    return client.v1.setup_intents.create(params)


def _path(intent: Any) -> str:
    return str(intent.next_action.redirect_to_url.url).removeprefix("http://127.0.0.1:12111")


@pytest.mark.parametrize(
    ("outcome", "status"), [("complete", "succeeded"), ("fail", "requires_payment_method")]
)
def test_the_answer_decides_and_leads_back(
    stripe_client: StripeClient, browser: Client, outcome: str, status: str
) -> None:
    intent = _asked(stripe_client)
    asked = browser.get(_path(intent))
    assert (asked.status_code, "3-D Secure" in asked.text) == (200, True)
    answered = browser.post(_path(intent), data={"outcome": outcome})
    assert answered.status_code == 303
    assert answered.location == f"https://portal.example.com/back?tab=cards&setup_intent={intent.id}"
    assert stripe_client.v1.setup_intents.retrieve(intent.id).status == status
    assert browser.get(_path(intent)).status_code == 410


def test_a_payment_is_carried_on_after_it(stripe_client: StripeClient, browser: Client) -> None:
    customer = stripe_client.v1.customers.create().id
    intent = stripe_client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "customer": customer,
            "payment_method": "pm_card_threeDSecureRequired",
            "confirm": True,
        }
    )
    assert intent.status == "requires_action"
    asked = browser.get(_path(intent))
    assert "$10.00" in asked.text
    assert browser.post(_path(intent), data={"outcome": "complete"}).status_code == 200
    assert stripe_client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize("secret", ["seti_none_secret_x", "cus_1", "pi_1"])
def test_an_unknown_intent_has_no_page(browser: Client, secret: str) -> None:
    assert browser.get(f"/3ds/{secret}").status_code == 404


def test_the_id_alone_does_not_open_the_page(stripe_client: StripeClient, browser: Client) -> None:
    intent = _asked(stripe_client)
    assert browser.get(f"/3ds/{intent.id}_secret_guessed").status_code == 404


def test_an_expired_session_can_be_taken_up_again(stripe_client: StripeClient, browser: Client) -> None:
    session = stripe_client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "success_url": "https://portal.example.com",
            "after_expiration": {"recovery": {"enabled": True}},
        }
    )
    assert browser.get(f"/r/{session.id}").status_code == 410
    stripe_client.v1.checkout.sessions.expire(session.id)
    opened = browser.get(f"/r/{session.id}")
    assert opened.status_code == 303
    again = stripe_client.v1.checkout.sessions.list({"status": "open"}).data[0]
    assert (again.url, again.recovered_from) == (opened.location, session.id)
