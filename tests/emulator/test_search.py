"""Search: Stripe's query language over the fields it documents, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe import StripeClient

from portal.emulator.app import Emulator
from portal.emulator.resources.searches import CHARGE, CUSTOMER
from portal.emulator.wire.errors import StripeError
from portal.emulator.wire.search_query import parse_query
from tests.emulator.account import Account
from tests.emulator.raw import Raw

SHIPPED = {
    "amount": 1000,
    "billing_details": {"address": {"postal_code": "12345"}},
    "created": 1_620_310_503,
    "currency": "usd",
    "customer": "cus_123",
    "disputed": False,
    "metadata": {"donation-id": "asdf-jkl", "It's": 'a "quote"'},
    "payment_method_details": {"card": {"last4": "0042", "exp_month": 12, "brand": "visa"}},
    "refunded": True,
    "status": "succeeded",
}
ADA: dict[str, Any] = {
    "email": "amy@rocketrides.example.com",
    "name": "One Two Three four",
    "phone": None,
    "metadata": {},
}


@pytest.fixture
def raw(emulator: Emulator) -> Raw:
    return Raw(emulator)


@pytest.fixture
def people(stripe_client: StripeClient) -> list[str]:
    """Three customers with numbered names, the oldest first."""
    create = stripe_client.v1.customers.create
    return [create({"name": f"Ada {number}", "metadata": {"team": "blue"}}).id for number in range(3)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("amount>999 amount<1001 amount>=1000 amount<=1000 amount:1000", True),
        ('amount>="1000"', True),
        ("amount>1000", False),
        ('currency:"USD"', True),
        ("-currency:'usd'", False),
        ("payment_method_details.card.last4:0042", True),
        ("payment_method_details.card.exp_month:12", True),
        ("payment_method_details.card_present.last4:0042", False),
        ("billing_details.address.postal_code:12345", True),
        ('refunded:"true" AND disputed:"false"', True),
        ('status:"failed" OR amount:1000', True),
        ('status:"failed" or amount:1', False),
        ('status:"failed" amount:1000', False),
        ('metadata["donation-id"]:"ASDF-JKL"', True),
        ("metadata['donation-id']:null", False),
        ("-metadata['donation-id']:NULL", True),
        ("-metadata['other']:'x'", True),
        (r"""metadata['It\'s']:"a \"quote\"" """, True),
        ("customer:null", False),
    ],
)
def test_a_charge_is_found_by_what_its_clauses_say(query: str, found: bool) -> None:
    assert parse_query(query, CHARGE, "charges").matches(SHIPPED) is found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('name:"one two three"', True),
        ('name:"two"', True),
        ('name:"one three"', False),
        ('name:"One Two Three four five"', False),
        ('name:""', False),
        ('email~"AMY"', True),
        ('email:"amy"', False),
        ("phone:null", True),
        ('-phone:"1"', True),
    ],
)
def test_a_string_is_found_by_its_words_in_their_order(query: str, found: bool) -> None:
    assert parse_query(query, CUSTOMER, "customers").matches(ADA) is found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "asdf",
        "email:amy",
        "email:'amy",
        'email="amy"',
        'email : "amy"',
        '(email:"a@example.com")',
        'email:"a"name:"b"',
        'email:"a" AND',
        'AND email:"a"',
        '--email:"a"',
        'foo:"bar"',
        'metadata:"a"',
        'name["a"]:"b"',
        'metadata["a"]~"abc"',
        'email>"abc"',
        "email~null",
        'email~"ab"',
        'created:"yesterday"',
        "created>null",
        'email:"a" OR name:"b" AND phone:"c"',
        'email:"a" OR name:"b" phone:"c"',
        " ".join(['email:"a"'] * 11),
        f"email:'{'a' * 5000}'",
    ],
)
def test_what_is_not_in_the_language_is_refused(raw: Raw, query: str) -> None:
    status, answer = raw.get("/v1/customers/search", f"query={query}")
    assert (status, answer["error"]["type"], answer["error"]["param"]) == (
        400,
        "invalid_request_error",
        "query",
    )


@given(st.text(alphabet="emailnt:~<>=-'\"\\ ANDor19[]", max_size=40))
def test_every_text_is_understood_or_refused(text: str) -> None:
    param: str | None = None
    try:
        parse_query(text, CUSTOMER, "customers").matches(ADA)
    except StripeError as refusal:
        param = refusal.param
    assert param in (None, "query")


def test_the_newest_comes_first_and_the_sdk_pages_through(
    stripe_client: StripeClient, people: list[str]
) -> None:
    first = stripe_client.v1.customers.search({"query": "metadata['team']:'blue'", "limit": 2})
    assert (first.has_more, [customer.id for customer in first.data]) == (True, people[:0:-1])
    second = stripe_client.v1.customers.search(
        {"query": "metadata['team']:'blue'", "limit": 2, "page": first.next_page}
    )
    assert [customer.id for customer in second.data] == people[:1]
    assert (second.has_more, getattr(second, "next_page", "")) == (False, None)
    assert [customer.id for customer in first.auto_paging_iter()] == people[::-1]


def test_the_total_comes_on_request(raw: Raw, people: list[str]) -> None:
    query = "query=name~'ada' -name:'1'&limit=1"
    assert "total_count" not in raw.get("/v1/customers/search", query)[1]
    answer = raw.get("/v1/customers/search", f"{query}&expand[]=total_count")[1]
    assert (answer["total_count"], len(answer["data"]), answer["url"]) == (2, 1, "/v1/customers/search")


def test_results_are_expanded(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    (found,) = account.v1.subscriptions.search(
        {"query": "status:'active'", "expand": ["data.customer", "data.latest_invoice.payments"]}
    ).data
    assert found.id == sub.id
    assert getattr(found.customer, "email", None) == "ada@example.com"


def test_an_invoice_is_found_by_its_subscription(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    (found,) = account.v1.invoices.search({"query": f"subscription:'{sub.id}' total>1999"}).data
    assert found.id == sub.latest_invoice


def test_a_deleted_customer_is_not_found(stripe_client: StripeClient, people: list[str]) -> None:
    stripe_client.v1.customers.delete(people[0])
    assert len(stripe_client.v1.customers.search({"query": "name:'Ada'"}).data) == 2


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("", "query"),
        ("query=name:'x'&limit=0", "limit"),
        ("query=name:'x'&limit=101", "limit"),
        ("query=name:'x'&page=nonsense", "page"),
        ("query=name:'x'&page=cHJvZF8x", "page"),
        ("query=name:'x'&starting_after=cus_1", "starting_after"),
    ],
)
def test_a_wrong_parameter_of_a_search_is_named(raw: Raw, query: str, param: str) -> None:
    status, answer = raw.get("/v1/customers/search", query)
    assert (status, answer["error"]["param"]) == (400, param)
