"""Plans changed in the course of months: every pair of pricing models upwards in the middle of a period and back with
its end, each charged as it was quoted, each planned change applied once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.kit.clock import to_unix
from portal.mail.models import OutgoingMail
from portal.subscriptions.models import Quote, Subscription
from portal.subscriptions.queries import current_subscription
from portal.sync.details import sync_details
from tests.fixtures.catalog import Push, Subscribe
from tests.fixtures.time import Timed
from tests.plans.test_push_catalog import with_seat_price

PLANS = "/t/adventure/plans"
DAY = timedelta(days=1)


def change(payer: FlaskClient, plan: str, interval: str = "month", seats: int = 6) -> Quote:
    """Ask for another plan and confirm it; return the quote as it is then."""
    asked = payer.post(PLANS, data={"plan": plan, "interval": interval, "seats": seats})
    assert asked.status_code == 303, asked.text
    payer.post(asked.location)
    db.session.expire_all()
    return db.session.scalars(sa.select(Quote).order_by(Quote.id.desc()).limit(1)).one()


def now_on(timed: Timed) -> Subscription:
    db.session.expire_all()
    found = current_subscription(timed.tenant.id)
    assert found is not None
    return found


def pass_to(timed: Timed, at: datetime) -> Subscription:
    timed.advance_to(at)
    timed.sync()
    return now_on(timed)


def invoiced() -> list[int]:
    return list(db.session.scalars(sa.select(Invoice.total_amount).order_by(Invoice.id)))


def use(timed: Timed, calls: int) -> None:
    timed.client.v1.billing.meter_events.create(
        {
            "event_name": "portal_api_calls",
            "payload": {"stripe_customer_id": timed.stripe_id, "value": str(calls)},
            "timestamp": to_unix(timed.now()),
        }
    )


@pytest.mark.parametrize(
    ("low", "high", "low_costs"),
    [("starter", "pro", 2900), ("starter", "enterprise", 2900), ("pro", "enterprise", 9000)],
)
def test_up_in_the_middle_and_down_with_the_end_of_the_period(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, low: str, high: str, low_costs: int
) -> None:
    start = subscribe(timed.tenant, low, seats=6)
    first_end = start.current_period_end_at
    pass_to(timed, timed.now() + 10 * DAY)
    up = change(payer, high)
    assert up.charged_amount == up.due_now_amount == invoiced()[-1] > 0
    on_high = now_on(timed)
    assert (on_high.plan_key, on_high.current_period_end_at) == (high, first_end)
    renewed = pass_to(timed, first_end + DAY)
    assert invoiced()[-1] == up.recurring_amount
    down = change(payer, low)
    assert down.effective_at == renewed.current_period_end_at
    assert now_on(timed).plan_key == high
    on_low = pass_to(timed, renewed.current_period_end_at + DAY)
    assert (on_low.plan_key, on_low.planned_at) == (low, None)
    assert invoiced()[-1] == low_costs == down.recurring_amount
    count = len(invoiced())
    later = pass_to(timed, on_low.current_period_end_at + DAY)
    assert (later.plan_key, later.schedule_stripe_id, later.planned_at) == (low, None, None)
    assert (len(invoiced()), invoiced()[-1]) == (count + 1, low_costs)


def test_use_before_a_planned_change_is_billed_with_it_and_use_after_it_is_not(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    use(timed, 20_000)
    change(payer, "pro")
    pass_to(timed, ends + DAY)
    assert invoiced()[-1] == 6 * 1500 + 400  # 10,000 calls are included, as many more cost $0.0004 each
    use(timed, 20_000)
    after = pass_to(timed, ends + 40 * DAY)
    assert {item.component for item in after.items} == {"seat"}
    assert invoiced()[-1] == 6 * 1500


def test_seats_bought_in_between_are_billed_under_the_planned_plan(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    change(payer, "pro")
    pass_to(timed, timed.now() + 5 * DAY)
    payer.post(payer.post("/t/adventure/seats", data={"seats": "9"}).location)
    after = pass_to(timed, ends + DAY)
    assert (after.plan_key, after.items[0].quantity) == ("pro", 9)
    assert invoiced()[-1] == 9 * 1500


def test_a_year_paid_in_advance_becomes_monthly_when_it_is_over(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "pro", "year", seats=6).current_period_end_at
    quote = change(payer, "pro", "month")
    assert quote.recurring_amount == 9000
    after = pass_to(timed, ends + DAY)
    assert (after.interval, after.planned_at) == ("month", None)
    assert after.current_period_end_at - after.current_period_start_at < 32 * DAY
    assert invoiced() == [6 * 15_000, 9000]


def test_going_yearly_keeps_the_billing_date_and_pays_for_the_rest_of_its_year(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    begun = subscribe(timed.tenant, "enterprise", seats=6).current_period_start_at
    pass_to(timed, timed.now() + 10 * DAY)
    use(timed, 20_000)
    quote = change(payer, "enterprise", "year")
    assert quote.charged_amount == quote.due_now_amount == invoiced()[-1]
    after = now_on(timed)
    assert (after.current_period_start_at, after.current_period_end_at) == (begun, quote.next_invoice_at)
    renewed = pass_to(timed, after.current_period_end_at + DAY)
    assert (renewed.interval, renewed.plan_key) == ("year", "enterprise")
    assert invoiced()[-1] == quote.recurring_amount


def test_a_planned_change_can_be_undone_on_its_last_day(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    change(payer, "starter")
    pass_to(timed, ends - DAY)
    payer.post(f"{PLANS}/keep")
    after = pass_to(timed, ends + DAY)
    assert (after.plan_key, len(after.items)) == ("enterprise", 5)


def test_after_a_planned_change_the_next_one_can_be_planned_at_once(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    change(payer, "pro")
    on_pro = pass_to(timed, ends + DAY)
    assert on_pro.schedule_stripe_id is not None  # until the first period of the new plan is over
    change(payer, "starter")
    assert now_on(timed).planned_plan_key == "starter"
    on_starter = pass_to(timed, on_pro.current_period_end_at + DAY)
    assert on_starter.plan_key == "starter"
    up = change(payer, "pro")
    assert up.charged_amount == up.due_now_amount
    assert now_on(timed).schedule_stripe_id is None


def test_the_next_invoice_is_foreseen_with_the_planned_change(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    use(timed, 20_000)
    pass_to(timed, timed.now() + DAY)
    change(payer, "pro")
    sync_details(timed.customer_id)
    foreseen = db.session.scalars(sa.select(UpcomingInvoice)).one()
    assert (foreseen.invoice_at, foreseen.due_amount) == (ends, 6 * 1500 + 400)
    db.session.commit()
    pass_to(timed, ends + DAY)
    assert invoiced()[-1] == 6 * 1500 + 400


def test_a_planned_change_keeps_the_price_it_was_planned_with(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, push: Push
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    change(payer, "pro")
    push(with_seat_price(9900))
    payer.post(payer.post("/t/adventure/seats", data={"seats": "8"}).location)
    after = pass_to(timed, ends + DAY)
    assert (after.plan_key, invoiced()[-1]) == ("pro", 8 * 1500)


def test_who_kept_an_older_price_can_plan_another_plan(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, push: Push
) -> None:
    ends = subscribe(timed.tenant, "pro", seats=6).current_period_end_at
    push(with_seat_price(9900))
    change(payer, "starter")
    assert now_on(timed).planned_plan_key == "starter"
    assert pass_to(timed, ends + DAY).plan_key == "starter"


def test_a_planned_change_is_told_once_when_it_comes(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe
) -> None:
    ends = subscribe(timed.tenant, "enterprise", seats=6).current_period_end_at
    change(payer, "pro")
    after = pass_to(timed, ends + DAY)
    pass_to(timed, after.current_period_end_at + DAY)
    told = sa.select(sa.func.count()).where(OutgoingMail.name == "plan_changed")
    noted = sa.select(sa.func.count()).where(AuditEntry.action == "subscription.plan_changed")
    assert (db.session.scalar(told), db.session.scalar(noted)) == (1, 1)
