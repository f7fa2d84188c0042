"""Feedback options: a merchant's own reasons for cancelling, from the API to the subscription they were given for."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient
from stripe.billing import FeedbackOption

from tests.emulator.account import Account
from tests.emulator.site import Visitor


def asking(*options: str) -> Any:
    """The features of a portal that asks for one of these reasons, or for Stripe's `unused`."""
    reason = {"enabled": True, "options": ["unused"], "feedback_options": list(options)}
    return {"subscription_cancel": {"enabled": True, "cancellation_reason": reason}}


def test_an_option_is_worded_listed_and_deactivated(stripe_client: StripeClient) -> None:
    options = stripe_client.v1.billing.feedback_options
    made = options.create({"description": "We hired somebody"})
    assert (made.status, made.status_transitions.deactivated_at) == ("active", None)
    assert options.update(made.id, {"description": "We hired an accountant"}).description.endswith(
        "accountant"
    )
    other = options.create({"description": "We were bought"})
    assert options.deactivate(other.id).status_transitions.deactivated_at is not None
    assert options.retrieve(other.id).status == "inactive"
    assert [found.id for found in options.list({"status": "active"}).data] == [made.id]
    with pytest.raises(stripe.InvalidRequestError, match="already inactive"):
        options.deactivate(other.id)


@pytest.mark.parametrize("description", ["", " ", "x" * 101])
def test_a_description_has_one_to_a_hundred_characters(stripe_client: StripeClient, description: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.billing.feedback_options.create({"description": description})
    assert refused.value.param == "description"


def test_a_portal_offers_active_options_only(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.billing.feedback_options.create({"description": "We hired somebody"})
    configurations = stripe_client.v1.billing_portal.configurations
    held = configurations.create(
        {
            "features": asking(made.id),
            "expand": ["features.subscription_cancel.cancellation_reason.feedback_options"],
        }
    )
    (option,) = held.features.subscription_cancel.cancellation_reason.feedback_options or []
    assert isinstance(option, FeedbackOption)
    stripe_client.v1.billing.feedback_options.deactivate(made.id)
    for unusable in (made.id, "fbo_none"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            configurations.create({"features": asking(unusable)})
        assert str(refused.value.param).endswith("[feedback_options][0]")


def test_who_cancels_can_give_the_merchants_reason(account: Account, visitor: Visitor) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    hired = account.v1.billing.feedback_options.create({"description": "We hired somebody"})
    gone = account.v1.billing.feedback_options.create({"description": "No longer asked"})
    configuration = account.v1.billing_portal.configurations.create({"features": asking(hired.id, gone.id)})
    account.v1.billing.feedback_options.deactivate(gone.id)
    session = account.v1.billing_portal.sessions.create(
        {"customer": customer.id, "configuration": configuration.id}
    )
    visitor.open(f"{session.url}/subscriptions/{sub.id}/cancel")
    assert "We hired somebody" in visitor.page.text
    assert "No longer asked" not in visitor.page.text
    visitor.submit("Cancel subscription", reason=hired.id)
    details = account.subscription(sub.id).cancellation_details
    assert details is not None
    assert (details.feedback, details.feedback_option) == (None, hired.id)


def test_a_reason_can_be_given_over_the_api(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    option = account.v1.billing.feedback_options.create({"description": "We hired somebody"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.update(sub.id, {"cancellation_details": {"feedback_option": "fbo_none"}})
    assert refused.value.param == "cancellation_details[feedback_option]"
    ended = account.v1.subscriptions.cancel(
        sub.id,
        {
            "cancellation_details": {"feedback_option": option.id},
            "expand": ["cancellation_details.feedback_option"],
        },
    )
    assert ended.cancellation_details is not None
    assert isinstance(ended.cancellation_details.feedback_option, FeedbackOption)
