"""With Stripe out of reach every page still answers from what the portal knows, and a change that needs Stripe is
refused in words. Generated from the table of endpoints, so a new page is asked too."""

from __future__ import annotations

import pytest

from portal.extensions import db
from portal.gateway.health import GatewayHealth, HealthRecorder
from portal.web.context import OUTAGE
from tests.contracts.addresses import target_of
from tests.contracts.test_permissions import Row, table
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.outage import Outage

PAGES = [row for row in sorted(table()) if row[1] == "GET"]
FORMS = [row for row in sorted(table()) if row[1] == "POST" and "webhooks" not in row[0]]


@pytest.mark.parametrize("row", PAGES, ids=" ".join)
def test_a_page_answers_as_before(row: Row, subscribe: Subscribe, cast: Cast, stripe_outage: Outage) -> None:
    subscribe(cast.tenant, "pro")
    target = target_of(cast, row[0])
    before = cast.client(cast.owner).get(target_of(cast, row[0]).address)
    with stripe_outage():
        during = cast.client(cast.owner).get(target.address)
    assert during.status_code == before.status_code


@pytest.mark.parametrize("row", FORMS, ids=" ".join)
def test_a_form_is_accepted_or_refused_in_words(
    row: Row, subscribe: Subscribe, cast: Cast, stripe_outage: Outage
) -> None:
    subscribe(cast.tenant, "pro")
    target = target_of(cast, row[0])
    with stripe_outage():
        answer = cast.client(cast.owner).post(target.address, data=target.form)
    assert answer.status_code < 500 or answer.status_code == 503
    if answer.status_code == 503:
        assert "try again" in answer.text or "do not need to send it again" in answer.text
        assert answer.headers["Retry-After"]


def test_pages_say_that_the_payment_provider_is_away(cast: Cast) -> None:
    HealthRecorder(db.engine).note(ok=False, detail="connection refused")
    page = cast.client(cast.owner).get("/t/northwind-labs/overview")
    assert OUTAGE.split(".")[0] in page.text
    assert db.session.get_one(GatewayHealth, 1).last_failure == "connection refused"
