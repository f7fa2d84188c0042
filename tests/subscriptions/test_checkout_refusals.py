"""Tampered forms, other tenants' sessions, and what is not for sale: refused, and nothing is sent to Stripe."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.plans.models import Price
from portal.subscriptions.queries import current_subscription
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import PayCheckout

CHECKOUT = "/t/northwind-labs/checkout"
RETURN = "/t/northwind-labs/checkout/return"


def nothing_was_sent(stripe_client: stripe.StripeClient) -> bool:
    return stripe_client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize(
    "tampered",
    [
        {"plan": "free"},
        {"plan": "unknown"},
        {"plan": ""},
        {"plan": "x" * 1_000},
        {"plan": "pro\x00"},
        {"interval": "day"},
        {"interval": ""},
        {"seats": "0"},
        {"seats": "-3"},
        {"seats": "501"},
        {"seats": "1000000000"},
        {"seats": "9" * 400},
        {"seats": "three"},
        {"seats": "1.5"},
        {"seats": "１２"},
        {"plan": "enterprise", "seats": "4"},
    ],
    ids=lambda tampered: str(tampered)[:30],
)
def test_a_tampered_choice_is_refused_on_the_plans_page(
    owner: FlaskClient, stripe_client: stripe.StripeClient, tampered: dict[str, str]
) -> None:
    response = owner.post(CHECKOUT, data={"plan": "pro", "interval": "month", "seats": "3", **tampered})
    assert response.status_code == 422
    assert "<h1>Plans</h1>" in response.text
    assert 'class="notice tone-bad"' in response.text
    assert nothing_was_sent(stripe_client)
    assert db.session.scalars(sa.select(Intent)).all() == []


def test_the_seats_that_were_typed_are_still_there_after_a_refusal(owner: FlaskClient) -> None:
    response = owner.post(CHECKOUT, data={"plan": "pro", "interval": "month", "seats": "99999"})
    assert response.status_code == 422
    assert 'id="seats-pro" name="seats" type="number" inputmode="numeric"' in response.text
    assert 'value="99999" required' in response.text


def test_a_plan_whose_prices_were_never_pushed_cannot_be_bought_yet(owner: FlaskClient) -> None:
    db.session.execute(sa.delete(Price))
    db.session.commit()
    response = owner.post(CHECKOUT, data={"plan": "pro", "interval": "month", "seats": "3"})
    assert response.status_code == 503
    assert "not ready to be bought yet" in response.text


@pytest.mark.parametrize("session", ["", "cs_test_unknown", "cs_test_' OR 1=1", "x" * 5_000, "\x00"])
def test_an_unknown_session_on_return_is_not_found(owner: FlaskClient, session: str) -> None:
    assert owner.get(RETURN, query_string={"session_id": session}).status_code == 404


def test_another_tenants_session_on_return_is_not_found_and_changes_nothing(
    owner: FlaskClient, stranger: FlaskClient, cast: Cast, pay_checkout: PayCheckout
) -> None:
    pay_checkout(
        stranger.post("/t/contoso/checkout", data={"plan": "pro", "interval": "month", "seats": "2"}).location
    )
    foreign = db.session.scalars(sa.select(Intent)).one()
    assert owner.get(RETURN, query_string={"session_id": foreign.stripe_id}).status_code == 404
    db.session.refresh(foreign)
    assert foreign.state == IntentState.WAITING
    assert current_subscription(cast.tenant.id) is None
