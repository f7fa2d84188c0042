"""Signing up makes a person, their company and one Stripe customer, and signs the browser in."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway import current_gateway
from portal.jobs.models import Job
from portal.tenants.models import Membership, Role, Tenant
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage

FORM = {
    "name": "Nora New",
    "organisation": "Fabrikam & Söhne",
    "email": "Nora@Fabrikam.example.com",
    "password": "four unrelated words",
}


def customers_at_stripe() -> int:
    db.session.commit()
    return len(current_gateway().call("test", lambda client: client.v1.customers.list(), about="").data)


def test_it_makes_the_user_the_tenant_and_the_owner(client: FlaskClient) -> None:
    answer = client.post("/sign-up", data=FORM)
    assert answer.status_code == 303
    membership = db.session.query(Membership).one()
    assert (membership.user.email, membership.user.name) == ("nora@fabrikam.example.com", "Nora New")
    assert (membership.tenant.name, membership.tenant.slug) == ("Fabrikam & Söhne", "fabrikam-sohne")
    assert membership.role == Role.OWNER


def test_it_makes_exactly_one_stripe_customer(client: FlaskClient, drain_jobs: DrainJobs) -> None:
    client.post("/sign-up", data=FORM)
    drain_jobs()
    assert customers_at_stripe() == 1
    assert db.session.query(Customer).one().stripe_id is not None


def test_it_signs_the_browser_in_and_opens_the_overview(client: FlaskClient) -> None:
    answer = client.post("/sign-up", data=FORM)
    assert answer.location == "/t/fabrikam-sohne/overview"
    assert client.get("/account").status_code == 200


def test_the_password_is_kept_as_argon2id(client: FlaskClient) -> None:
    client.post("/sign-up", data=FORM)
    assert db.session.query(User).one().password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_it_is_written_in_the_audit_log(client: FlaskClient) -> None:
    client.post("/sign-up", data=FORM)
    actions = {entry.action: entry.actor for entry in db.session.query(AuditEntry)}
    assert actions["user.signed_up"] == "nora@fabrikam.example.com"
    assert actions["tenant.founded"] == "nora@fabrikam.example.com"


def test_when_stripe_does_not_answer_the_account_is_made_and_the_job_makes_the_customer(
    client: FlaskClient, stripe_outage: Outage, drain_jobs: DrainJobs
) -> None:
    with stripe_outage():
        assert client.post("/sign-up", data=FORM).status_code == 303
    assert db.session.query(Customer).one().stripe_id is None
    drain_jobs()
    assert db.session.query(Customer).one().stripe_id is not None
    assert customers_at_stripe() == 1


def test_an_address_that_has_an_account_is_refused_with_the_way_out(client: FlaskClient) -> None:
    client.post("/sign-up", data=FORM)
    second_tab = client.application.test_client()
    answer = second_tab.post("/sign-up", data={**FORM, "email": "nora@fabrikam.EXAMPLE.com"})
    assert answer.status_code == 422
    assert "This address already has an account" in answer.text
    assert db.session.query(Tenant).count() == 1


def test_twenty_sign_ups_at_once_make_one_user_one_tenant_and_one_customer(
    app: Portal, drain_jobs: DrainJobs
) -> None:
    start = threading.Barrier(20)

    def sign_up(_number: int) -> int:
        browser = app.test_client()
        start.wait()
        return browser.post("/sign-up", data=FORM).status_code

    db.session.commit()
    with ThreadPoolExecutor(20) as pool:
        answers = Counter(pool.map(sign_up, range(20)))
    assert answers == {303: 1, 422: 19}
    drain_jobs()
    assert [db.session.query(each).count() for each in (User, Tenant, Membership, Customer)] == [1, 1, 1, 1]
    assert customers_at_stripe() == 1


def test_two_companies_of_one_name_get_addresses_of_their_own(client: FlaskClient) -> None:
    client.post("/sign-up", data=FORM)
    client.application.test_client().post("/sign-up", data={**FORM, "email": "other@fabrikam.example.com"})
    assert {tenant.slug for tenant in db.session.query(Tenant)} == {"fabrikam-sohne", "fabrikam-sohne-2"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Please enter your name."),
        ("name", "Nora\u202eNew", "Please use letters, digits and punctuation only."),
        ("name", "Nora\x00New", "Please use letters, digits and punctuation only."),
        ("name", "n" * 121, "Field cannot be longer than 120 characters."),
        ("organisation", "  ", "Please enter the name of your company or team."),
        ("email", "nora", "Please enter a complete e-mail address"),
        ("email", "nora@fabrikam", "Please enter a complete e-mail address"),
        ("email", "Nora <nora@fabrikam.example.com>", "Please enter a complete e-mail address"),
        ("email", f"{'n' * 64}@{'f.' * 100}example.com", "Please enter a complete e-mail address"),
        ("password", "short", "Please use 10 to 200 characters."),
        ("password", "aaaaaaaaaaaaaaa", "too easy to guess"),
        ("password", "nora@fabrikam.example.com", "too easy to guess"),
    ],
)
def test_a_field_that_is_not_right_is_named_and_nothing_is_made(
    client: FlaskClient, field: str, value: str, words: str
) -> None:
    answer = client.post("/sign-up", data={**FORM, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.query(User).count() == 0


def test_what_was_typed_comes_back_but_the_password(client: FlaskClient) -> None:
    answer = client.post("/sign-up", data={**FORM, "email": "nora"})
    assert "Nora New" in answer.text
    assert FORM["password"] not in answer.text


def test_a_signed_in_person_is_led_home(owner: FlaskClient) -> None:
    assert owner.get("/sign-up").location == "/"


def test_the_customer_job_is_there_as_a_fallback(client: FlaskClient, cast: Cast) -> None:
    client.post("/sign-up", data=FORM)
    tenant = db.session.query(Tenant).filter_by(slug="fabrikam-sohne").one()
    assert db.session.query(Job).filter_by(name="customers.ensure", tenant_id=tenant.id).count() == 1
