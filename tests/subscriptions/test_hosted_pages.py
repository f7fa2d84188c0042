"""The whole way a person goes, page by page: the portal's own pages, Stripe's hosted ones, and back."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.emulator.app import Emulator
from portal.subscriptions.queries import current_subscription
from tests.emulator.site import Visitor
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

SITE = "http://127.0.0.1:8000"
OVERVIEW = "/t/northwind-labs/overview"


@pytest.fixture
def hosted(emulator: Emulator) -> Visitor:
    """The same person on Stripe's pages."""
    return Visitor(emulator)


def choose(owner: FlaskClient, hosted: Visitor, **choice: str) -> None:
    hosted.open(owner.post("/t/northwind-labs/checkout", data={"interval": "month", **choice}).location)


def pay(hosted: Visitor, button: str = "Subscribe", **card: str) -> TestResponse:
    """Press the button of Checkout, with a card and a billing address."""
    return hosted.submit(button, line1="1 Harbour Street", country="US", **card)


def come_back(owner: FlaskClient, hosted: Visitor) -> str:
    """Follow the hosted page's redirect to the portal, and the portal's own to the page that is shown."""
    location = hosted.page.headers["Location"]
    assert location.startswith(SITE)
    return owner.get(location.removeprefix(SITE), follow_redirects=True).text


def test_a_card_that_works(owner: FlaskClient, hosted: Visitor) -> None:
    choose(owner, hosted, plan="pro", seats="5")
    assert "$75.00" in hosted.page.text
    pay(hosted, card="visa")
    page = come_back(owner, hosted)
    assert "Thank you. Your plan has started." in page
    assert "5 seats at $15.00" in page
    assert "Next invoice" in page
    assert "Visa ending 4242" in page


def test_nobody_pays_without_a_billing_address(owner: FlaskClient, hosted: Visitor, cast: Cast) -> None:
    choose(owner, hosted, plan="pro", seats="5")
    assert hosted.submit("Subscribe", card="visa").status_code == 422
    assert "Enter a street and number." in hosted.page.text
    assert current_subscription(cast.tenant.id) is None


def test_a_declined_card_then_another(owner: FlaskClient, hosted: Visitor, cast: Cast) -> None:
    choose(owner, hosted, plan="starter")
    assert pay(hosted, "Start trial", card="number", number="4000 0000 0000 0002").status_code == 422
    assert current_subscription(cast.tenant.id) is None
    pay(hosted, "Start trial", card="number", number="4242 4242 4242 4242")
    assert "Your free trial ends on" in come_back(owner, hosted)


def test_3d_secure_refused_and_then_completed(owner: FlaskClient, hosted: Visitor) -> None:
    choose(owner, hosted, plan="enterprise", seats="6")
    pay(hosted, card="threeDSecureOnSetup")
    assert hosted.submit("Fail authentication").status_code == 422
    pay(hosted, card="threeDSecureOnSetup")
    hosted.submit("Complete authentication")
    assert "$211.00 per month plus usage" in come_back(owner, hosted)


def test_pressing_the_button_twice_pays_once(owner: FlaskClient, hosted: Visitor, cast: Cast) -> None:
    choose(owner, hosted, plan="pro", seats="1")
    again = hosted.page.request.path
    pay(hosted, card="visa")
    hosted.post(again, card="visa")
    assert "1 seat at $15.00" in come_back(owner, hosted)


def test_the_back_button_after_paying_leads_to_the_plan_and_not_to_a_second_one(
    owner: FlaskClient, hosted: Visitor
) -> None:
    choose(owner, hosted, plan="pro", seats="2")
    pay(hosted, card="visa")
    response = owner.post(
        "/t/northwind-labs/checkout", data={"plan": "pro", "interval": "month", "seats": "2"}
    )
    assert (response.status_code, response.location) == (303, OVERVIEW)
    assert "You already have a plan" in owner.get(OVERVIEW).text


def test_cancelling_on_stripes_page_is_shown_on_return(
    owner: FlaskClient, hosted: Visitor, cast: Cast, subscribe: Subscribe
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    hosted.open(owner.post("/t/northwind-labs/portal").location)
    hosted.open(f"{hosted.page.request.path}/subscriptions/{subscription.stripe_id}/cancel")
    hosted.submit("Cancel subscription")
    page = owner.get("/t/northwind-labs/portal/return", follow_redirects=True).text
    assert "Your plan ends on" in page
    assert "Keep the plan" in page


def test_stripes_page_cannot_change_the_plan_or_the_seats(
    owner: FlaskClient, hosted: Visitor, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    hosted.open(owner.post("/t/northwind-labs/portal").location)
    assert "Update subscription" not in hosted.page.text
    assert "Cancel subscription" in hosted.page.text


def test_a_new_card_on_stripes_page_is_shown_on_return(
    owner: FlaskClient, hosted: Visitor, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    hosted.open(owner.post("/t/northwind-labs/portal").location)
    session = hosted.page.request.path
    hosted.open(f"{session}/cards/add")
    hosted.submit("Add", card="number", number="5555 5555 5555 4444")
    hosted.submit("Make default Mastercard ending 4444")
    page = owner.get("/t/northwind-labs/portal/return", follow_redirects=True).text
    assert "Mastercard ending 4444" in page
