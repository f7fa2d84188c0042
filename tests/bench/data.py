"""Rows for the bench: some tenants with members, a subscription, a year of invoices and two months of usage."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from portal.accounts.models import User, UserSession
from portal.api_keys.models import ApiKey
from portal.customers.models import Customer
from portal.extensions import db
from portal.invoices.models import Invoice
from portal.kit.clock import utcnow
from portal.kit.ids import digest
from portal.plans.catalog import current_catalog
from portal.plans.models import Price
from portal.plans.rates import price_model
from portal.subscriptions.models import Subscription, SubscriptionItem
from portal.tenants.models import Membership, Tenant
from portal.usage.models import Meter, UsageDay, UsageHour

SESSION_SECRET = "bench-session"
API_KEY = "pk_benchkey_" + "k" * 43
TENANTS = 50


def fill() -> None:
    """Fill an empty, migrated database inside an application context."""
    now = utcnow().replace(minute=0, second=0, microsecond=0)
    meter = Meter(key="api_calls", name="API calls", unit="call", aggregation="sum", scale=0, event_name="e")
    storage = Meter(
        key="storage_gb", name="Storage", unit="GB-day", aggregation="sum", scale=3, event_name="f"
    )
    db.session.add_all([meter, storage, *_prices()])
    for number in range(TENANTS):
        tenant = Tenant(
            name=f"Bench {number}", slug=f"bench-{number}", billing_email=f"b{number}@example.com"
        )
        db.session.add(tenant)
        db.session.flush()
        owner = _people(tenant, number)
        db.session.add(
            Customer(tenant_id=tenant.id, stripe_id=f"cus_bench{number}", currency="usd", synced_at=now)
        )
        _subscription(tenant, number)
        for months in range(12):
            db.session.add(_invoice(tenant, number, months))
        for each in (meter, storage):
            for days in range(60):
                at = now - timedelta(days=days)
                row = {"tenant_id": tenant.id, "meter_id": each.id, "quantity": 100 + days, "events": 5}
                db.session.add(UsageDay(day_on=at.date(), latest_at=at, **row))
                db.session.add(UsageHour(hour_at=at, latest_at=at, reported_quantity=100 + days, **row))
        if number == 0:
            db.session.add(UserSession(user_id=owner.id, token_digest=digest(SESSION_SECRET)))
            db.session.add(
                ApiKey(
                    tenant_id=tenant.id,
                    name="bench",
                    prefix="pk_benchkey",
                    digest=digest(API_KEY),
                    created_by_id=owner.id,
                )
            )
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def _prices() -> list[Price]:
    """The prices of the plan everybody is on, as a push would leave them: pages compute costs from them."""
    plan = current_catalog().plans["enterprise"]
    return [
        Price(
            stripe_id=f"price_{component.key}",
            product_stripe_id=f"prod_{component.key}",
            lookup_key=plan.lookup_key(component, "month", "usd"),
            plan_key=plan.key,
            component=component.key,
            interval="month",
            currency="usd",
            definition=price_model(component, "month", "usd").to_json(),
        )
        for component in plan.components
    ]


def _people(tenant: Tenant, number: int) -> User:
    users = [
        User(name=f"Person {n}", email=f"p{n}.{number}@example.com", password_hash="!") for n in range(5)
    ]
    db.session.add_all(users)
    db.session.flush()
    for position, user in enumerate(users):
        role = "owner" if position == 0 else "member"
        db.session.add(Membership(tenant_id=tenant.id, user_id=user.id, role=role))
    return users[0]


def _subscription(tenant: Tenant, number: int) -> None:
    now = utcnow()
    period = {
        "current_period_start_at": now - timedelta(days=10),
        "current_period_end_at": now + timedelta(days=20),
    }
    subscription = Subscription(
        tenant_id=tenant.id,
        stripe_id=f"sub_bench{number}",
        status="active",
        plan_key="enterprise",
        interval="month",
        currency="usd",
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        ended_at=None,
        trial_end_at=None,
        schedule_stripe_id=None,
        created_at=now - timedelta(days=100),
        stripe_object={},
        **period,
    )
    components = (("base", 1), ("seat", 7), ("meter:api_calls", None), ("meter:storage_gb", None))
    subscription.items = [
        SubscriptionItem(
            tenant_id=tenant.id,
            stripe_id=f"si_bench{number}{component}",
            price_stripe_id=f"price_{component}",
            component=component,
            quantity=quantity,
            interval="month",
            **period,
        )
        for component, quantity in components
    ]
    db.session.add(subscription)


def _invoice(tenant: Tenant, number: int, months: int) -> Invoice:
    at = utcnow() - timedelta(days=31 * months)
    return Invoice(
        tenant_id=tenant.id,
        stripe_id=f"in_bench{number}x{months}",
        subscription_stripe_id=f"sub_bench{number}",
        number=f"BENCH-{number:04d}-{months:04d}",
        status="paid",
        currency="usd",
        billing_reason="subscription_cycle",
        subtotal_amount=22_300,
        tax_amount=0,
        total_amount=22_300,
        due_amount=22_300,
        paid_amount=22_300,
        remaining_amount=0,
        attempt_count=1,
        issued_at=at,
        period_start_at=at - timedelta(days=31),
        period_end_at=at,
        due_at=None,
        paid_at=at,
        next_payment_attempt_at=None,
        hosted_url="https://invoice.example.com/i",
        pdf_url="https://invoice.example.com/i/pdf",
        stripe_object={},
    )
