"""Finding a tenant by whatever an operator knows of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portal.customers.queries import customer_of
from portal.extensions import db
from portal.operator import find
from portal.operator.find import find_tenants, wanted_words
from portal.tenants.models import Tenant
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def names(words: str) -> list[str]:
    return [row.tenant.name for row in find_tenants(words).rows]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Contoso", "Northwind Labs"]),
        ("wind l", ["Northwind Labs"]),
        ("NORTHWIND-LABS", ["Northwind Labs"]),
        ("billing@northwind.example.com", ["Northwind Labs"]),
        ("mia member", []),
        ("member@northwind", ["Northwind Labs"]),
        ("stranger@contoso.example.com", ["Contoso"]),
        ("%", []),
        ("cus_unknown", []),
    ],
)
def test_it_is_found_by_name_slug_and_addresses(words: str, found: list[str], cast: Cast) -> None:
    assert names(words) == found


def test_it_is_found_by_its_customer_at_stripe(cast: Cast) -> None:
    customer = customer_of(cast.other_tenant.id)
    assert customer is not None
    assert customer.stripe_id is not None
    assert names(customer.stripe_id) == ["Contoso"]
    assert names(customer.stripe_id[:-1]) == []


def test_the_pages_follow_one_another_by_name(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two pages with three tenants cost less than two pages with a hundred.
    monkeypatch.setattr(find, "PAGE_SIZE", 2)
    db.session.add(Tenant(name="contoso", slug="contoso-2", billing_email="pay@contoso.example.com"))
    db.session.commit()
    first = find_tenants("")
    assert first.next_after is not None
    second = find_tenants("", after=first.next_after)
    slugs = [row.tenant.slug for page in (first, second) for row in page.rows]
    assert (slugs, second.next_after) == (["contoso", "contoso-2", "northwind-labs"], None)


@pytest.mark.parametrize("after", ["nonsense", "\0", "a" * 16])
def test_a_cursor_that_names_nobody_does_no_harm(after: str, operator: FlaskClient) -> None:
    assert operator.get("/operator/tenants", query_string={"after": after}).status_code == 200


def test_the_list_shows_plan_status_and_seats(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=7)
    plan, seats = ((row.plan, row.seats) for row in find_tenants("").rows)
    assert (plan, seats) == (("Free", None), ("Pro", 7))
    page = operator.get("/operator/tenants").text
    assert 'class="badge tone-ok">Active' in page
    assert "7 seats" in page
    assert "Nothing runs" in page


def test_two_live_plans_show_in_the_list(operator: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    subscribe(cast.tenant, "starter")
    assert "2 plans</span>" in operator.get("/operator/tenants").text


def test_nothing_found_says_what_was_looked_for(operator: FlaskClient) -> None:
    page = operator.get("/operator/tenants", query_string={"q": "<b>nobody"}).text
    assert "“&lt;b&gt;nobody”" in page


@pytest.mark.parametrize(("typed", "words"), [(None, ""), (" a\0b ", "ab"), ("x" * 101, "x" * 100)])
def test_what_no_keyboard_types_is_left_out(typed: str | None, words: str) -> None:
    assert wanted_words(typed) == words
