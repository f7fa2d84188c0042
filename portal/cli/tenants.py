"""What is done for one tenant, or for the people who help tenants."""

from __future__ import annotations

import argparse
import sys

import sqlalchemy as sa

from portal.accounts.staff import grant_staff, revoke_staff
from portal.app import create_app
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway.client import WORKER
from portal.plans.invitations import grant, revoke
from portal.sync.customer import sync_customer
from portal.tenants.models import Tenant
from portal.web.unit_of_work import unit_of_work


def plan_invitation(arguments: argparse.Namespace) -> int:
    """Open a plan sold by invitation to a tenant, or close it."""
    with create_app().app_context(), unit_of_work():
        tenant_id = db.session.scalar(sa.select(Tenant.id).where(Tenant.slug == arguments.tenant))
        if tenant_id is None:
            print(f"portal: there is no tenant {arguments.tenant!r}", file=sys.stderr)
            return 1
        if arguments.action == "grant":
            is_new = grant(tenant_id, arguments.plan, by=None)
            print("the plan is open to the tenant now" if is_new else "it was open to the tenant already")
        else:
            was_open = revoke(tenant_id, arguments.plan, by=None)
            print("the plan is closed to the tenant now" if was_open else "it was not open to the tenant")
    return 0


def sync(arguments: argparse.Namespace) -> int:
    """Fetch a tenant's billing state from Stripe now."""
    with create_app(patience=WORKER).app_context():
        found = db.session.scalar(
            sa.select(Customer.id)
            .join(Tenant, Tenant.id == Customer.tenant_id)
            .where(Tenant.slug == arguments.tenant)
        )
        db.session.rollback()
        if found is None:
            print(f"portal: there is no tenant {arguments.tenant!r}", file=sys.stderr)
            return 1
        outcome = sync_customer(found, trigger="operator")
    if outcome.outcome == "written":
        print(f"changed: {', '.join(outcome.changes)}" if outcome.changes else "nothing had changed")
    else:
        print(
            "Stripe does not know it yet"
            if outcome.outcome == "skipped"
            else "others are at it: the worker does it"
        )
    return 0


def operator(arguments: argparse.Namespace) -> int:
    """Let a person use the operator's console, or no longer."""
    verb = grant_staff if arguments.action == "grant" else revoke_staff
    with create_app().app_context(), unit_of_work():
        print(verb(arguments.email))
    return 0
