"""Every address of the portal, as a list that changes only on purpose: addresses are kept for ever, because people
bookmark them, mails carry them and programs call them. `python -m tests.contracts.routes` writes the list anew."""

from __future__ import annotations

import json

from portal.web.unit_of_work import Portal
from tests.contracts.routes import SNAPSHOT, routes_of

# These bring a fact home when somebody comes back from a page of Stripe's; everything else that writes is a POST.
WRITES_ON_GET = {"subscriptions.checkout_return", "customers.portal_return"}


def test_the_addresses_are_those_of_the_list(portal_app: Portal) -> None:
    assert routes_of(portal_app) == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_no_address_shows_a_number_of_the_database(portal_app: Portal) -> None:
    assert [str(rule) for rule in portal_app.url_map.iter_rules() if "<int:" in str(rule)] == []


def test_a_view_that_opens_its_own_units_of_work_is_no_get_but_the_known_ones(portal_app: Portal) -> None:
    found = {
        rule.endpoint
        for rule in portal_app.url_map.iter_rules()
        if "POST" not in (rule.methods or ())
        and getattr(portal_app.view_functions[rule.endpoint], "__opens_units_of_work__", False)
    }
    assert found <= WRITES_ON_GET


def test_no_address_answers_put_patch_or_delete_which_forms_cannot_send(portal_app: Portal) -> None:
    known = {"GET", "HEAD", "OPTIONS", "POST"}
    assert [str(rule) for rule in portal_app.url_map.iter_rules() if (rule.methods or set()) - known] == []
