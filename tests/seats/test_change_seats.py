"""Buying more or fewer seats: the quote first, then exactly that quote, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.audit.models import AuditEntry
from portal.customers.models import Customer
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.invoices.models import Invoice
from portal.kit.clock import utcnow
from portal.seats.assign import NoFreeSeat, assign_seat
from portal.seats.confirm import confirm
from portal.seats.models import SeatLedgerEntry, SeatMove
from portal.seats.queries import seats_bought
from portal.subscriptions.models import Quote, Subscription, SubscriptionItem
from portal.sync.customer import sync_customer
from portal.sync.seats import quote_seats
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage

PATH = "/t/northwind-labs/seats"
GiveSeats = Callable[[int], None]


def ask(browser: FlaskClient, seats: Any) -> TestResponse:
    return browser.post(PATH, data={"seats": seats})


def quoted(browser: FlaskClient, seats: int) -> Quote:
    answer = ask(browser, seats)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return db.session.scalars(sa.select(Quote).where(Quote.public_id == answer.location.split("/")[-1])).one()


def address(quote: Quote) -> str:
    return f"/t/northwind-labs/quotes/{quote.public_id}"


def text_of(browser: FlaskClient, path: str = PATH) -> str:
    return " ".join(browser.get(path).get_data(as_text=True).split())


def quantity_at_stripe(client: stripe.StripeClient, subscription: Subscription) -> int | None:
    (item,) = client.v1.subscriptions.retrieve(subscription.stripe_id)["items"]["data"]
    quantity: int | None = item.quantity
    return quantity


def test_more_seats_are_quoted_and_then_charged_exactly_as_quoted(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    assert quote.due_now_amount == 3000  # two seats at $15.00, for the whole period that has just begun
    assert quote.recurring_amount == 7500
    shown = text_of(owner, address(quote))
    assert "Pay $30.00 now" in shown
    assert "$75.00" in shown
    answer = owner.post(address(quote))
    assert (answer.status_code, answer.location) == (303, PATH)
    assert "You now have 5 seats." in text_of(owner)
    db.session.refresh(quote)
    invoice = db.session.scalars(sa.select(Invoice).where(Invoice.stripe_id == quote.invoice_stripe_id)).one()
    assert (quote.charged_amount, invoice.total_amount, invoice.status) == (3000, 3000, "paid")
    assert quantity_at_stripe(stripe_client, pro) == seats_bought(cast.tenant.id) == 5


def test_the_change_is_in_the_ledger_and_the_audit_trail(
    cast: Cast, pro: Subscription, owner: FlaskClient
) -> None:
    owner.post(address(quoted(owner, 4)))
    bought = db.session.scalars(
        sa.select(SeatLedgerEntry).where(SeatLedgerEntry.move == SeatMove.BOUGHT).order_by(SeatLedgerEntry.id)
    ).all()
    assert [(entry.quantity, entry.total) for entry in bought] == [(3, 3), (1, 4)]
    audited = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "seats.changed")).one()
    assert (audited.details["before"], audited.details["after"], audited.actor) == (3, 4, cast.owner.email)
    assert audited.details["quoted"] == audited.details["charged"] == 1500


def test_fewer_seats_cost_nothing_now_and_become_a_credit(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 1)
    assert (quote.due_now_amount, quote.total_amount, quote.recurring_amount) == (0, -3000, 1500)
    assert "$30.00 are credited to you" in text_of(owner, address(quote))
    owner.post(address(quote))
    assert quantity_at_stripe(stripe_client, pro) == seats_bought(cast.tenant.id) == 1
    customer = db.session.scalars(sa.select(Customer).where(Customer.tenant_id == cast.tenant.id)).one()
    assert customer.balance_amount == -3000
    db.session.refresh(quote)
    assert quote.charged_amount == 0


def test_a_credit_is_used_before_the_card(cast: Cast, pro: Subscription, owner: FlaskClient) -> None:
    owner.post(address(quoted(owner, 2)))
    quote = quoted(owner, 4)
    assert (quote.total_amount, quote.due_now_amount) == (3000, 1500)
    assert "Paid from your credit" in text_of(owner, address(quote))
    owner.post(address(quote))
    db.session.refresh(quote)
    assert quote.charged_amount == 1500


def test_the_seats_of_a_hybrid_plan_are_quoted_in_their_tiers(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    quote = quoted(owner, 7)
    assert quote.due_now_amount == 2400  # five seats are included, two more cost $12.00 each
    assert quote.recurring_is_estimate
    assert "About $" in text_of(owner, address(quote))
    owner.post(address(quote))
    db.session.refresh(quote)
    assert quote.charged_amount == 2400


@pytest.mark.parametrize("seats", ["", "0", "-1", "1.5", "x", "1e3", "99999999999999999999", "10001", "²"])
def test_a_number_that_is_none_comes_back_with_the_form(
    cast: Cast, pro: Subscription, owner: FlaskClient, seats: str
) -> None:
    answer = ask(owner, seats)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.get_data(as_text=True)
    assert db.session.scalars(sa.select(Quote)).all() == []


@pytest.mark.parametrize(
    ("seats", "reason"), [(3, "You already have 3 seats."), (501, "Your plan is sold with 1 to 500 seats.")]
)
def test_the_plan_says_how_many_seats_it_is_sold_with(
    cast: Cast, pro: Subscription, owner: FlaskClient, seats: int, reason: str
) -> None:
    answer = ask(owner, seats)
    assert answer.status_code == 422
    assert reason in answer.get_data(as_text=True)


def test_fewer_seats_than_members_hold_are_refused(
    cast: Cast, pro: Subscription, owner: FlaskClient, give_seats: GiveSeats
) -> None:
    give_seats(2)
    answer = ask(owner, 1)
    assert answer.status_code == 422
    assert "2 members hold a seat. Release 1 of them first." in answer.get_data(as_text=True)


def test_seats_given_after_the_quote_are_not_taken_away_by_it(
    cast: Cast,
    pro: Subscription,
    owner: FlaskClient,
    give_seats: GiveSeats,
    stripe_client: stripe.StripeClient,
) -> None:
    quote = quoted(owner, 1)
    give_seats(2)
    owner.post(address(quote))
    assert "Your seats have not changed." in text_of(owner)
    assert quantity_at_stripe(stripe_client, pro) == 3


def test_while_fewer_seats_are_under_way_only_those_may_be_given(
    cast: Cast, pro: Subscription, owner: FlaskClient, give_seats: GiveSeats
) -> None:
    give_seats(1)
    quote = quoted(owner, 1)
    with unit_of_work():
        confirm(cast.tenant.id, quote.public_id, cast.owner.id)
    with pytest.raises(NoFreeSeat), unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)


def test_a_change_at_stripe_that_no_webhook_told_of_is_seen_before_a_quote_is_confirmed(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    item = db.session.scalars(sa.select(SubscriptionItem.stripe_id)).one()
    stripe_client.v1.subscription_items.update(item, {"quantity": 7})
    answer = owner.post(address(quote))
    assert answer.location not in (PATH, address(quote))
    assert "The price has to be computed again" in text_of(owner, answer.location)
    assert quantity_at_stripe(stripe_client, pro) == 7


def test_a_coupon_that_came_after_the_quote_makes_a_fresh_one(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    coupon = stripe_client.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    stripe_client.v1.subscriptions.update(pro.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    assert "The price has to be computed again" in text_of(owner, owner.post(address(quote)).location)
    assert quantity_at_stripe(stripe_client, pro) == 3


def test_a_plan_without_seats_for_sale_refuses_a_change(cast: Cast, owner: FlaskClient) -> None:
    assert ask(owner, 5).status_code == 422
    assert db.session.scalars(sa.select(Quote)).all() == []


def test_confirming_twice_changes_once(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    owner.post(address(quote))
    assert owner.post(address(quote)).status_code == 303
    assert "This change has been made already." in text_of(owner)
    assert len(stripe_client.v1.invoices.list().data) == 2


def test_an_old_quote_is_refused_and_a_fresh_one_shown(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    old = quoted(owner, 5)
    old.expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    answer = owner.post(address(old))
    assert answer.status_code == 303
    assert answer.location.startswith("/t/northwind-labs/quotes/")
    assert answer.location != address(old)
    assert "The price has to be computed again" in text_of(owner, answer.location)
    assert quantity_at_stripe(stripe_client, pro) == 3


def test_a_quote_is_valid_for_fifteen_minutes(cast: Cast, pro: Subscription, owner: FlaskClient) -> None:
    quote = quoted(owner, 5)
    assert timedelta(minutes=14) < quote.expires_at - utcnow() <= timedelta(minutes=15)


def test_a_quote_does_not_outlive_its_period(cast: Cast, pro: Subscription, owner: FlaskClient) -> None:
    quote = quoted(owner, 5)
    db.session.execute(
        sa.update(Customer)
        .where(Customer.tenant_id == cast.tenant.id)
        .values(clock_at=utcnow() + timedelta(days=40))
    )
    db.session.commit()
    assert "This price no longer holds." in text_of(owner, address(quote))


def test_a_quote_is_refused_when_the_subscription_moved(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    customer = db.session.scalars(sa.select(Customer).where(Customer.tenant_id == cast.tenant.id)).one()
    customer_id = customer.id
    item = db.session.scalars(sa.select(SubscriptionItem.stripe_id)).one()
    db.session.commit()
    stripe_client.v1.subscription_items.update(item, {"quantity": 4})
    sync_customer(customer_id, trigger="webhook")
    answer = owner.post(address(quote))
    assert answer.location != address(quote)
    assert quantity_at_stripe(stripe_client, pro) == 4


def test_of_two_quotes_only_the_first_confirmed_is_applied(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    first, second = quoted(owner, 5), quoted(owner, 9)
    owner.post(address(first))
    answer = owner.post(address(second))
    assert answer.location.startswith("/t/northwind-labs/quotes/")
    assert quantity_at_stripe(stripe_client, pro) == 5


def test_a_second_change_waits_for_the_first(cast: Cast, pro: Subscription, owner: FlaskClient) -> None:
    first, second = quoted(owner, 5), quoted(owner, 9)
    with unit_of_work():
        confirm(cast.tenant.id, first.public_id, cast.owner.id)
    owner.post(address(second))
    assert "Another change of your plan or seats is still being processed." in text_of(owner)


def test_a_declined_card_changes_nothing_and_says_so(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro", seats=3)
    customer = db.session.scalars(
        sa.select(Customer.stripe_id).where(Customer.tenant_id == cast.tenant.id)
    ).one()
    db.session.commit()
    assert customer is not None
    bad = stripe_client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    stripe_client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": bad.id})
    quote = quoted(owner, 5)
    page = text_of(owner, owner.post(address(quote)).location)
    assert "declined" in page
    assert "Your seats have not changed, and nothing was charged." in page
    assert quantity_at_stripe(stripe_client, subscription) == seats_bought(cast.tenant.id) == 3
    assert (
        db.session.scalars(sa.select(Intent.state).where(Intent.kind == "seats")).one() == IntentState.FAILED
    )


def test_without_stripe_there_is_no_quote(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_outage: Outage
) -> None:
    with stripe_outage():
        assert ask(owner, 5).status_code == 503
    assert db.session.scalars(sa.select(Quote)).all() == []


def test_a_quote_of_another_tenant_is_not_found(
    cast: Cast, pro: Subscription, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.other_tenant, "pro", seats=3)
    foreign = quote_seats(cast.other_tenant.id, 5, cast.stranger.id)
    for method in (owner.get, owner.post):
        assert method(address(foreign)).status_code == 404
    assert foreign.confirmed_at is None


@pytest.mark.parametrize("public_id", ["nothing", "%00", "a" * 500, "..%2f..", "-1"])
def test_an_unknown_quote_is_not_found(
    cast: Cast, pro: Subscription, owner: FlaskClient, public_id: str
) -> None:
    assert owner.get(f"/t/northwind-labs/quotes/{public_id}").status_code == 404
    assert owner.post(f"/t/northwind-labs/quotes/{public_id}").status_code == 404


def test_nothing_that_is_posted_with_a_confirmation_counts(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    quote = quoted(owner, 5)
    owner.post(
        address(quote), data={"seats": "400", "due_now_amount": "0", "item": "si_x", "quantity": "400"}
    )
    assert quantity_at_stripe(stripe_client, pro) == 5


def test_members_and_strangers_may_not_change_seats(
    cast: Cast, pro: Subscription, owner: FlaskClient, member: FlaskClient, stranger: FlaskClient
) -> None:
    quote = quoted(owner, 5)
    for browser, status in ((member, 403), (stranger, 404)):
        assert ask(browser, 5).status_code == status
        assert browser.get(address(quote)).status_code == status
        assert browser.post(address(quote)).status_code == status
    db.session.refresh(quote)
    assert quote.confirmed_at is None


def test_a_change_that_stripe_did_not_answer_is_made_once_by_the_job(
    cast: Cast,
    pro: Subscription,
    owner: FlaskClient,
    stripe_client: stripe.StripeClient,
    stripe_outage: Outage,
    drain_jobs: DrainJobs,
) -> None:
    quote = quoted(owner, 5)
    with stripe_outage():
        assert owner.post(address(quote)).status_code == 503
    assert owner.post(address(quote)).location == PATH
    drain_jobs()
    db.session.refresh(quote)
    assert quote.charged_amount == quote.due_now_amount == 3000
    assert quantity_at_stripe(stripe_client, pro) == seats_bought(cast.tenant.id) == 5
    assert len(stripe_client.v1.invoices.list().data) == 2


def test_a_crash_after_the_intent_was_written_is_made_up_for_by_the_job(
    cast: Cast, pro: Subscription, owner: FlaskClient, drain_jobs: DrainJobs
) -> None:
    quote = quoted(owner, 5)
    with unit_of_work():
        confirm(cast.tenant.id, quote.public_id, cast.owner.id)
    drain_jobs()
    assert seats_bought(cast.tenant.id) == 5
    db.session.refresh(quote)
    assert quote.charged_amount == 3000


def test_during_a_trial_more_seats_cost_nothing_now(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro", seats=3, trial_days=14)
    quote = quoted(owner, 5)
    assert (quote.due_now_amount, quote.recurring_amount) == (0, 7500)
    assert "Confirm the change" in text_of(owner, address(quote))
    owner.post(address(quote))
    db.session.refresh(quote)
    assert quote.charged_amount == 0
    assert quantity_at_stripe(stripe_client, subscription) == seats_bought(cast.tenant.id) == 5
