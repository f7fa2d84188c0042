"""What needs attention: each kind of trouble shows with its newest cases, and goes when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.kit.clock import utcnow
from portal.operator.attention import KINDS, PAGE_SIZE, concerns
from portal.subscriptions.models import Quote
from portal.sync.mark import SYNC
from portal.sync.seats import quote_seats
from portal.tenants.models import Tenant
from portal.usage.models import Meter, UsageReport
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def standing() -> dict[str, int]:
    return {concern.kind.key: concern.count for concern in concerns()}


def bury(name: str, tenant: Tenant | None, *, key: str | None = None) -> None:
    enqueue(name, {}, queue="default", once_key=key, tenant_id=tenant.id if tenant else None)
    db.session.execute(
        sa.update(Job)
        .where(Job.state == JobState.READY, Job.name == name)
        .values(state=JobState.DEAD, attempts=12, last_error="RuntimeError: no", finished_at=utcnow())
    )
    db.session.commit()


def refuse_usage(tenant: Tenant, identifier: str) -> None:
    meter_id = db.session.scalars(sa.select(Meter.id).limit(1)).one()
    db.session.add(
        UsageReport(
            tenant_id=tenant.id,
            meter_id=meter_id,
            hour_at=utcnow(),
            identifier=identifier,
            quantity=100,
            state="refused",
            error="No such meter",
        )
    )
    db.session.commit()


def test_nothing_needs_attention_in_a_healthy_portal(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    assert "Nothing needs attention." in operator.get("/operator").text


def test_a_second_live_plan_stands_first(operator: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    subscribe(cast.tenant, "starter")
    subscribe(cast.other_tenant, "pro")
    bury("jobs.prune", None)
    page = operator.get("/operator").text
    assert standing() == {"second-plan": 1, "jobs": 1}
    assert "2 plans are being paid at the same time" in page
    assert f"/operator/tenants/{cast.tenant.public_id}#subscriptions" in page
    assert page.index("More than one plan is being paid") < page.index("Jobs gave up")


def test_a_dead_sync_is_a_webhook_that_was_not_acted_on(app: Portal, cast: Cast) -> None:
    bury(SYNC, cast.tenant)
    bury("mail.send", cast.tenant)
    assert standing() == {"webhooks": 1, "jobs": 1}


def test_refused_usage_is_one_case_for_each_tenant(cast: Cast) -> None:
    for number in range(2):
        refuse_usage(cast.tenant, f"u-{number}")
    refuse_usage(cast.other_tenant, "u-other")
    (concern,) = concerns()
    assert (concern.kind.key, concern.count) == ("usage", 2)
    assert {case.words for case in concern.cases} == {"2 reports: No such meter", "1 report: No such meter"}


@pytest.mark.parametrize(
    ("state", "minutes", "is_listed"),
    [
        (IntentState.OPEN, 6, True),
        (IntentState.OPEN, 4, False),
        (IntentState.WAITING, 600, False),
        (IntentState.DONE, 600, False),
    ],
)
def test_an_intent_is_listed_once_it_is_open_for_five_minutes(
    state: IntentState, minutes: int, is_listed: bool, cast: Cast
) -> None:
    asked_at = utcnow() - timedelta(minutes=minutes)
    db.session.add(
        Intent(tenant_id=cast.tenant.id, kind="seats", state=state, params={}, created_at=asked_at)
    )
    db.session.commit()
    assert standing() == ({"intents": 1} if is_listed else {})


def test_a_charge_that_was_not_what_was_shown_stays_until_somebody_looked_at_it(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    tenant_id, owner_id = cast.tenant.id, cast.owner.id
    db.session.commit()
    shown = quote_seats(tenant_id, 5, owner_id)
    equal = quote_seats(tenant_id, 6, owner_id)
    for quote, more in ((shown, 1), (equal, 0)):
        row = db.session.get_one(Quote, quote.id)
        row.confirmed_at, row.charged_amount = utcnow(), quote.due_now_amount + more
    db.session.commit()
    assert standing() == {"charge": 1}
    for _ in range(2):
        answer = operator.post(
            f"/operator/tenants/{cast.tenant.public_id}/charges/{shown.public_id}/reviewed"
        )
        assert answer.status_code == 303
    assert standing() == {}
    assert operator.get(f"/operator/tenants/{cast.tenant.public_id}").text.count("looked at a charge of") == 1


def test_the_newest_five_stand_on_the_page_and_the_rest_behind_a_link(
    operator: FlaskClient, cast: Cast
) -> None:
    for number in range(6):
        bury("mail.send", cast.tenant, key=f"mail {number}")
    page = operator.get("/operator").text
    assert page.count("RuntimeError: no") == 5
    assert "See all 6" in page
    assert operator.get("/operator/attention/jobs").text.count("RuntimeError: no") == 6


def test_a_long_list_has_pages(operator: FlaskClient, cast: Cast) -> None:
    for number in range(PAGE_SIZE + 1):
        bury("mail.send", None, key=f"mail {number}")
    first, second = (operator.get(f"/operator/attention/jobs?page={number}").text for number in (1, 2))
    assert (first.count("RuntimeError: no"), second.count("RuntimeError: no")) == (PAGE_SIZE, 1)


@pytest.mark.parametrize("kind", [kind.key for kind in KINDS])
def test_a_kind_without_cases_says_so(kind: str, operator: FlaskClient) -> None:
    assert "Nothing of this kind" in operator.get(f"/operator/attention/{kind}").text


def test_a_kind_that_does_not_exist_is_not_found(operator: FlaskClient) -> None:
    assert operator.get("/operator/attention/everything").status_code == 404


@pytest.mark.parametrize(
    ("key", "index"),
    [
        ("charge", "ix_quote_differing"),
        ("usage", "ix_usage_report_refused"),
        ("webhooks", "ix_job_dead"),
        ("intents", "ix_intent_open"),
        ("jobs", "ix_job_dead"),
    ],
)
def test_the_few_cases_among_many_rows_are_found_by_an_index(key: str, index: str, app: Portal) -> None:
    kind = next(each for each in KINDS if each.key == key)
    statement = kind.select().compile(db.engine, compile_kwargs={"render_postcompile": True})
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            explain, values = (
                "EXPLAIN QUERY PLAN",
                tuple(statement.params[n] for n in statement.positiontup or ()),
            )
        else:
            # The table is empty, and reading all of nothing is cheaper than any index.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explain, values = "EXPLAIN", statement.params
        plan = connection.exec_driver_sql(f"{explain} {statement}", values).all()
    assert index in str(plan)
