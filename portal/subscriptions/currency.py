"""The currency a tenant buys in: any of the catalogue's, unless something is open in another. Stripe bills a customer
in one currency at a time, and lets it be another one only after its last subscription has ended
(support.stripe.com/questions/currency-selection-for-an-invoice-or-customer-in-stripe-billing)."""

from __future__ import annotations

from babel.numbers import get_currency_name

from portal.customers.models import Customer
from portal.kit.errors import PortalError
from portal.plans.catalog import Catalog
from portal.subscriptions.models import Subscription
from portal.web.filters import LOCALE


class CurrencyNotOffered(PortalError):
    """The catalogue has no prices in it."""

    code = "currency_not_offered"
    status = 409
    public_message = "Our plans have no prices in this currency. Please choose one of those shown."


class CurrencyLocked(PortalError):
    """Something is open in another currency. `is_running`: a subscription, which the tenant can end by itself."""

    code = "currency_locked"
    status = 409

    def __init__(self, locked: str, wanted: str, *, is_running: bool) -> None:
        now, other = currency_name(locked), currency_name(wanted)
        way_out = (
            f"A plan keeps its currency. To pay in {other}, cancel your plan; once it has ended and nothing is open, "
            f"you can choose a plan in {other} here."
            if is_running
            else f"There is a balance in {now} on your account, which cannot be taken along. To pay in {other}, please "
            "ask us to settle it first."
        )
        super().__init__(
            f"{wanted} while locked to {locked}", public_message=f"Your account is billed in {now}. {way_out}"
        )
        self.locked = locked
        self.is_running = is_running


def currency_name(currency: str) -> str:
    """Return what several units of a currency are called: euros."""
    return str(get_currency_name(currency.upper(), count=2, locale=LOCALE))


def locked_to(customer: Customer | None, subscription: Subscription | None) -> str | None:
    """Return the currency a tenant cannot leave now: that of a subscription that has not ended, or of its balance.

    None: every currency of the catalogue is open to it.
    """
    if subscription is not None and not subscription.is_ended:
        return subscription.currency
    return customer.currency if customer is not None and customer.balance_amount else None


def currency_for(
    catalog: Catalog, customer: Customer | None, subscription: Subscription | None, wanted: str | None = None
) -> str:
    """Return the currency a tenant buys in: the one it is locked to, else the one it wants, else the one it had before,
    else the catalogue's first.

    Raises CurrencyNotOffered, also for a locked one that the catalogue has no prices in, and CurrencyLocked.
    """
    locked = locked_to(customer, subscription)
    if locked is not None and wanted not in (None, locked):
        assert wanted is not None
        if wanted not in catalog.currencies:
            raise CurrencyNotOffered(wanted)
        raise CurrencyLocked(locked, wanted, is_running=subscription is not None)
    chosen = locked or wanted
    if chosen is not None:
        if chosen not in catalog.currencies:
            raise CurrencyNotOffered(chosen)
        return chosen
    before = customer.currency if customer is not None else None
    return before if before is not None and before in catalog.currencies else catalog.default_currency
