"""However many tabs, returns and crashes: never two live subscriptions of one tenant."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.customers.ensure import ensure_customer
from portal.customers.queries import customer_of
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.gateway import subscriptions as gateway_subscriptions
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.jobs.models import Job, JobState
from portal.subscriptions.checkout import Choice, WayBack, checkout_intent
from portal.subscriptions.models import LIVE, Subscription
from portal.sync.checkout import OpenedElsewhere, close_checkout, start_checkout
from portal.sync.intents import carry_out
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import PayCheckout
from tests.fixtures.jobs import DrainJobs

CHECKOUT = "/t/northwind-labs/checkout"
RETURN = "/t/northwind-labs/checkout/return"
PRO = {"plan": "pro", "interval": "month", "seats": "2"}
STARTER = {"plan": "starter", "interval": "month"}


def intents() -> list[Intent]:
    return list(db.session.scalars(sa.select(Intent).order_by(Intent.id)))


def live_at_stripe(client: stripe.StripeClient, cast: Cast) -> int:
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    assert customer.stripe_id is not None
    found = client.v1.subscriptions.list({"customer": customer.stripe_id, "status": "all"}).data
    return sum(each.status in LIVE for each in found)


def test_a_second_tab_closes_the_page_of_the_first(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout, stripe_client: stripe.StripeClient
) -> None:
    first = owner.post(CHECKOUT, data=PRO).location
    second = owner.post(CHECKOUT, data=STARTER).location
    with pytest.raises(Exception, match="expired"):
        pay_checkout(first)
    assert pay_checkout(second) == "succeeded"
    assert live_at_stripe(stripe_client, cast) == 1
    assert [intent.state for intent in intents()] == [IntentState.ABANDONED, IntentState.WAITING]


def test_paying_in_one_tab_and_choosing_in_another_leads_to_the_plan_that_was_paid(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout, stripe_client: stripe.StripeClient
) -> None:
    pay_checkout(owner.post(CHECKOUT, data=PRO).location)
    response = owner.post(CHECKOUT, data=STARTER)
    assert (response.status_code, response.location) == (303, "/t/northwind-labs/overview")
    page = owner.get(response.location).text
    assert "You already have a plan" in page
    assert "2 seats at $15.00" in page
    assert live_at_stripe(stripe_client, cast) == 1


def test_a_payment_between_looking_and_expiring_wins(
    owner: FlaskClient,
    cast: Cast,
    pay_checkout: PayCheckout,
    stripe_client: stripe.StripeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosted = owner.post(CHECKOUT, data=PRO).location
    expire = gateway_subscriptions.expire_checkout

    def pay_first(*args: object) -> object:
        pay_checkout(hosted)
        return expire(*args)  # type: ignore[arg-type]

    # The one moment that no test can reach from outside: after our decision, before Stripe hears of it.
    monkeypatch.setattr(gateway_subscriptions, "expire_checkout", pay_first)
    assert owner.post(CHECKOUT, data=STARTER).location == "/t/northwind-labs/overview"
    assert live_at_stripe(stripe_client, cast) == 1


def test_a_tab_that_was_overtaken_while_stripe_answered_gets_no_page(
    cast: Cast, stripe_client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_checkout = gateway_subscriptions.open_checkout
    way_back = WayBack("http://127.0.0.1:8000/paid", "http://127.0.0.1:8000/plans")
    tenant, actor = cast.tenant, cast.owner.id
    pages: list[str] = []
    db.session.commit()

    def slow(*args: object, **kwargs: object) -> object:
        answer = open_checkout(*args, **kwargs)  # type: ignore[arg-type]
        monkeypatch.setattr(gateway_subscriptions, "open_checkout", open_checkout)
        pages.append(start_checkout(tenant, Choice("starter", "month", 1), way_back, actor))
        return answer

    monkeypatch.setattr(gateway_subscriptions, "open_checkout", slow)
    with pytest.raises(OpenedElsewhere):
        start_checkout(tenant, Choice("pro", "month", 2), way_back, actor)
    assert len(pages) == 1
    assert len(stripe_client.v1.checkout.sessions.list({"status": "open"}).data) == 1
    assert [intent.state for intent in intents()] == [IntentState.ABANDONED, IntentState.WAITING]


def test_a_page_that_was_handed_out_after_our_look_is_not_taken_for_one_that_never_was(cast: Cast) -> None:
    way_back = WayBack("http://127.0.0.1:8000/paid", "http://127.0.0.1:8000/plans")
    customer = ensure_customer(cast.tenant.id)
    with unit_of_work():
        intent = checkout_intent(cast.tenant, customer, Choice("pro", "month", 2), way_back, cast.owner.id)
    db.session.expunge(intent)
    seen_before = intent
    with unit_of_work():
        current = db.session.get_one(Intent, intent.id)
    assert carry_out(current).hosted_url
    close_checkout(seen_before)
    assert [each.state for each in intents()] == [IntentState.WAITING]


def test_the_database_refuses_a_second_unfinished_checkout(cast: Cast) -> None:
    with unit_of_work():
        write.open_intent("checkout", cast.tenant.id, {}, None)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        write.open_intent("checkout", cast.tenant.id, {}, None)


def test_a_checkout_lost_in_a_crash_does_not_stand_in_the_way(owner: FlaskClient, cast: Cast) -> None:
    with unit_of_work():
        write.open_intent("checkout", cast.tenant.id, {"plan": "pro"}, cast.owner.id)
    assert owner.post(CHECKOUT, data=PRO).location.startswith("http://127.0.0.1:12111/c/pay/")
    assert [intent.state for intent in intents()] == [IntentState.ABANDONED, IntentState.WAITING]


def test_an_outage_while_the_page_is_opened_is_said_clearly_and_the_next_try_works(
    owner: FlaskClient, emulator: Emulator
) -> None:
    emulator.faults.add(Fault("rate_limit", "POST", "/v1/checkout/sessions"))
    response = owner.post(CHECKOUT, data=PRO)
    assert response.status_code == 503
    assert "please try again" in response.text.lower()
    assert owner.post(CHECKOUT, data=PRO).status_code == 303


def test_an_outage_on_return_says_so_and_the_worker_finishes(
    owner: FlaskClient,
    cast: Cast,
    pay_checkout: PayCheckout,
    emulator: Emulator,
    drain_jobs: DrainJobs,
) -> None:
    pay_checkout(owner.post(CHECKOUT, data=PRO).location)
    emulator.faults.add(Fault("rate_limit", "GET", "/v1/checkout/sessions/*"))
    response = owner.get(f"{RETURN}?session_id={intents()[0].stripe_id}", follow_redirects=True)
    assert "If you have paid, your plan appears here within minutes" in response.text
    drain_jobs()
    assert intents()[0].state == IntentState.DONE
    assert "2 seats at $15.00" in owner.get("/t/northwind-labs/overview").text


def test_a_paid_checkout_that_nobody_came_back_from_is_noticed(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout, drain_jobs: DrainJobs
) -> None:
    pay_checkout(owner.post(CHECKOUT, data=PRO).location)
    drain_jobs()
    assert intents()[0].state == IntentState.DONE
    assert db.session.scalars(sa.select(Subscription)).one().plan_key == "pro"


def test_a_page_that_ran_out_unpaid_gives_the_checkout_up(
    owner: FlaskClient, stripe_client: stripe.StripeClient, drain_jobs: DrainJobs
) -> None:
    owner.post(CHECKOUT, data=PRO)
    session = intents()[0].stripe_id
    assert session is not None
    stripe_client.v1.checkout.sessions.expire(session)
    drain_jobs()
    assert (intents()[0].state, intents()[0].error_code) == (IntentState.ABANDONED, "expired")


def test_of_three_tabs_only_the_last_can_be_paid(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout, stripe_client: stripe.StripeClient
) -> None:
    pages = [owner.post(CHECKOUT, data=PRO).location for _ in range(3)]
    for closed in pages[:2]:
        with pytest.raises(Exception, match="expired"):
            pay_checkout(closed)
    assert pay_checkout(pages[2]) == "succeeded"
    assert live_at_stripe(stripe_client, cast) == 1


def test_many_tabs_in_the_same_moment_leave_one_page_that_can_be_paid(
    cast: Cast, pay_checkout: PayCheckout, stripe_client: stripe.StripeClient
) -> None:
    browsers = [cast.client(cast.owner) for _ in range(6)]
    together = threading.Barrier(len(browsers))

    def post(browser: FlaskClient) -> int:
        together.wait(timeout=10)
        return browser.post(CHECKOUT, data=PRO).status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(post, browsers))
    assert set(answers) <= {303, 409}
    still_open = stripe_client.v1.checkout.sessions.list({"status": "open"}).data
    assert [each.id for each in still_open] == [
        intent.stripe_id for intent in intents() if intent.state == IntentState.WAITING
    ]
    assert len(still_open) == 1
    pay_checkout(still_open[0].id)
    assert live_at_stripe(stripe_client, cast) == 1


def test_a_page_that_is_still_open_is_looked_at_again_later(
    owner: FlaskClient, drain_jobs: DrainJobs
) -> None:
    owner.post(CHECKOUT, data=PRO)
    drain_jobs(may_fail=True)
    assert intents()[0].state == IntentState.WAITING
    waiting = db.session.scalars(sa.select(Job).where(Job.name == "checkout.settle")).one()
    assert (waiting.state, waiting.attempts) == (JobState.READY, 1)


def test_a_session_that_stripe_no_longer_knows_is_given_up(
    owner: FlaskClient, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    owner.post(CHECKOUT, data=PRO)
    emulator.reset()
    drain_jobs(may_fail=True)
    assert (intents()[0].state, intents()[0].error_code) == (IntentState.ABANDONED, "session_missing")


def test_a_session_that_stripe_no_longer_knows_does_not_stand_in_the_way(
    owner: FlaskClient, emulator: Emulator, stripe_client: stripe.StripeClient
) -> None:
    owner.post(CHECKOUT, data=PRO)
    emulator.faults.add(Fault("rate_limit", "POST", "/v1/checkout/sessions/*"))
    assert owner.post(CHECKOUT, data=PRO).status_code == 503, "nobody can tell whether the first was paid"
    with emulator.store.transaction() as tx:
        tx.delete("checkout.session", str(intents()[0].stripe_id))
    assert owner.post(CHECKOUT, data=PRO).status_code == 303


def test_a_paid_session_whose_plan_cannot_be_fetched_yet_still_stops_a_second_one(
    owner: FlaskClient, cast: Cast, pay_checkout: PayCheckout, emulator: Emulator
) -> None:
    pay_checkout(owner.post(CHECKOUT, data=PRO).location)
    emulator.faults.add(Fault("rate_limit", "GET", "/v1/customers/*"))
    page = owner.post(CHECKOUT, data=STARTER, follow_redirects=True).text
    assert "You already have a plan" in page
    assert [intent.state for intent in intents()] == [IntentState.DONE]
