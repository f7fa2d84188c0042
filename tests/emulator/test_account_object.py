"""The account itself."""

from __future__ import annotations

from stripe import StripeClient


def test_the_account_says_who_sells(stripe_client: StripeClient) -> None:
    account = stripe_client.v1.accounts.retrieve_current()
    assert account.settings is not None
    assert account.business_profile is not None
    assert account.settings.dashboard.display_name == account.business_profile.name == "Test Merchant"
    assert (account.charges_enabled, account.default_currency) == (True, "usd")
