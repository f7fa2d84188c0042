"""Somebody comes back from Stripe's page while webhooks keep the worker syncing the same customer: the page says that
everything is there only when it is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.sync import fence
from portal.sync.customer import sync_customer
from portal.sync.fence import draw_ticket
from portal.sync.intents import refresh
from portal.sync.models import SyncRun
from tests.fixtures.cast import Cast
from tests.fixtures.webhooks import Stripe


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look once, instead of for two seconds."""
    monkeypatch.setattr(fence, "PATIENCE_SECONDS", 0.0)


def test_who_is_overtaken_sees_what_the_other_wrote(
    cast: Cast, stripe_account: Stripe, impatient: None
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.during("/v1/invoices", lambda: draw_ticket(customer.id), times=2)
    stripe_account.during("/v1/invoices", lambda: sync_customer(customer.id, trigger="webhook"))
    assert refresh(cast.tenant.id) is True
    outcomes = db.session.scalars(sa.select(SyncRun.outcome).order_by(SyncRun.id)).all()
    assert outcomes == ["written", "overtaken"]


def test_while_the_other_has_written_nothing_the_page_does_not_claim_it(
    cast: Cast, stripe_account: Stripe, impatient: None
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.during("/v1/invoices", lambda: draw_ticket(customer.id), times=3)
    assert refresh(cast.tenant.id) is False
    assert f"sync.customer:{customer.id}" in stripe_account.marks()
