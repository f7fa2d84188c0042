"""Pausing a plan where the catalogue allows it, and going on with it: by hand or by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.invoices.models import Invoice
from portal.kit.clock import months_later
from portal.mail.models import OutgoingMail
from portal.subscriptions.cancel import cancel_intent
from portal.subscriptions.entitlements import entitlements_of
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.pause import pause_intent
from portal.subscriptions.queries import current_subscription
from portal.sync.pauses import end_due_pauses
from portal.web.filters import day
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.catalog import Subscribe
from tests.fixtures.time import Timed

BASE = "/t/adventure"
DAY = timedelta(days=1)


def now_on(timed: Timed) -> Subscription:
    db.session.expire_all()
    found = current_subscription(timed.tenant.id)
    assert found is not None
    return found


def invoiced() -> list[int]:
    return list(db.session.scalars(sa.select(Invoice.total_amount).order_by(Invoice.id)))


def overview(payer: FlaskClient) -> str:
    return " ".join(payer.get(f"{BASE}/overview").text.split())


def payer_id() -> int:
    return db.session.scalars(sa.select(User.id).order_by(User.id).limit(1)).one()


@pytest.fixture
def paused(payer: FlaskClient, timed: Timed, subscribe: Subscribe) -> Subscription:
    """Three seats of pro, paid for a month, paused for two months."""
    subscribe(timed.tenant, "pro", seats=3)
    assert payer.post(f"{BASE}/pause", data={"months": "2"}).status_code == 303
    return now_on(timed)


def test_a_pause_credits_the_rest_and_makes_no_invoices(timed: Timed, paused: Subscription) -> None:
    assert paused.status == Status.PAUSED
    assert invoiced() == [4500, -4500]
    timed.advance_to(timed.now() + 45 * DAY)
    timed.sync()
    assert (len(invoiced()), now_on(timed).status) == (2, Status.PAUSED)


def test_everybody_sees_that_it_is_paused_and_until_when(
    payer: FlaskClient, timed: Timed, paused: Subscription
) -> None:
    page = overview(payer)
    assert f"It goes on by itself on {day(months_later(timed.now(), 2))}." in page
    assert "There are no invoices while your plan is paused." in page
    assert "Go on with the plan" in page
    assert entitlements_of(timed.tenant.id).access == "read_only"


def test_going_on_begins_a_new_period_paid_with_the_credit(
    payer: FlaskClient, timed: Timed, paused: Subscription
) -> None:
    timed.advance_to(timed.now() + 10 * DAY)
    assert payer.post(f"{BASE}/unpause").status_code == 303
    row = now_on(timed)
    assert (row.status, row.current_period_start_at) == (Status.ACTIVE, timed.now())
    newest = db.session.scalars(sa.select(Invoice).order_by(Invoice.id.desc()).limit(1)).one()
    assert (newest.total_amount, newest.due_amount) == (4500, 0)


def test_it_goes_on_by_itself_on_its_day_and_once(timed: Timed, paused: Subscription) -> None:
    ends = months_later(timed.now(), 2)
    timed.advance_to(ends - DAY)
    timed.sync()
    assert end_due_pauses() == 0
    timed.advance_to(ends + timedelta(minutes=1))
    timed.sync()
    assert [end_due_pauses(), end_due_pauses()] == [1, 0]
    assert now_on(timed).status == Status.ACTIVE


def test_unpaid_it_stays_paused_until_the_invoice_is_paid(
    payer: FlaskClient, timed: Timed, paused: Subscription, stripe_client: stripe.StripeClient
) -> None:
    bad = stripe_client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(paused.stripe_id, {"default_payment_method": bad.id})
    stripe_client.v1.customers.update(timed.stripe_id, {"balance": 0})
    answer = payer.post(f"{BASE}/unpause", follow_redirects=True)
    assert "Please pay the invoice" in answer.text
    assert "It goes on as soon as its invoice is paid." in overview(payer)
    assert payer.post(f"{BASE}/unpause").status_code == 409
    good = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": timed.stripe_id})
    owed = db.session.scalars(sa.select(Invoice.stripe_id).where(Invoice.status == "open")).one()
    stripe_client.v1.invoices.pay(owed, {"payment_method": good.id})
    timed.sync()
    assert now_on(timed).status == Status.ACTIVE


def test_when_the_invoice_for_going_on_is_void_it_can_be_asked_for_again_but_does_not_go_on_by_itself(
    payer: FlaskClient, timed: Timed, paused: Subscription, stripe_client: stripe.StripeClient
) -> None:
    bad = stripe_client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(paused.stripe_id, {"default_payment_method": bad.id})
    stripe_client.v1.customers.update(timed.stripe_id, {"balance": 0})
    payer.post(f"{BASE}/unpause")
    owed = db.session.scalars(sa.select(Invoice.stripe_id).where(Invoice.status == "open")).one()
    stripe_client.v1.invoices.void_invoice(owed)
    good = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(paused.stripe_id, {"default_payment_method": good.id})
    timed.advance_to(months_later(timed.now(), 2) + DAY)
    timed.sync()
    assert end_due_pauses() == 0
    assert "it stays paused until you go on with it." in overview(payer)
    assert payer.post(f"{BASE}/unpause").status_code == 303
    assert now_on(timed).status == Status.ACTIVE


def test_it_is_told_once_by_mail_and_in_the_audit_trail(
    payer: FlaskClient, timed: Timed, paused: Subscription
) -> None:
    payer.post(f"{BASE}/unpause")
    told = db.session.scalars(sa.select(OutgoingMail.name).order_by(OutgoingMail.id)).all()
    assert [name for name in told if "paused" in name] == ["plan_paused", "plan_unpaused"]
    noted = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [each for each in noted if "pause" in each] == ["subscription.paused", "subscription.unpaused"]


@pytest.mark.parametrize(
    ("path", "form"),
    [("plans", {"plan": "enterprise", "interval": "month", "seats": 5}), ("seats", {"seats": 5})],
)
def test_while_it_is_paused_nothing_is_changed(
    payer: FlaskClient, paused: Subscription, path: str, form: dict[str, object]
) -> None:
    refused = payer.post(f"{BASE}/{path}", data=form)
    assert refused.status_code == 422
    assert "Your plan is paused." in refused.text


def test_a_paused_plan_is_cancelled_at_once(payer: FlaskClient, timed: Timed, paused: Subscription) -> None:
    assert "it ends at once" in payer.get(f"{BASE}/cancel").text
    payer.post(f"{BASE}/cancel", data={"reason": "No longer needed"})
    assert current_subscription(timed.tenant.id) is None
    noted = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert noted[-1] == "subscription.cancelled"


def test_a_planned_change_is_dropped_by_a_pause(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "pro", seats=3)
    asked = payer.post(f"{BASE}/plans", data={"plan": "starter", "interval": "month", "seats": 1})
    payer.post(asked.location)
    assert "is dropped" in payer.get(f"{BASE}/pause").text
    payer.post(f"{BASE}/pause", data={"months": "1"})
    assert (now_on(timed).status, now_on(timed).planned_at) == (Status.PAUSED, None)


def test_a_plan_that_does_not_allow_it_is_not_paused(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "starter")
    assert "Pause the plan" not in overview(payer)
    assert payer.post(f"{BASE}/pause", data={"months": "1"}).status_code == 409


def test_longer_than_the_plan_allows_is_refused(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "pro")
    assert payer.post(f"{BASE}/pause", data={"months": "12"}).status_code == 422
    assert now_on(timed).status == Status.ACTIVE


def test_it_is_not_paused_while_a_cancellation_is_not_finished(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "pro", seats=3)
    with unit_of_work():
        cancel_intent(timed.tenant.id, payer_id())
    assert payer.post(f"{BASE}/pause", data={"months": "1"}).status_code == 409
    assert now_on(timed).status == Status.ACTIVE


def test_it_is_not_cancelled_while_a_pause_is_not_finished(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    subscribe(timed.tenant, "pro", seats=3)
    with unit_of_work():
        pause_intent(timed.tenant.id, payer_id(), months=1)
    assert payer.post(f"{BASE}/cancel", data={}).status_code == 409
    assert now_on(timed).ends_at is None


def test_it_does_not_go_on_while_a_cancellation_is_not_finished(
    payer: FlaskClient, timed: Timed, paused: Subscription
) -> None:
    with unit_of_work():
        cancel_intent(timed.tenant.id, payer_id())
    assert payer.post(f"{BASE}/unpause").status_code == 409
    timed.advance_to(months_later(timed.now(), 2) + DAY)
    timed.sync()
    assert (end_due_pauses(), now_on(timed).status) == (0, Status.PAUSED)
