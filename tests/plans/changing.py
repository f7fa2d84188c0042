"""How tests ask for another plan, confirm it and look at what became of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.subscriptions.models import Quote, Subscription
from portal.subscriptions.queries import current_subscription
from tests.fixtures.cast import Cast

PLANS = "/t/northwind-labs/plans"
OVERVIEW = "/t/northwind-labs/overview"


def ask(browser: FlaskClient, plan: str, interval: str = "month", seats: Any = 5) -> TestResponse:
    return browser.post(PLANS, data={"plan": plan, "interval": interval, "seats": seats})


def quoted(browser: FlaskClient, plan: str, interval: str = "month", seats: int = 5) -> Quote:
    answer = ask(browser, plan, interval, seats)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return db.session.scalars(sa.select(Quote).where(Quote.public_id == answer.location.split("/")[-1])).one()


def address(quote: Quote) -> str:
    return f"{PLANS}/{quote.public_id}"


def text_of(browser: FlaskClient, path: str = OVERVIEW) -> str:
    return " ".join(browser.get(path).get_data(as_text=True).split())


def now_on(cast: Cast) -> Subscription:
    db.session.expire_all()
    found = current_subscription(cast.tenant.id)
    assert found is not None
    return found


def components(subscription: Subscription) -> dict[str | None, int | None]:
    return {item.component: item.quantity for item in subscription.items}


HYBRID = {"base": 1, "seat": 5, "meter:api_calls": None, "meter:storage_gb": None, "meter:emails": None}
MADE_OF: dict[str, dict[str, int | None]] = {"starter": {"base": 1}, "pro": {"seat": 5}, "enterprise": HYBRID}
