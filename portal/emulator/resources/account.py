"""The one account there is."""

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.headers import ACCOUNT_ID
from portal.emulator.wire.routes import Call, route

MERCHANT_NAME = "Test Merchant"
_OPENED = 1_735_689_600


@route("GET", "/v1/account", params="AccountRetrieveCurrentParams")
def retrieve_account(_tx: Transaction, _call: Call) -> StripeDict:
    """Retrieve the account the keys belong to."""
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_profile": None,
        "business_type": "company",
        "capabilities": {"card_payments": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": _OPENED,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "merchant@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }
