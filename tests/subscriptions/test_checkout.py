"""From the plans page through Checkout and back: what is sent to Stripe, and what the pages show afterwards."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.subscriptions.queries import current_subscription
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import PayCheckout, Subscribe

CHECKOUT = "/t/northwind-labs/checkout"
RETURN = "/t/northwind-labs/checkout/return"
PRO = {"plan": "pro", "interval": "month", "seats": "4"}


def only_intent() -> Intent:
    return db.session.scalars(sa.select(Intent)).one()


def session_at(stripe_client: stripe.StripeClient) -> stripe.checkout.Session:
    found = stripe_client.v1.checkout.sessions.list({"limit": 1}).data[0]
    return stripe_client.v1.checkout.sessions.retrieve(found.id, {"expand": ["line_items"]})


def test_choosing_a_plan_leads_to_the_hosted_page(owner: FlaskClient) -> None:
    response = owner.post(CHECKOUT, data=PRO)
    assert response.status_code == 303
    assert response.location.startswith("http://127.0.0.1:12111/c/pay/cs_")
    intent = only_intent()
    assert (intent.state, intent.stripe_id and intent.stripe_id[:3]) == (IntentState.WAITING, "cs_")


def test_the_session_sells_exactly_what_was_chosen(
    owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    owner.post(CHECKOUT, data={"plan": "enterprise", "interval": "month", "seats": "7"})
    lines = session_at(stripe_client).line_items
    assert lines is not None
    found = {line.price.lookup_key: line.quantity for line in lines.data if line.price is not None}
    assert found["enterprise.base.month.usd"] == 1
    assert found["enterprise.seat.month.usd"] == 7
    assert {"enterprise.meter.api_calls.month.usd", "enterprise.meter.storage_gb.month.usd"} <= set(found)


def test_the_page_asks_for_a_billing_address_and_takes_a_tax_id_and_a_promotion_code(
    owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    assert (
        "A promotion code and your tax number can be entered there"
        in owner.get("/t/northwind-labs/plans").text
    )
    owner.post(CHECKOUT, data=PRO)
    session = session_at(stripe_client)
    assert (session.billing_address_collection, session.allow_promotion_codes) == ("required", True)
    assert session.tax_id_collection is not None
    assert session.tax_id_collection.enabled


def test_the_address_of_the_hosted_page_is_not_stored(owner: FlaskClient) -> None:
    response = owner.post(CHECKOUT, data=PRO)
    assert response.location not in repr((only_intent().params, only_intent().result))


def test_a_flat_plan_needs_no_seats(owner: FlaskClient) -> None:
    assert owner.post(CHECKOUT, data={"plan": "starter", "interval": "month"}).status_code == 303


def test_the_page_is_right_at_once_on_return_without_any_webhook(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout
) -> None:
    hosted = owner.post(CHECKOUT, data=PRO).location
    assert pay_checkout(hosted) == "succeeded"
    session = only_intent().stripe_id
    response = owner.get(f"{RETURN}?session_id={session}")
    assert (response.status_code, response.location) == (303, "/t/northwind-labs/overview")
    page = owner.get(response.location).text
    for text in ("Your plan has started", "Pro", "4 seats at $15.00", "$60.00", "Visa ending 4242"):
        assert text in page
    assert only_intent().state == IntentState.DONE


def test_coming_back_twice_changes_nothing_more(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout
) -> None:
    pay_checkout(owner.post(CHECKOUT, data=PRO).location)
    address = f"{RETURN}?session_id={only_intent().stripe_id}"
    assert [owner.get(address).status_code for _ in range(2)] == [303, 303]
    completed = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "checkout.completed"))
    assert len(completed.all()) == 1


def test_coming_back_without_having_paid_says_so(owner: FlaskClient) -> None:
    owner.post(CHECKOUT, data=PRO)
    response = owner.get(f"{RETURN}?session_id={only_intent().stripe_id}", follow_redirects=True)
    assert "The payment is not finished yet" in response.text
    assert only_intent().state == IntentState.WAITING


def test_leaving_the_hosted_page_leads_back_to_the_plans(
    owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    owner.post(CHECKOUT, data=PRO)
    cancel_url = session_at(stripe_client).cancel_url
    assert cancel_url is not None
    page = owner.get(cancel_url.removeprefix("http://127.0.0.1:8000")).text
    assert "Nothing was charged" in page


def test_a_declined_card_starts_nothing(owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout) -> None:
    hosted = owner.post(CHECKOUT, data=PRO).location
    assert pay_checkout(hosted, card="pm_card_chargeCustomerFail") == "declined"
    owner.get(f"{RETURN}?session_id={only_intent().stripe_id}")
    assert current_subscription(cast.tenant.id) is None


def test_the_trial_of_a_plan_is_given_once(
    owner: FlaskClient,
    cast: Cast,
    pay_checkout: PayCheckout,
    stripe_client: stripe.StripeClient,
) -> None:
    starter = {"plan": "starter", "interval": "month"}
    pay_checkout(owner.post(CHECKOUT, data=starter).location)
    owner.get(f"{RETURN}?session_id={only_intent().stripe_id}")
    first = current_subscription(cast.tenant.id)
    assert first is not None
    assert first.on_trial
    stripe_client.v1.subscriptions.cancel(first.stripe_id)
    owner.get("/t/northwind-labs/portal/return")
    pay_checkout(owner.post(CHECKOUT, data=starter).location)
    again = db.session.scalars(sa.select(Intent).order_by(Intent.id.desc()).limit(1)).one()
    owner.get(f"{RETURN}?session_id={again.stripe_id}")
    second = current_subscription(cast.tenant.id)
    assert second is not None
    assert (second.stripe_id != first.stripe_id, second.status) == (True, "active")


def test_the_opened_checkout_is_in_the_audit_trail_under_the_persons_name(
    owner: FlaskClient, cast: Cast
) -> None:
    owner.post(CHECKOUT, data=PRO)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "checkout.opened")).one()
    assert (entry.actor, entry.details["plan"], entry.details["seats"]) == (cast.owner.email, "pro", 4)


def test_somebody_with_a_plan_is_sent_to_it_instead_of_paying_twice(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscribe(cast.tenant, "starter")
    response = owner.post(CHECKOUT, data=PRO, follow_redirects=True)
    assert "You already have a plan" in response.text
    assert stripe_client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("person", ["admin"])
def test_an_admin_may_buy(person: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(person).post(CHECKOUT, data=PRO).status_code == 303


@pytest.mark.parametrize(("person", "status"), [("member", 403), ("stranger", 404)])
def test_nobody_else_may_buy_or_come_back(person: str, status: int, request: pytest.FixtureRequest) -> None:
    browser = request.getfixturevalue(person)
    assert browser.post(CHECKOUT, data=PRO).status_code == status
    assert browser.get(f"{RETURN}?session_id=cs_test_1").status_code == status


@pytest.mark.csrf
def test_a_form_without_its_token_is_refused(owner: FlaskClient) -> None:
    assert owner.post(CHECKOUT, data=PRO).status_code == 409
