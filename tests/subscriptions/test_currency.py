"""In which currency a tenant sees prices and buys: its own choice while nothing is open, else that of what is open,
with the reason and the way out in words. A form that says otherwise is refused, and nothing is sent to Stripe."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.customers.models import Customer
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.intents.models import Intent
from portal.plans.catalog import Catalog, current_catalog
from portal.subscriptions.currency import CurrencyLocked, CurrencyNotOffered, currency_for, currency_name
from portal.subscriptions.models import Quote, Subscription
from portal.subscriptions.queries import current_subscription
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import PayCheckout, Subscribe
from tests.plans.changing import PLANS, text_of
from tests.subscriptions.test_checkout import session_at

CHECKOUT = "/t/northwind-labs/checkout"
RETURN = "/t/northwind-labs/checkout/return"
PRO = {"plan": "pro", "interval": "month", "seats": "4"}
SELLING = Catalog(currencies=("usd", "eur"), plans={})
RUNNING = Subscription(status="active", currency="eur")
ENDED = Subscription(status="canceled", currency="eur")
WITH_CREDIT = Customer(currency="eur", balance_amount=-500)
FORMER = Customer(currency="eur", balance_amount=0)


@pytest.mark.parametrize(
    ("customer", "subscription", "wanted", "expected"),
    [
        (None, None, None, "usd"),
        (None, None, "eur", "eur"),
        (FORMER, None, None, "eur"),
        (FORMER, None, "usd", "usd"),
        (FORMER, ENDED, "usd", "usd"),
        (Customer(currency="gbp", balance_amount=0), None, None, "usd"),
        (FORMER, RUNNING, None, "eur"),
        (FORMER, RUNNING, "eur", "eur"),
        (WITH_CREDIT, None, None, "eur"),
        (None, None, "gbp", CurrencyNotOffered),
        (FORMER, RUNNING, "gbp", CurrencyNotOffered),
        (FORMER, RUNNING, "usd", CurrencyLocked),
        (WITH_CREDIT, None, "usd", CurrencyLocked),
        (Customer(currency="gbp", balance_amount=-1), None, None, CurrencyNotOffered),
    ],
)
def test_what_is_open_decides_then_the_wish_then_what_was_before_then_the_catalogue(
    customer: Customer | None,
    subscription: Subscription | None,
    wanted: str | None,
    expected: str | type[Exception],
) -> None:
    if isinstance(expected, str):
        assert currency_for(SELLING, customer, subscription, wanted) == expected
        return
    with pytest.raises(expected):
        currency_for(SELLING, customer, subscription, wanted)


def test_currencies_are_called_by_their_names() -> None:
    assert [currency_name(each) for each in ("usd", "eur", "jpy")] == ["US dollars", "euros", "Japanese yen"]


def test_a_new_tenant_chooses_the_currency_and_keeps_it_from_page_to_page(owner: FlaskClient) -> None:
    page = text_of(owner, f"{PLANS}?currency=eur&interval=year")
    assert "€270 <small>per year" in page
    assert 'name="currency" value="eur"' in page
    assert f"{PLANS}?interval=month&amp;currency=eur" in page
    assert "$29" in text_of(owner, f"{PLANS}?currency=gbp"), (
        "what is not offered is as if it was not asked for"
    )


def test_the_chosen_currency_is_what_the_session_sells_and_what_one_comes_back_to(
    owner: FlaskClient, stripe_client: stripe.StripeClient
) -> None:
    owner.post(CHECKOUT, data={**PRO, "currency": "eur"})
    session = session_at(stripe_client)
    assert session.currency == "eur"
    assert session.line_items is not None
    assert [line.price and line.price.lookup_key for line in session.line_items.data] == [
        "pro.seat.month.eur"
    ]
    assert session.cancel_url is not None
    assert session.cancel_url.endswith("/plans?checkout=cancelled&interval=month&currency=eur")


def test_a_tenant_with_a_plan_sees_its_currency_and_learns_why_not_another(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    page = text_of(owner, f"{PLANS}?currency=eur")
    assert "$199 <small>per month" in page
    assert (
        "Your account is billed in US dollars. A plan keeps its currency. To pay in euros, cancel your plan;"
        in page
    )
    assert 'href="/t/northwind-labs/cancel">Cancel your plan</a>' in page
    assert "is billed in" not in text_of(owner)


@pytest.mark.parametrize("currency", ["eur", "gbp", "x" * 2_000, "usd\x00"])
def test_a_tampered_currency_is_refused_and_nothing_is_sent(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    currency: str,
) -> None:
    if currency != "eur":
        answer = owner.post(CHECKOUT, data={**PRO, "currency": currency})
        assert (answer.status_code, 'class="notice tone-bad"' in answer.text) == (422, True)
    subscribe(cast.tenant, "starter")
    answer = owner.post(PLANS, data={**PRO, "currency": currency})
    assert (answer.status_code, 'class="notice tone-bad"' in answer.text) == (422, True)
    assert stripe_client.v1.checkout.sessions.list().data == []
    assert [*db.session.scalars(sa.select(Intent)), *db.session.scalars(sa.select(Quote))] == []


def test_once_nothing_is_open_another_currency_can_be_chosen_and_is_the_tenants_from_then_on(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    pay_checkout: PayCheckout,
) -> None:
    stripe_client.v1.subscriptions.cancel(subscribe(cast.tenant, "pro").stripe_id)
    owner.get("/t/northwind-labs/portal/return")
    assert "$29" in text_of(owner, PLANS), "what it paid in before comes first"
    pay_checkout(owner.post(CHECKOUT, data={**PRO, "currency": "eur"}).location)
    opened = db.session.scalars(sa.select(Intent).order_by(Intent.id.desc()).limit(1)).one()
    owner.get(f"{RETURN}?session_id={opened.stripe_id}")
    now, customer = current_subscription(cast.tenant.id), customer_of(cast.tenant.id)
    assert now is not None
    assert customer is not None
    assert (now.currency, customer.currency) == ("eur", "eur")
    assert "€56.00" in text_of(owner)
    assert current_catalog().default_currency == "usd"


def test_what_only_stripe_knows_to_be_open_is_explained_on_the_plans_page(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    stripe_client.v1.subscriptions.cancel(subscribe(cast.tenant, "pro").stripe_id)
    owner.get("/t/northwind-labs/portal/return")
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    assert customer.stripe_id is not None
    stripe_client.v1.invoice_items.create(
        {"customer": customer.stripe_id, "amount": 500, "currency": "usd", "description": "Setup"}
    )
    answer = owner.post(CHECKOUT, data={**PRO, "currency": "eur"})
    assert answer.status_code == 422
    assert "still open in the currency you were billed in before" in answer.text
    assert owner.post(CHECKOUT, data={**PRO, "currency": "usd"}).status_code == 303
