"""A change whose payment the bank wants confirmed, or declines: its page, the way there and the way back."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.customers.queries import customer_of
from portal.emulator.app import Emulator
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.invoices.models import Invoice
from portal.mail.models import OutgoingMail
from portal.plans.catalog import current_catalog
from portal.subscriptions.models import Quote
from portal.subscriptions.queries import current_subscription
from portal.sync.customer import sync_customer
from portal.web.unit_of_work import Portal
from tests.emulator.site import Visitor
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.time import Timed
from tests.plans.changing import address, components, now_on, quoted, text_of

WANTS_ME = "pm_card_authenticationRequired"
DECLINES = "pm_card_chargeCustomerFail"


def use_card(cast: Cast, client: stripe.StripeClient, card: str) -> None:
    customer, subscription = customer_of(cast.tenant.id), now_on(cast)
    assert customer is not None
    assert customer.stripe_id is not None
    method = client.v1.payment_methods.attach(card, {"customer": customer.stripe_id})
    client.v1.subscriptions.update(subscription.stripe_id, {"default_payment_method": method.id})


@pytest.fixture
def waiting(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> Quote:
    """A confirmed change from starter to pro that waits for the bank."""
    subscribe(cast.tenant, "starter")
    use_card(cast, stripe_client, WANTS_ME)
    quote = quoted(owner, "pro")
    assert owner.post(address(quote)).location == page_of(quote)
    return quote


def page_of(quote: Quote) -> str:
    return f"/t/northwind-labs/payment/{quote.public_id}"


def newest_invoice() -> Invoice:
    db.session.expire_all()
    return db.session.scalars(sa.select(Invoice).order_by(Invoice.id.desc()).limit(1)).one()


def confirm_with_the_bank(emulator: Emulator) -> None:
    visitor = Visitor(emulator)
    visitor.open(str(newest_invoice().hosted_url))
    pay = next(each for each in visitor.buttons() if each.startswith("Pay"))
    visitor.submit(pay, card="authenticationRequired")
    visitor.submit("Complete authentication")


def test_the_page_says_that_nothing_changed_yet_and_leads_to_the_bank(
    owner: FlaskClient, cast: Cast, waiting: Quote
) -> None:
    page = text_of(owner, page_of(waiting))
    assert "Your bank wants to confirm this payment" in page
    assert f'href="{newest_invoice().hosted_url}"' in page
    assert now_on(cast).plan_key == "starter"
    assert page_of(waiting) in text_of(owner)


def test_confirmed_with_the_bank_the_plan_is_live_and_charged_as_quoted(
    owner: FlaskClient, cast: Cast, waiting: Quote, emulator: Emulator
) -> None:
    confirm_with_the_bank(emulator)
    owner.post(page_of(waiting))
    assert "Your payment was made" in text_of(owner, page_of(waiting))
    assert (now_on(cast).plan_key, components(now_on(cast))) == ("pro", {"seat": 5})
    assert waiting.charged_amount == waiting.due_now_amount == newest_invoice().paid_amount > 0


def test_a_webhook_shows_it_as_well_once_and_nobody_is_mailed_of_a_failure(
    cast: Cast, waiting: Quote, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    confirm_with_the_bank(emulator)
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    db.session.commit()
    for _ in range(2):
        sync_customer(customer.id, trigger="webhook")
    drain_jobs()
    made = sa.select(sa.func.count()).where(
        AuditEntry.action.in_(("change.made", "subscription.plan_changed"))
    )
    assert db.session.scalar(made) == 1
    assert waiting.charged_amount == waiting.due_now_amount
    mails = set(db.session.scalars(sa.select(OutgoingMail.name)))
    assert mails == {"subscription_started", "plan_changed", "invoice_paid"}


def test_given_up_the_plan_stays_and_nothing_is_owed(owner: FlaskClient, cast: Cast, waiting: Quote) -> None:
    assert owner.post(f"{page_of(waiting)}/give-up").location == page_of(waiting)
    page = text_of(owner, page_of(waiting))
    assert "The change was dropped" in page
    assert "Your plan has not changed, and nothing was charged." in page
    assert (newest_invoice().status, now_on(cast).plan_key) == ("void", "starter")
    assert owner.post(f"{page_of(waiting)}/give-up").status_code == 409


def test_while_it_waits_nothing_else_is_changed(owner: FlaskClient, waiting: Quote) -> None:
    refused = owner.post(
        "/t/northwind-labs/plans", data={"plan": "enterprise", "interval": "month", "seats": 5}
    )
    assert refused.status_code == 422
    assert "has not been confirmed yet" in refused.text


def test_another_tenant_cannot_see_confirm_or_drop_it(stranger: FlaskClient, waiting: Quote) -> None:
    theirs = page_of(waiting).replace("northwind-labs", "contoso")
    answers = [stranger.get(theirs), stranger.post(theirs), stranger.post(f"{theirs}/give-up")]
    assert [each.status_code for each in answers] == [404, 404, 404]


def test_not_confirmed_in_time_it_is_dropped(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "starter")
    method = stripe_client.v1.payment_methods.attach(WANTS_ME, {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})
    asked = payer.post("/t/adventure/plans", data={"plan": "pro", "interval": "month", "seats": 5})
    page = payer.post(asked.location).location
    timed.advance_to(timed.now() + timedelta(hours=24))
    payer.post(page)
    assert "The payment was not confirmed." in payer.get(page).text
    left = current_subscription(timed.tenant.id)
    assert left is not None
    assert left.plan_key == "starter"
    assert db.session.scalars(sa.select(Intent.state)).all() == [IntentState.ABANDONED]


def test_a_declined_card_changes_nothing_and_the_page_offers_another(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscribe(cast.tenant, "starter")
    use_card(cast, stripe_client, DECLINES)
    quote = quoted(owner, "pro")
    answer = owner.post(address(quote), follow_redirects=True)
    assert "Your card was declined." in answer.text
    assert "Your plan has not changed, and nothing was charged." in " ".join(answer.text.split())
    assert (now_on(cast).plan_key, len(db.session.scalars(sa.select(Invoice)).all())) == ("starter", 1)
    to_stripe = owner.post("/t/northwind-labs/portal", data={"payment": quote.public_id})
    assert to_stripe.location.startswith("http://127.0.0.1:12111/")
    back = owner.get(f"/t/northwind-labs/portal/return?payment={quote.public_id}")
    assert back.location == page_of(quote)


def test_seats_wait_for_the_bank_too(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    emulator: Emulator,
) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    use_card(cast, stripe_client, WANTS_ME)
    asked = owner.post("/t/northwind-labs/seats", data={"seats": 6})
    page = owner.post(asked.location).location
    assert "To 6 seats" in text_of(owner, page).replace("<dd>", "")
    assert components(now_on(cast)) == {"seat": 3}
    confirm_with_the_bank(emulator)
    owner.post(page)
    assert components(now_on(cast)) == {"seat": 6}


def test_what_had_to_wait_for_the_payment_happens_after_it(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    emulator: Emulator,
    drain_jobs: DrainJobs,
) -> None:
    subscribe(cast.tenant, "starter")
    owner.post("/t/northwind-labs/cancel")
    use_card(cast, stripe_client, WANTS_ME)
    quote = quoted(owner, "pro")
    owner.post(address(quote))
    assert now_on(cast).ends_at is not None
    confirm_with_the_bank(emulator)
    owner.post(page_of(quote))
    drain_jobs()
    assert (now_on(cast).plan_key, now_on(cast).ends_at) == ("pro", None)


def test_a_paid_change_to_a_plan_that_left_the_catalogue_meanwhile_is_written_down(
    owner: FlaskClient, app: Portal, waiting: Quote, emulator: Emulator
) -> None:
    before = current_catalog()
    left = {key: plan for key, plan in before.plans.items() if key != "pro"}
    app.extensions["catalog"] = msgspec.structs.replace(before, plans=left)
    try:
        confirm_with_the_bank(emulator)
        owner.post(page_of(waiting))
    finally:
        app.extensions["catalog"] = before
    db.session.expire_all()
    assert (
        db.session.scalars(sa.select(Intent.state).where(Intent.kind == "change")).one() == IntentState.DONE
    )
