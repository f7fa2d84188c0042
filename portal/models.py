"""Every table of the portal, imported once so that the migrations see them all."""

from portal.accounts.models import OneTimeToken, Throttle, User, UserSession
from portal.api_keys.models import ApiKey
from portal.audit.models import AuditEntry
from portal.customers.models import Customer, PaymentMethod
from portal.gateway.health import GatewayHealth
from portal.intents.models import Intent
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.jobs.models import Job
from portal.kit.db import Model
from portal.mail.models import OutgoingMail
from portal.plans.models import CatalogPush, PlanInvitation, Price
from portal.seats.models import SeatAssignment, SeatLedgerEntry
from portal.subscriptions.models import Quote, Subscription, SubscriptionItem
from portal.sync.models import SyncRun
from portal.tenants.models import Invitation, Membership, Tenant
from portal.usage.models import Meter, UsageDay, UsageEvent, UsageHour, UsageReport
from portal.webhooks.models import StripeEvent

__all__ = [
    "ApiKey",
    "AuditEntry",
    "CatalogPush",
    "Customer",
    "GatewayHealth",
    "Intent",
    "Invitation",
    "Invoice",
    "Job",
    "Membership",
    "Meter",
    "Model",
    "OneTimeToken",
    "OutgoingMail",
    "PaymentMethod",
    "PlanInvitation",
    "Price",
    "Quote",
    "SeatAssignment",
    "SeatLedgerEntry",
    "StripeEvent",
    "Subscription",
    "SubscriptionItem",
    "SyncRun",
    "Tenant",
    "Throttle",
    "UpcomingInvoice",
    "UsageDay",
    "UsageEvent",
    "UsageHour",
    "UsageReport",
    "User",
    "UserSession",
]
