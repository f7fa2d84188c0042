"""A tenant's page at the operator's: what the portal knows, what is wrong, and what can be done about it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.config import Config
from portal.customers.models import Customer
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.kit.clock import utcnow
from portal.operator.dossier import page_at_stripe
from portal.operator.words import INTENT_NAMES
from portal.subscriptions.models import Status
from portal.subscriptions.queries import current_subscription
from portal.sync.intents import CARRIERS
from portal.tenants.models import Tenant
from portal.usage.models import Meter, UsageReport
from tests.fixtures.app import ENVIRONMENT
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.outage import Outage
from tests.fixtures.told import Told


def address(tenant: Tenant) -> str:
    return f"/operator/tenants/{tenant.public_id}"


def dead_job(tenant: Tenant | None) -> int:
    enqueue("mail.send", {}, queue="mail", tenant_id=tenant.id if tenant else None)
    db.session.execute(
        sa.update(Job).values(state=JobState.DEAD, attempts=12, last_error="no", finished_at=utcnow())
    )
    db.session.commit()
    return db.session.scalars(sa.select(Job.id)).one()


def newest_entry() -> AuditEntry:
    return db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def test_it_shows_what_the_portal_knows(operator: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    row = subscribe(cast.tenant, "pro", seats=7)
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    page = operator.get(address(cast.tenant)).text
    for words in (
        "Northwind Labs",
        "billing@northwind.example.com",
        "Olivia Owner, owner@northwind.example.com",
        customer.stripe_id,
        row.stripe_id,
        "<strong>Pro</strong>",
        "started the Pro plan",
        "Paid",
        "change: written",
    ):
        assert str(words) in page


def test_every_kind_of_change_has_a_name() -> None:
    assert set(CARRIERS) - set(INTENT_NAMES) == set()


def test_another_tenants_facts_do_not_show(operator: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    row = subscribe(cast.other_tenant, "pro")
    page = operator.get(address(cast.tenant)).text
    assert row.stripe_id not in page
    assert "Contoso" not in page


@pytest.mark.parametrize("public_id", ["a" * 16, "1", "northwind-labs"])
def test_an_address_that_names_nobody_is_not_found(public_id: str, operator: FlaskClient) -> None:
    assert operator.get(f"/operator/tenants/{public_id}").status_code == 404


def test_sync_now_fetches_what_webhooks_did_not_tell(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient, told: Told
) -> None:
    row = subscribe(cast.tenant, "pro")
    stripe_client.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
    answer = operator.post(f"{address(cast.tenant)}/sync", follow_redirects=True)
    assert "The billing state is fetched from Stripe." in answer.text
    assert "operator: written" in answer.text
    assert row.ends_at is not None
    assert "tenant.synced" in told.audit()


def test_sync_now_says_when_stripe_does_not_answer(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_outage: Outage
) -> None:
    subscribe(cast.tenant, "pro")
    with stripe_outage():
        answer = operator.post(f"{address(cast.tenant)}/sync", follow_redirects=True)
    assert "The worker goes on trying." in answer.text


def test_a_tenant_that_stripe_does_not_know_yet_cannot_be_synced(operator: FlaskClient, cast: Cast) -> None:
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    customer.stripe_id = None
    assert "Sync now" not in operator.get(address(cast.tenant)).text
    assert operator.post(f"{address(cast.tenant)}/sync").status_code == 409


def test_of_two_live_plans_the_older_can_be_ended(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    older = subscribe(cast.tenant, "pro")
    newer = subscribe(cast.tenant, "starter")
    page = operator.get(address(cast.tenant)).text
    assert "2 plans are being paid at the same time." in page
    confirm = f"{address(cast.tenant)}/subscriptions/{older.stripe_id}/end"
    assert confirm in page
    assert "Pro of Northwind Labs" in operator.get(confirm).text
    after = operator.post(confirm, data={"reason": "Paid twice by mistake"}, follow_redirects=True).text
    assert "The plan is ended." in after
    assert "2 plans are being paid" not in after
    left = current_subscription(cast.tenant.id)
    assert left is not None
    assert (older.status, left.stripe_id) == (Status.CANCELED, newer.stripe_id)


def test_ending_names_the_operator_and_the_reason_and_the_tenant_reads_our_team(
    operator: FlaskClient, owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    row = subscribe(cast.tenant, "pro")
    operator.post(
        f"{address(cast.tenant)}/subscriptions/{row.stripe_id}/end", data={"reason": "Account closed"}
    )
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "subscription.cancelled_now")
    ).one()
    assert (entry.actor, entry.details["reason"]) == ("ola@example.com", "Account closed")
    assert (
        "Ola Operator</strong> ended the plan at once (Account closed)"
        in operator.get(address(cast.tenant)).text
    )
    theirs = owner.get("/t/northwind-labs/audit").text
    assert "Our team</strong> ended the plan at once (Account closed)" in theirs
    assert "Ola" not in theirs


def test_the_unused_rest_is_credited_where_that_was_ticked(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    row = subscribe(cast.tenant, "pro")
    form = {"reason": "Account closed", "prorate": "y"}
    operator.post(f"{address(cast.tenant)}/subscriptions/{row.stripe_id}/end", data=form)
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    assert customer.balance_amount < 0
    assert "<strong>Stripe</strong> credited $" in operator.get(address(cast.tenant)).text


@pytest.mark.parametrize(
    ("key", "base", "page"),
    [
        ("sk_test_1234567890", None, "https://dashboard.stripe.com/test/customers/cus_1"),
        ("sk_live_1234567890", None, "https://dashboard.stripe.com/customers/cus_1"),
        ("sk_test_1234567890", "http://127.0.0.1:12111", None),
    ],
)
def test_the_way_to_stripes_own_page_about_the_customer(key: str, base: str | None, page: str | None) -> None:
    settings = {**ENVIRONMENT, "STRIPE_SECRET_KEY": key, "STRIPE_API_BASE": base or ""}
    config = Config.from_env(settings)
    assert page_at_stripe(Customer(stripe_id="cus_1"), config) == page
    assert page_at_stripe(None, config) is None


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_proper_reason_nothing_ends(
    reason: str, operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    row = subscribe(cast.tenant, "pro")
    answer = operator.post(
        f"{address(cast.tenant)}/subscriptions/{row.stripe_id}/end", data={"reason": reason}
    )
    assert (answer.status_code, row.status) == (422, Status.ACTIVE)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_tenants_plan_is_not_found_under_this_ones_address(
    method: str, operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    theirs = subscribe(cast.other_tenant, "pro")
    url = f"{address(cast.tenant)}/subscriptions/{theirs.stripe_id}/end"
    answer = operator.open(url, method=method, data={"reason": "Wrong one"} if method == "POST" else None)
    assert (answer.status_code, theirs.status) == (404, Status.ACTIVE)


def test_a_plan_that_has_ended_cannot_be_ended_again(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    row = subscribe(cast.tenant, "pro")
    url = f"{address(cast.tenant)}/subscriptions/{row.stripe_id}/end"
    assert operator.post(url, data={"reason": "Account closed"}).status_code == 303
    assert operator.post(url, data={"reason": "Account closed"}).status_code == 404


def test_refused_usage_is_shown_with_its_reason_and_can_be_sent_again(
    operator: FlaskClient, cast: Cast, told: Told
) -> None:
    meter = db.session.scalars(sa.select(Meter).limit(1)).one()
    report = UsageReport(
        tenant_id=cast.tenant.id,
        meter_id=meter.id,
        hour_at=utcnow(),
        identifier="u-1",
        quantity=3,
        state="refused",
        error="No such meter",
    )
    db.session.add(report)
    db.session.commit()
    assert "No such meter" in operator.get(address(cast.tenant)).text
    url = f"{address(cast.tenant)}/usage-reports/reopen"
    assert operator.post(f"{address(cast.other_tenant)}/usage-reports/reopen").status_code == 409
    assert operator.post(url).status_code == 303
    assert (report.state, told.audit()) == ("open", ["usage_report.reopened"])
    assert operator.post(url).status_code == 409


def test_a_job_that_gave_up_gets_another_chance(operator: FlaskClient, cast: Cast) -> None:
    job_id = dead_job(cast.tenant)
    assert "Jobs that gave up" in operator.get(address(cast.tenant)).text
    answer = operator.post("/operator/jobs/replay", data={"job": job_id})
    assert answer.headers["Location"] == address(cast.tenant)
    assert db.session.scalars(sa.select(Job.state)).one() == JobState.READY
    entry = newest_entry()
    assert (entry.action, entry.tenant_id, entry.actor) == ("job.replayed", cast.tenant.id, "ola@example.com")
    assert operator.post("/operator/jobs/replay", data={"job": job_id}).status_code == 409


def test_a_job_of_no_tenant_leads_back_to_what_needs_attention(operator: FlaskClient) -> None:
    answer = operator.post("/operator/jobs/replay", data={"job": dead_job(None)})
    assert answer.headers["Location"] == "/operator"


@pytest.mark.parametrize("job", ["", "x", "9" * 30])
def test_what_is_no_number_of_a_job_is_not_found(job: str, operator: FlaskClient) -> None:
    assert operator.post("/operator/jobs/replay", data={"job": job}).status_code == 404


@pytest.mark.csrf
def test_no_form_is_taken_without_its_token(operator: FlaskClient, cast: Cast) -> None:
    dead_job(cast.tenant)
    assert operator.post("/operator/jobs/replay", data={"job": "1"}).status_code == 409
    assert db.session.scalars(sa.select(Job.state)).one() == JobState.DEAD
