"""The page of invoices: what it lists, what the next invoice says, who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from portal.extensions import db
from portal.invoices.models import Invoice, UpcomingInvoice
from portal.tenants.models import Tenant
from tests.fixtures.cast import Cast

ISSUED = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PATH = "/t/northwind-labs/invoices"


def add_invoice(
    tenant: Tenant,
    number: str,
    *,
    status: str = "paid",
    total: int = 4900,
    discount: int = 0,
    tax: int = 0,
    age: int = 0,
) -> None:
    owed = total if status == "open" else 0
    db.session.add(
        Invoice(
            tenant_id=tenant.id,
            stripe_id=f"in_{number}",
            number=number,
            status=status,
            currency="usd",
            billing_reason="subscription_cycle",
            subtotal_amount=total + discount - tax,
            discount_amount=discount,
            tax_amount=tax,
            total_amount=total,
            due_amount=total,
            paid_amount=total - owed,
            remaining_amount=owed,
            attempt_count=1,
            issued_at=ISSUED - timedelta(days=age),
            period_start_at=ISSUED - timedelta(days=30),
            period_end_at=ISSUED,
            next_payment_attempt_at=ISSUED + timedelta(days=3) if owed else None,
            hosted_url=f"http://127.0.0.1:12111/i/{number}",
            pdf_url=f"http://127.0.0.1:12111/i/{number}/pdf",
            stripe_object={},
        )
    )
    db.session.commit()


def text_of(browser: FlaskClient, path: str = PATH) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_an_invoice_is_listed_with_its_date_total_and_links(cast: Cast, admin: FlaskClient) -> None:
    add_invoice(cast.tenant, "NW-0001", total=123456)
    page = text_of(admin)
    for shown in ("NW-0001", "22 November 2026", "23 October 2026", "Paid", "$1,234.56"):
        assert shown in page
    assert 'href="http://127.0.0.1:12111/i/NW-0001"' in page
    assert 'href="http://127.0.0.1:12111/i/NW-0001/pdf"' in page


def test_a_total_says_what_was_taken_off_and_the_tax_in_it(cast: Cast, owner: FlaskClient) -> None:
    add_invoice(cast.tenant, "NW-0001", total=4284, discount=900, tax=684)
    page = text_of(owner)
    assert "after $9.00 off" in page
    assert "with $6.84 tax" in page


def test_a_total_without_either_says_nothing_of_it(cast: Cast, owner: FlaskClient) -> None:
    add_invoice(cast.tenant, "NW-0001")
    page = text_of(owner)
    assert " off</small>" not in page
    assert " tax</small>" not in page


def test_an_unpaid_invoice_can_be_paid_and_tells_the_next_try(cast: Cast, owner: FlaskClient) -> None:
    add_invoice(cast.tenant, "NW-0002", status="open")
    page = text_of(owner)
    assert "<span>Pay</span>" in page
    assert "We try again on 25 November 2026" in page


def test_drafts_are_not_shown(cast: Cast, owner: FlaskClient) -> None:
    add_invoice(cast.tenant, "NW-0003", status="draft")
    assert "NW-0003" not in text_of(owner)


def test_invoices_of_another_tenant_are_not_shown(cast: Cast, owner: FlaskClient) -> None:
    add_invoice(cast.other_tenant, "CO-0001")
    assert "CO-0001" not in text_of(owner)


def test_without_invoices_the_page_says_when_the_first_comes(owner: FlaskClient) -> None:
    assert "No invoices yet" in text_of(owner)


def test_twenty_invoices_make_a_page_and_the_rest_follow(cast: Cast, owner: FlaskClient) -> None:
    for number in range(21):
        add_invoice(cast.tenant, f"NW-{number:04}", age=number)
    first, second = text_of(owner), text_of(owner, f"{PATH}?page=2")
    assert "NW-0019" in first
    assert "NW-0020" not in first
    assert f'href="{PATH}?page=2"' in first
    assert "NW-0020" in second
    assert f'href="{PATH}?page=1"' in second


@pytest.mark.parametrize("number", ["0", "-1", "9999999999999999999", "x", "²", "3"])
def test_any_page_number_is_answered(owner: FlaskClient, number: str) -> None:
    assert "invoices" in text_of(owner, f"{PATH}?page={number}")


def test_the_next_invoice_shows_its_lines_as_of_when_it_was_foreseen(cast: Cast, owner: FlaskClient) -> None:
    db.session.add(
        UpcomingInvoice(
            tenant_id=cast.tenant.id,
            currency="eur",
            subtotal_amount=20120,
            discount_amount=120,
            tax_amount=3800,
            total_amount=23800,
            starting_balance_amount=-800,
            due_amount=23000,
            lines=[
                {"description": "Enterprise", "amount": 19900, "quantity": "1", "metered": False},
                {"description": "API calls", "amount": 220, "quantity": "5500", "metered": True},
            ],
            invoice_at=ISSUED + timedelta(days=9),
            as_of_at=ISSUED,
        )
    )
    db.session.commit()
    page = text_of(owner)
    for shown in ("1 December 2026", "€230.00", "€199.00", "€2.20", "-€1.20", "€38.00", "-€8.00", "Estimate"):
        assert shown in page
    assert "As of 22 November 2026, 09:30 UTC" in page


def test_a_member_is_told_that_the_role_does_not_allow_it(member: FlaskClient) -> None:
    assert member.get(PATH).status_code == 403


def test_a_stranger_finds_nothing(cast: Cast, stranger: FlaskClient) -> None:
    assert stranger.get(PATH).status_code == 404


def test_a_visitor_is_sent_to_sign_in(cast: Cast, client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 303
