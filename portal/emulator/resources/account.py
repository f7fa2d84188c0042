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
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": MERCHANT_NAME,
            "product_description": None,
            "specified_commercial_transactions_act_url": None,
            "support_address": None,
            "support_email": "merchant@example.com",
            "support_phone": None,
            "support_url": None,
            "url": "https://example.com",
        },
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
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": MERCHANT_NAME, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }
