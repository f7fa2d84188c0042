"""The way to Stripe's Customer Portal and back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.customers.queries import customer_of
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

PORTAL = "/t/northwind-labs/portal"
RETURN = "/t/northwind-labs/portal/return"
OVERVIEW = "/t/northwind-labs/overview"


def test_the_button_leads_to_stripes_page(owner: FlaskClient) -> None:
    response = owner.post(PORTAL)
    assert response.status_code == 303
    assert response.location.startswith("http://127.0.0.1:12111/p/session/")


def test_opening_it_is_in_the_audit_trail_without_its_secret_address(owner: FlaskClient, cast: Cast) -> None:
    location = owner.post(PORTAL).location
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "customer.portal_opened")
    ).one()
    assert entry.actor == cast.owner.email
    assert location.rsplit("/", 1)[1] not in repr((entry.details, entry.object_id))


def test_what_was_changed_there_is_shown_at_once_on_return(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    method = stripe_client.v1.payment_methods.attach(
        "pm_card_mastercard", {"customer": customer.stripe_id or ""}
    )
    stripe_client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": method.id})
    stripe_client.v1.subscriptions.update(subscription.stripe_id, {"cancel_at_period_end": True})
    response = owner.get(RETURN)
    assert (response.status_code, response.location) == (303, OVERVIEW)
    page = owner.get(OVERVIEW).text
    assert "Mastercard ending 4444" in page
    assert "Your plan ends on" in page


def test_on_return_without_an_answer_of_stripes_the_last_known_state_is_shown(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, emulator: Emulator
) -> None:
    subscribe(cast.tenant, "pro")
    emulator.faults.add(Fault("error_before", times=None))
    assert owner.get(RETURN).status_code == 303
    page = owner.get(OVERVIEW).text
    assert "3 seats at $15.00" in page
    assert "Our payment provider is not answering" in page


def test_without_an_answer_the_button_says_so(owner: FlaskClient, emulator: Emulator) -> None:
    emulator.faults.add(Fault("rate_limit", times=None))
    response = owner.post(PORTAL)
    assert response.status_code == 503
    assert "Another change is still being processed" in response.text


@pytest.mark.parametrize(("person", "status"), [("member", 403), ("stranger", 404)])
def test_nobody_else_may_use_it(person: str, status: int, request: pytest.FixtureRequest) -> None:
    browser: FlaskClient = request.getfixturevalue(person)
    assert [browser.post(PORTAL).status_code, browser.get(RETURN).status_code] == [status, status]
