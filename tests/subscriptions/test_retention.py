"""The offer made to who wants to cancel: what it says, who gets it, what taking it does."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.gateway import coupons, current_gateway
from portal.gateway.subscriptions import preview_upcoming
from portal.invoices.models import UpcomingInvoice
from portal.plans.catalog import Retention, current_catalog
from portal.subscriptions.queries import current_subscription
from portal.subscriptions.quotes import lines_of
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.plans.changing import address, quoted

CANCEL = "/t/northwind-labs/cancel"
STAY = "/t/northwind-labs/cancel/stay"
OFFERED = "Stay and pay 25% less"


@pytest.fixture(autouse=True)
def offered(app: Portal, catalog_at_stripe: None) -> Iterator[Retention]:
    """The catalogue offers a quarter off for two months, and the coupon is at Stripe."""
    before, terms = current_catalog(), Retention(percent_off=25, months=2)
    app.extensions["catalog"] = msgspec.structs.replace(before, retention=terms)
    db.session.commit()
    coupons.create(current_gateway(), terms.coupon_stripe_id, name="Stay", percent_off=25, months=2)
    yield terms
    app.extensions["catalog"] = before


def page(owner: FlaskClient) -> str:
    return " ".join(owner.get(CANCEL).text.split())


def test_it_says_what_the_coming_invoices_cost(owner: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    assert OFFERED in page(owner)
    assert (
        "Your next 2 monthly invoices are reduced by 25%: <strong>$33.75</strong> instead of $45.00"
        in page(owner)
    )


def test_taking_it_reduces_the_coming_invoices_and_is_noted(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    drain_jobs: DrainJobs,
    stripe_client: stripe.StripeClient,
) -> None:
    row = subscribe(cast.tenant, "pro", seats=3)
    assert owner.post(STAY).status_code == 303
    drain_jobs()
    assert len(stripe_client.v1.subscriptions.retrieve(row.stripe_id).discounts) == 1
    upcoming = db.session.scalars(sa.select(UpcomingInvoice)).one()
    assert (upcoming.discount_amount, upcoming.total_amount) == (1125, 3375)
    assert "Discount" in owner.get("/t/northwind-labs/overview").text
    taken = sa.select(AuditEntry).where(AuditEntry.action == "subscription.offer_taken")
    assert db.session.scalars(taken).one().details == {"percent_off": 25, "months": 2}


def test_the_overview_shows_the_lower_invoice_at_once(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    drain_jobs()
    page = owner.post(STAY, follow_redirects=True).text
    assert "Your next 2 monthly invoices are 25% lower." in page
    assert "Discount" in page
    assert "$33.75" in page


def test_with_a_discount_a_quotes_lines_still_add_up(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    stripe_id = subscribe(cast.tenant, "pro", seats=3).stripe_id
    owner.post(STAY)
    quote = quoted(owner, "enterprise")
    owner.post(address(quote))
    assert sum(line["amount"] for line in quote.lines) == quote.total_amount == quote.charged_amount
    recurring = quote.recurring_amount
    db.session.commit()
    whole = lines_of(preview_upcoming(current_gateway(), stripe_id))
    assert whole[-1]["description"] == "Discount"
    assert sum(line["amount"] for line in whole) == recurring


def test_it_is_taken_once_ever(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(cast.tenant, "pro")
    owner.post(STAY)
    assert OFFERED not in page(owner)
    assert owner.post(STAY).status_code == 409
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    subscribe(cast.tenant, "pro")
    assert OFFERED not in page(owner)


def test_who_cancelled_in_spite_of_it_is_not_asked_again(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    owner.post(CANCEL, data={"reason": "Too expensive"})
    owner.post("/t/northwind-labs/resume")
    assert OFFERED not in page(owner)


@pytest.mark.parametrize(("interval", "trial"), [("year", None), ("month", 14)])
def test_years_and_trials_get_no_offer(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, interval: str, trial: int | None
) -> None:
    subscribe(cast.tenant, "pro", "year" if interval == "year" else "month", trial_days=trial)
    assert OFFERED not in page(owner)


def test_beside_another_discount_there_is_no_offer(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    drain_jobs: DrainJobs,
) -> None:
    row = subscribe(cast.tenant, "pro")
    coupon = stripe_client.v1.coupons.create({"percent_off": 5, "duration": "forever"})
    stripe_client.v1.subscriptions.update(row.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    owner.get("/t/northwind-labs/portal/return")
    assert OFFERED not in page(owner)
    assert owner.post(STAY).status_code == 409


def test_a_coupon_that_is_not_at_stripe_is_refused_and_nothing_changes(
    app: Portal, owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    app.extensions["catalog"] = msgspec.structs.replace(
        current_catalog(), retention=Retention(percent_off=30, months=2)
    )
    subscribe(cast.tenant, "pro")
    assert owner.post(STAY).status_code == 409
    found = current_subscription(cast.tenant.id)
    assert found is not None
    assert found.stripe_object["discounts"] == []


def test_without_an_offer_in_the_catalogue_there_is_none(
    app: Portal, owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    app.extensions["catalog"] = msgspec.structs.replace(current_catalog(), retention=None)
    subscribe(cast.tenant, "pro")
    assert "less" not in page(owner)
    assert owner.post(STAY).status_code == 409
