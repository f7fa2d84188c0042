"""What people and the audit trail are told about invoices: paid, failed, paid after all."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
import stripe

from portal.extensions import db
from portal.invoices.models import Invoice
from portal.subscriptions.models import Status
from portal.subscriptions.queries import current_subscription
from portal.sync.customer import sync_customer
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.time import Timed
from tests.fixtures.told import Told
from tests.fixtures.webhooks import Stripe

HOURS = timedelta(hours=2)
BAD_CARD = "pm_card_chargeCustomerFail"


def test_a_renewal_is_receipted_once(timed: Timed, subscribe: Subscribe, told: Told) -> None:
    row = subscribe(timed.tenant, "pro")
    told.forget()
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.sync()
    timed.sync()

    assert told.mails() == ["invoice_paid"]
    assert told.audit() == ["invoice.paid"]


def test_a_failed_renewal_is_told_and_dates_the_problem(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    told.forget()
    method = stripe_client.v1.payment_methods.attach(BAD_CARD, {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.sync()

    current = current_subscription(timed.tenant.id)
    invoice = db.session.query(Invoice).filter_by(status="open").one()
    assert current is not None
    assert current.status == Status.PAST_DUE
    assert current.problem_since_at == invoice.issued_at
    assert told.mails() == ["payment_failed"]
    assert told.audit() == ["payment.failed"]
    assert "We could not charge" in told.texts()[0]
    assert "We try again on" in told.texts()[0]


def test_paying_after_a_failure_is_told_as_a_recovery(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    good = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": timed.stripe_id})
    bad = stripe_client.v1.payment_methods.attach(BAD_CARD, {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(row.stripe_id, {"default_payment_method": bad.id})
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.sync()
    told.forget()
    invoice = db.session.query(Invoice).filter_by(status="open").one()
    db.session.commit()
    stripe_client.v1.invoices.pay(invoice.stripe_id, {"payment_method": good.id})
    timed.sync()

    current = current_subscription(timed.tenant.id)
    assert current is not None
    assert (current.status, current.problem_since_at) == (Status.ACTIVE, None)
    assert told.mails() == ["payment_recovered"]
    assert told.audit() == ["payment.recovered"]


def test_each_failed_try_is_told(
    timed: Timed, subscribe: Subscribe, told: Told, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro")
    bad = stripe_client.v1.payment_methods.attach(BAD_CARD, {"customer": timed.stripe_id})
    stripe_client.v1.subscriptions.update(row.stripe_id, {"default_payment_method": bad.id})
    told.forget()
    timed.advance_to(row.current_period_end_at + HOURS)
    timed.sync()
    invoice = db.session.query(Invoice).filter_by(status="open").one()
    assert invoice.next_payment_attempt_at is not None
    timed.advance_to(invoice.next_payment_attempt_at + HOURS)
    timed.sync()

    assert told.mails() == ["payment_failed", "payment_failed"]


def test_a_free_trials_invoice_of_nothing_is_not_mailed(
    timed: Timed, subscribe: Subscribe, told: Told
) -> None:
    subscribe(timed.tenant, "pro", trial_days=14)

    assert "invoice_paid" not in told.mails()
    assert "invoice.paid" in told.audit()


def test_an_invoice_keeps_what_was_taken_off(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    assert customer.stripe_id is not None
    stripe_account.call(lambda v1: v1.coupons.create({"id": "fifth", "percent_off": 20, "duration": "once"}))
    stripe_account.call(
        lambda v1: v1.invoices.create({"customer": customer.stripe_id, "discounts": [{"coupon": "fifth"}]})
    )
    invoice = stripe_account.call(lambda v1: v1.invoices.list({"customer": customer.stripe_id})).data[0]
    stripe_account.call(
        lambda v1: v1.invoice_items.create(
            {"customer": customer.stripe_id, "invoice": invoice.id, "amount": 4500, "currency": "usd"}
        )
    )
    sync_customer(customer.id, trigger="operator")

    row = db.session.scalars(sa.select(Invoice)).one()
    assert (row.subtotal_amount, row.discount_amount, row.total_amount) == (4500, 900, 3600)
