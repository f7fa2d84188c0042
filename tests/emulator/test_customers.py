"""Customers, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.emulator.account import Account


def test_a_customer_keeps_what_it_was_created_with(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create(
        {
            "email": "ada@example.com",
            "name": "Ada",
            "phone": "+1 555 0100",
            "address": {"line1": "1 Main St", "country": "US", "postal_code": "94111"},
            "shipping": {"name": "Ada", "address": {"line1": "1 Main St"}},
            "metadata": {"tenant": "7"},
            "preferred_locales": ["en"],
            "tax_exempt": "reverse",
            "invoice_settings": {"footer": "Thanks", "custom_fields": [{"name": "PO", "value": "12"}]},
            "tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}],
            "expand": ["tax_ids", "subscriptions", "sources"],
        }
    )
    found = stripe_client.v1.customers.retrieve(made.id, {"expand": ["tax_ids"]})
    assert found.email == "ada@example.com"
    assert found.address is not None
    assert (found.address.country, found.address.city) == ("US", None)
    assert found.metadata is not None
    assert found.metadata["tenant"] == "7"
    assert found.tax_ids is not None
    assert [tax_id.value for tax_id in found.tax_ids.data] == ["DE123456789"]


def test_an_update_touches_only_what_is_sent(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({"name": "Ada", "metadata": {"a": "1", "b": "2"}})
    changed = stripe_client.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.name == "Ada"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


def test_empty_metadata_clears_all_of_it(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({"metadata": {"a": "1"}})
    changed = stripe_client.v1.customers.update(made.id, {"metadata": ""})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {}


def test_a_deleted_customer_is_a_stub_and_leaves_the_list(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({"email": "ada@example.com"})
    stripe_client.v1.customers.delete(made.id)
    assert stripe_client.v1.customers.retrieve(made.id).deleted is True
    assert stripe_client.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        stripe_client.v1.customers.update(made.id, {"name": "Eve"})


def test_an_update_announces_the_old_values(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({"name": "Ada", "address": {"line1": "1", "city": "Paris"}})
    stripe_client.v1.customers.update(made.id, {"address": {"line1": "1", "city": "Lyon"}})
    event = stripe_client.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes.to_dict() == {"address": {"city": "Paris"}}


def test_a_default_payment_method_must_belong_to_the_customer(stripe_client: StripeClient) -> None:
    first = stripe_client.v1.customers.create()
    second = stripe_client.v1.customers.create()
    method = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": first.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.customers.update(
            second.id, {"invoice_settings": {"default_payment_method": method.id}}
        )
    assert refused.value.param == "invoice_settings[default_payment_method]"


def test_a_customer_can_be_created_with_a_default_card(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({"payment_method": "pm_card_visa"})
    methods = stripe_client.v1.customers.payment_methods.list(made.id)
    assert [method.card.last4 for method in methods.data if method.card] == ["4242"]


def test_the_balance_changes_by_transactions(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create()
    stripe_client.v1.customers.balance_transactions.create(made.id, {"amount": -500, "currency": "usd"})
    changed = stripe_client.v1.customers.update(made.id, {"balance": -200})
    assert changed.balance == -200
    history = stripe_client.v1.customers.balance_transactions.list(made.id)
    assert [(entry.amount, entry.ending_balance) for entry in history.data] == [(300, -200), (-500, -500)]


def test_deleting_a_customer_ends_its_subscriptions_and_frees_its_cards(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create({"payment_method": "pm_card_visa"}).id
    method = stripe_client.v1.customers.payment_methods.list(customer).data[0].id
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Pro"},
        }
    ).id
    subscription = stripe_client.v1.subscriptions.create(
        {"customer": customer, "items": [{"price": price}], "default_payment_method": method}
    ).id
    stripe_client.v1.customers.delete(customer)
    assert stripe_client.v1.subscriptions.retrieve(subscription).status == "canceled"
    assert stripe_client.v1.payment_methods.retrieve(method).customer is None
    types = [event.type for event in stripe_client.v1.events.list({"limit": 3}).data]
    assert types[0] == "customer.deleted"


def test_the_default_card_can_be_the_test_card_it_is_created_with(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    (method,) = stripe_client.v1.customers.payment_methods.list(made.id).data
    assert made.invoice_settings is not None
    assert made.invoice_settings.default_payment_method == method.id


def test_how_invoices_look_can_be_set_and_unset(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create(
        {"invoice_settings": {"rendering_options": {"amount_tax_display": "exclude_tax"}, "footer": "Thanks"}}
    )
    assert made.invoice_settings is not None
    assert made.invoice_settings.rendering_options is not None
    assert made.invoice_settings.rendering_options.amount_tax_display == "exclude_tax"
    plain = stripe_client.v1.customers.update(
        made.id, {"invoice_settings": {"rendering_options": "", "footer": "", "custom_fields": ""}}
    )
    assert plain.invoice_settings is not None
    assert (plain.invoice_settings.rendering_options, plain.invoice_settings.footer) == (None, None)


def test_a_balance_transaction_can_be_described_and_belongs_to_its_customer(
    stripe_client: StripeClient,
) -> None:
    first, second = (stripe_client.v1.customers.create().id for _ in range(2))
    made = stripe_client.v1.customers.balance_transactions.create(first, {"amount": 100, "currency": "EUR"})
    service = stripe_client.v1.customers.balance_transactions
    service.update(first, made.id, {"description": "Goodwill", "metadata": {"a": "1"}})
    found = service.retrieve(first, made.id)
    assert (found.description, found.currency) == ("Goodwill", "eur")
    with pytest.raises(stripe.InvalidRequestError):
        service.retrieve(second, made.id)
    with pytest.raises(stripe.InvalidRequestError, match="currency is eur"):
        service.create(first, {"amount": 1, "currency": "usd"})


def test_the_account_is_a_test_account(stripe_client: StripeClient) -> None:
    account = stripe_client.v1.accounts.retrieve_current()
    assert (account.object, account.charges_enabled) == ("account", True)


def test_a_declined_card_leaves_no_customer_behind(stripe_client: StripeClient) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            stripe_client.v1.customers.create(
                {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "k"}
            )
    assert stripe_client.v1.customers.list().data == []
    assert stripe_client.v1.events.list().data == []


def test_the_events_of_a_creation_tell_all_that_was_made(account: Account) -> None:
    card = "pm_card_visa"
    made = account.v1.customers.create(
        {
            "payment_method": card,
            "balance": -500,
            "invoice_settings": {"default_payment_method": card, "footer": "Thanks"},
            "tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}],
        }
    )
    assert account.news()[-4:] == [
        "customer.created",
        "payment_method.attached",
        "customer.updated",
        "customer.tax_id.created",
    ]
    created = account.last_event("customer.created")["data"]["object"]
    assert (created["balance"], created["invoice_settings"]["footer"]) == (-500, "Thanks")
    updated = account.last_event("customer.updated")["data"]
    assert updated["previous_attributes"] == {"invoice_settings": {"default_payment_method": None}}
    assert updated["object"] == made.to_dict(for_json=True)


def test_the_transactions_of_a_balance_explain_all_of_it(account: Account) -> None:
    made = account.v1.customers.create({"balance": -500})
    account.v1.customers.update(made.id, {"balance": 200})
    found = account.v1.customers.balance_transactions.list(made.id).data
    assert [(one.amount, one.ending_balance) for one in found] == [(700, 200), (-500, -500)]


def test_a_customer_has_four_custom_fields_at_most(account: Account) -> None:
    fields: Any = [{"name": f"Field {number}", "value": "x"} for number in range(5)]
    customer = account.customer().id
    account.v1.customers.update(customer, {"invoice_settings": {"custom_fields": fields[:4]}})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.customers.update(customer, {"invoice_settings": {"custom_fields": fields}})
    assert refused.value.param == "invoice_settings[custom_fields]"


def test_an_invoice_prefix_is_one_customers(account: Account) -> None:
    account.v1.customers.create({"invoice_prefix": "ACME"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.customers.create({"invoice_prefix": "ACME"})
    assert refused.value.param == "invoice_prefix"
