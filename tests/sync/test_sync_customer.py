"""One sync brings everything Stripe knows about a customer into the mirrors."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe

from portal.customers.models import Customer, PaymentMethod
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.gateway.errors import GatewayUnavailable
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.jobs.models import Job
from portal.seats.models import SeatLedgerEntry
from portal.subscriptions.models import Status
from portal.subscriptions.queries import current_subscription
from portal.sync.customer import sync_customer
from portal.sync.details import sync_details
from portal.sync.fence import draw_ticket
from portal.sync.models import SyncRun
from portal.sync.timeline import timeline
from portal.tenants.models import Tenant
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage
from tests.fixtures.time import Timed
from tests.fixtures.webhooks import Stripe


def test_the_customer_becomes_what_stripe_says(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.call(
        lambda v1: v1.customers.update(customer.stripe_id, {"name": "Renamed", "balance": -500})
    )

    outcome = sync_customer(customer.id, trigger="operator")

    row = customer_of(cast.tenant.id)
    assert row is not None
    assert (row.name, row.balance_amount) == ("Renamed", -500)
    assert outcome.outcome == "written"
    assert outcome.changes[f"customer {row.stripe_id}"]["name"] == ["Northwind Labs", "Renamed"]


def test_a_subscription_is_mirrored_with_its_plan_items_and_period(
    timed: Timed, subscribe: Subscribe
) -> None:
    row = subscribe(timed.tenant, "enterprise", "year", seats=12)

    assert (row.status, row.plan_key, row.interval, row.currency) == (
        Status.ACTIVE,
        "enterprise",
        "year",
        "usd",
    )
    assert {item.component: item.quantity is None for item in row.items} == {
        "base": False,
        "seat": False,
        "meter:api_calls": True,
        "meter:storage_gb": True,
        "meter:emails": True,
    }
    assert (row.current_period_end_at - row.current_period_start_at).days in (365, 366)


def test_invoices_are_mirrored_with_their_amounts(timed: Timed, subscribe: Subscribe) -> None:
    subscribe(timed.tenant, "pro", seats=4)

    (invoice,) = db.session.scalars(sa.select(Invoice).where(Invoice.tenant_id == timed.tenant.id))
    assert (invoice.status, invoice.currency, invoice.remaining_amount) == ("paid", "usd", 0)
    assert invoice.total_amount == invoice.paid_amount > 0
    assert invoice.hosted_url is not None
    assert invoice.paid_at is not None


def test_a_draft_that_stripe_deletes_goes(
    timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    draft = stripe_client.v1.invoices.create({"customer": timed.stripe_id})
    timed.sync()
    drafts = sa.select(sa.func.count()).select_from(Invoice).where(Invoice.status == "draft")
    before = db.session.scalar(drafts)
    stripe_client.v1.invoices.delete(draft.id)
    timed.sync()

    assert (before, db.session.scalar(drafts)) == (1, 0)


def test_the_card_of_the_subscription_is_the_one_that_is_charged(timed: Timed, subscribe: Subscribe) -> None:
    subscribe(timed.tenant, "pro", card="pm_card_mastercard")

    customer = customer_of(timed.tenant.id)
    method = db.session.scalars(sa.select(PaymentMethod)).one()
    assert customer is not None
    assert customer.default_payment_method_stripe_id == method.stripe_id
    assert (method.brand, method.last4) == ("mastercard", "4444")


def test_seats_bought_go_into_the_ledger_once(
    timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "pro", seats=3)
    timed.sync()
    stripe_client.v1.subscription_items.update(row.items[0].stripe_id, {"quantity": 7})
    timed.sync()
    timed.sync()
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    timed.sync()

    moves = db.session.execute(
        sa.select(SeatLedgerEntry.quantity, SeatLedgerEntry.total).order_by(SeatLedgerEntry.id)
    ).all()
    assert [tuple(move) for move in moves] == [(3, 3), (4, 7), (-7, 0)]


def test_a_sync_takes_three_calls_however_much_there_is(
    cast: Cast, subscribe: Subscribe, stripe_account: Stripe
) -> None:
    subscribe(cast.tenant, "enterprise", seats=12)
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.seen.clear()

    outcome = sync_customer(customer.id, trigger="operator")

    assert outcome.calls == len(stripe_account.seen) == 3


def test_nothing_changed_is_said_so_and_asks_for_no_details(timed: Timed, subscribe: Subscribe) -> None:
    subscribe(timed.tenant, "pro")
    with unit_of_work():
        db.session.execute(sa.delete(Job))

    assert timed.sync().changes == {}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_a_change_asks_for_the_details(cast: Cast, stripe_account: Stripe, drain_jobs: DrainJobs) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.call(
        lambda v1: v1.payment_methods.attach("pm_card_visa", {"customer": customer.stripe_id})
    )
    stripe_account.rename(customer, "Renamed")
    sync_customer(customer.id, trigger="operator")
    drain_jobs()

    assert [row.last4 for row in db.session.scalars(sa.select(PaymentMethod))] == ["4242"]


def test_a_detached_card_goes(timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient) -> None:
    subscribe(timed.tenant, "pro")
    second = stripe_client.v1.payment_methods.attach("pm_card_mastercard", {"customer": timed.stripe_id})
    sync_details(timed.customer_id)
    stripe_client.v1.payment_methods.detach(second.id)
    sync_details(timed.customer_id)

    assert [row.last4 for row in db.session.scalars(sa.select(PaymentMethod))] == ["4242"]


def test_the_next_invoice_is_kept_and_forgotten_when_there_is_none(
    timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    row = subscribe(timed.tenant, "enterprise", seats=10)
    (upcoming,) = db.session.scalars(sa.select(UpcomingInvoice))
    assert upcoming.invoice_at == row.current_period_end_at
    assert {line["metered"] for line in upcoming.lines} == {True, False}
    assert sum(line["amount"] for line in upcoming.lines) == upcoming.subtotal_amount

    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    timed.sync()
    sync_details(timed.customer_id)
    assert db.session.scalar(sa.select(UpcomingInvoice)) is None


def test_a_customer_that_stripe_does_not_know_yet_is_skipped(cast: Cast) -> None:
    tenant = Tenant(name="New", slug="new", billing_email="new@example.com")
    db.session.add(tenant)
    db.session.flush()
    row = Customer(tenant_id=tenant.id)
    db.session.add(row)
    db.session.commit()

    assert sync_customer(row.id, trigger="operator").outcome == "skipped"


def test_an_outage_is_noted_and_changes_nothing(
    cast: Cast, stripe_account: Stripe, stripe_outage: Outage
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    with stripe_outage(), pytest.raises(GatewayUnavailable):
        sync_customer(customer.id, trigger="operator")

    run = db.session.scalars(sa.select(SyncRun)).one()
    assert (run.outcome, run.changes) == ("failed", {})


def test_whoever_is_overtaken_starts_over(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    stripe_account.during("/v1/invoices", lambda: draw_ticket(customer.id), times=2)
    outcome = sync_customer(customer.id, trigger="operator")

    assert (outcome.outcome, outcome.calls) == ("written", 9)


def test_whoever_is_overtaken_three_times_leaves_it_to_the_job(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)

    stripe_account.during("/v1/invoices", lambda: draw_ticket(customer.id), times=3)
    outcome = sync_customer(customer.id, trigger="operator")

    assert outcome.outcome == "overtaken"
    assert stripe_account.marks() == {f"sync.customer:{customer.id}": 1}


def test_tickets_are_drawn_in_order(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    tickets = [draw_ticket(customer.id) for _ in range(3)]

    numbers = [ticket.number for ticket in tickets if ticket is not None]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 3


def test_the_timeline_shows_events_and_syncs_newest_first(
    cast: Cast, stripe_account: Stripe, drain_jobs: DrainJobs
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.send_event(customer=customer)
    drain_jobs(["stripe"])
    shown = timeline(cast.tenant.id)

    assert [(entry.kind, entry.title) for entry in shown] == [
        ("sync", "webhook: written"),
        ("event", "customer.updated"),
    ]
    assert timeline(cast.other_tenant.id) == []


def test_nothing_of_another_tenant_is_touched(
    cast: Cast, subscribe: Subscribe, stripe_account: Stripe
) -> None:
    subscribe(cast.other_tenant, "pro")
    subscribe(cast.tenant, "starter")
    stripe_account.rename(stripe_account.customer_of(cast.other_tenant), "Other Name")
    sync_customer(stripe_account.customer_of(cast.tenant).id, trigger="operator")

    other = current_subscription(cast.other_tenant.id)
    assert other is not None
    assert other.plan_key == "pro"
    assert stripe_account.customer_of(cast.other_tenant).name == "Contoso"
