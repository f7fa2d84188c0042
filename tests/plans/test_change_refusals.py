"""Changes of plan that are refused, repeated, interrupted or not paid: nothing happens, or exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.customers.models import Customer
from portal.emulator.app import Emulator
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.plans.catalog import current_catalog
from portal.subscriptions.checkout import Choice
from portal.subscriptions.confirm_change import confirm
from portal.subscriptions.models import Quote
from portal.sync.changes import quote_plan
from portal.sync.customer import sync_customer
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage
from tests.plans.changing import MADE_OF, OVERVIEW, PLANS, address, ask, components, now_on, quoted, text_of


def test_seats_given_after_the_quote_are_not_lost_by_it(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, give_seats: Any
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    quote = quoted(owner, "starter")
    give_seats(4)
    refused = owner.post(address(quote))
    assert refused.status_code == 422
    assert "Please choose one to 3 members who keep a seat." in refused.text
    assert now_on(cast).planned_at is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"plan": "pro", "interval": "month", "seats": "5"}, "This is your plan already."),
        ({"plan": "free", "interval": "month"}, "This plan cannot be bought."),
        ({"plan": "gold", "interval": "month"}, "This plan cannot be bought."),
        ({"plan": "starter", "interval": "week"}, "This plan cannot be bought."),
        (
            {"plan": "enterprise", "interval": "month", "seats": "4"},
            "Enterprise is sold with 5 to 5,000 seats.",
        ),
        ({"plan": "enterprise", "interval": "month", "seats": "x"}, "Please enter the number of seats"),
        ({"interval": "month"}, "Please choose a plan."),
    ],
)
def test_what_is_not_for_sale_is_refused(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, fields: dict[str, str], reason: str
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    answer = owner.post(PLANS, data=fields)
    assert answer.status_code == 422
    assert reason in answer.text
    assert db.session.scalars(sa.select(Quote)).all() == []


def test_without_a_plan_there_is_nothing_to_change(
    cast: Cast, owner: FlaskClient, catalog_at_stripe: None
) -> None:
    answer = ask(owner, "pro")
    assert answer.status_code == 422
    assert "You have no plan that can be changed here." in answer.text


def test_nothing_that_is_posted_with_a_confirmation_counts(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "starter")
    quote = quoted(owner, "pro")
    owner.post(address(quote), data={"plan": "enterprise", "seats": "400", "due_now_amount": "0"})
    assert components(now_on(cast)) == MADE_OF["pro"]


def test_confirming_twice_changes_once(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    subscribe(cast.tenant, "starter")
    quote = quoted(owner, "pro")
    owner.post(address(quote))
    owner.post(address(quote))
    assert "This change has been made already." in text_of(owner)
    assert len(stripe_client.v1.invoices.list().data) == 2


def test_an_old_quote_is_refused_and_a_fresh_one_shown(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "starter")
    old = quoted(owner, "pro")
    old.expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    answer = owner.post(address(old))
    assert answer.location.startswith(f"{PLANS}/")
    assert answer.location != address(old)
    assert "The price has to be computed again" in text_of(owner, answer.location)
    assert now_on(cast).plan_key == "starter"


def test_a_quote_is_refused_when_the_seats_moved(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    quote = quoted(owner, "enterprise")
    owner.post(owner.post("/t/northwind-labs/seats", data={"seats": "6"}).location)
    assert "This price no longer holds." in text_of(owner, address(quote))
    assert owner.post(address(quote)).location != OVERVIEW
    assert now_on(cast).plan_key == "pro"


def test_a_change_waits_for_the_one_before(cast: Cast, subscribe: Subscribe, owner: FlaskClient) -> None:
    subscribe(cast.tenant, "starter")
    first, second = quoted(owner, "pro"), quoted(owner, "enterprise")
    with unit_of_work():
        confirm(cast.tenant.id, first.public_id, cast.owner.id, holders=[])
    owner.post(address(second))
    assert "Another change of your plan or seats is still being processed." in text_of(owner)


def test_a_card_that_does_not_pay_changes_nothing_and_says_so(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro", seats=5)
    owner.post(address(quoted(owner, "starter")))
    customer = db.session.scalars(
        sa.select(Customer.stripe_id).where(Customer.tenant_id == cast.tenant.id)
    ).one()
    db.session.commit()
    assert customer is not None
    bad = stripe_client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    stripe_client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": bad.id})
    quote = quoted(owner, "enterprise")
    page = text_of(owner, owner.post(address(quote)).location)
    assert "Your plan has not changed, and nothing was charged." in page
    assert "Use another card" in page
    found = now_on(cast)
    assert (found.plan_key, found.planned_plan_key) == ("pro", "starter")
    states = db.session.scalars(
        sa.select(Intent.state).where(Intent.kind == "change").order_by(Intent.id)
    ).all()
    assert states == [IntentState.DONE, IntentState.FAILED]


def test_while_a_payment_is_overdue_the_plan_cannot_be_changed(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "pro", seats=5).status = "past_due"
    db.session.commit()
    answer = ask(owner, "enterprise")
    assert answer.status_code == 422
    assert "Please pay what is due, then change your plan." in answer.text


def test_without_stripe_there_is_no_quote(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_outage: Outage
) -> None:
    subscribe(cast.tenant, "starter")
    with stripe_outage():
        assert ask(owner, "pro").status_code == 503
    assert db.session.scalars(sa.select(Quote)).all() == []


@pytest.mark.parametrize(("before", "after"), [("starter", "pro"), ("enterprise", "pro")])
def test_a_change_that_stripe_did_not_answer_is_made_once_by_the_job(
    cast: Cast,
    subscribe: Subscribe,
    owner: FlaskClient,
    stripe_outage: Outage,
    drain_jobs: DrainJobs,
    before: str,
    after: str,
) -> None:
    subscribe(cast.tenant, before, seats=5)
    quote = quoted(owner, after)
    with stripe_outage():
        assert owner.post(address(quote)).status_code == 503
    drain_jobs()
    subscription = now_on(cast)
    assert after in (subscription.plan_key, subscription.planned_plan_key)
    db.session.refresh(quote)
    assert quote.charged_amount == quote.due_now_amount


def test_a_quote_of_another_tenant_or_of_seats_is_not_found(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    subscribe(cast.other_tenant, "starter")
    foreign = quote_plan(cast.other_tenant.id, Choice("pro", "month", 5), cast.stranger.id)
    seats = owner.post("/t/northwind-labs/seats", data={"seats": "6"}).location.split("/")[-1]
    for public_id in (foreign.public_id, seats, "nothing", "%00"):
        assert owner.get(f"{PLANS}/{public_id}").status_code == 404
        assert owner.post(f"{PLANS}/{public_id}").status_code == 404
    assert foreign.confirmed_at is None


def test_members_and_strangers_may_not_change_the_plan(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, member: FlaskClient, stranger: FlaskClient
) -> None:
    subscribe(cast.tenant, "starter")
    quote = quoted(owner, "pro")
    for browser, status in ((member, 403), (stranger, 404)):
        assert ask(browser, "pro").status_code == status
        assert browser.get(address(quote)).status_code == status
        assert browser.post(address(quote)).status_code == status
        assert browser.post(f"{PLANS}/keep").status_code == status
    db.session.refresh(quote)
    assert quote.confirmed_at is None


def test_an_item_that_is_not_from_the_catalogue_keeps_the_plan_from_being_changed(
    cast: Cast,
    subscribe: Subscribe,
    owner: FlaskClient,
    stripe_client: stripe.StripeClient,
    emulator: Emulator,
) -> None:
    subscription = subscribe(cast.tenant, "starter")
    product = stripe_client.v1.products.create({"name": "Support by hand"})
    stripe_client.v1.subscription_items.create(
        {
            "subscription": subscription.stripe_id,
            "price_data": {
                "currency": "usd",
                "product": product.id,
                "recurring": {"interval": "month"},
                "unit_amount": 100,
            },
        }
    )
    customer_id = db.session.scalars(sa.select(Customer.id).where(Customer.tenant_id == cast.tenant.id)).one()
    db.session.commit()
    sync_customer(customer_id, trigger="webhook")
    assert "You have no plan that can be changed here." in ask(owner, "pro").text


def test_a_quote_for_a_plan_that_left_the_catalogue_meanwhile_is_refused(
    owner: FlaskClient, app: Portal, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "starter")
    quote, before = quoted(owner, "pro"), current_catalog()
    left = {key: plan for key, plan in before.plans.items() if key != "pro"}
    app.extensions["catalog"] = msgspec.structs.replace(before, plans=left)
    try:
        answer = owner.post(address(quote), follow_redirects=True)
    finally:
        app.extensions["catalog"] = before
    assert (answer.status_code, "This plan cannot be bought" in answer.text) == (200, True)
    assert now_on(cast).plan_key == "starter"
