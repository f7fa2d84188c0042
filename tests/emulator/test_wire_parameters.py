"""Every family of wrong parameters is refused as Stripe refuses it, and leaves nothing behind."""

from __future__ import annotations

import pytest

from portal.emulator.app import Emulator
from tests.emulator.raw import Raw

CARD = {"type": "card", "card[token]": "tok_visa"}
SESSION = {"mode": "subscription", "success_url": "https://example.com"}


@pytest.fixture
def raw(emulator: Emulator) -> Raw:
    return Raw(emulator)


@pytest.mark.parametrize(
    ("path", "sent", "param", "code"),
    [
        ("/v1/customers", {"emial": "x"}, "emial", "parameter_unknown"),
        ("/v1/customers", {"address[street]": "x"}, "address[street]", "parameter_unknown"),
        ("/v1/products", {}, "name", "parameter_missing"),
        ("/v1/prices", {"currency": "usd", "recurring[meter]": "m"}, "recurring[interval]", "parameter_missing"),
        ("/v1/customers", {"balance": "ten"}, "balance", "parameter_invalid_integer"),
        ("/v1/customers", {"balance": "1.5"}, "balance", "parameter_invalid_integer"),
        ("/v1/customers", {"balance": ""}, "balance", "parameter_invalid_empty"),
        ("/v1/customers", {"tax_exempt": "maybe"}, "tax_exempt", None),
        ("/v1/customers", {"name[first]": "x"}, "name", None),
        ("/v1/customers", {"address": "Main St"}, "address", None),
        ("/v1/customers", {"preferred_locales": "en"}, "preferred_locales", None),
        ("/v1/customers", {"invoice_settings": ""}, "invoice_settings", "parameter_invalid_empty"),
        ("/v1/products", {"name": "x", "active": "yes"}, "active", None),
        ("/v1/prices", {"currency": "usd", "product": "p", "unit_amount_decimal": "1,5"}, "unit_amount_decimal", None),
        ("/v1/coupons", {"percent_off": "half"}, "percent_off", None),
        ("/v1/checkout/sessions", {**SESSION, "mode": "subscripton"}, "mode", None),
        (
            "/v1/checkout/sessions",
            {**SESSION, "payment_method_types[0]": "card"},
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        ),
        ("/v1/customers", {"metadata[a]": "x" * 501}, "metadata[a]", None),
        ("/v1/customers", {f"metadata[{'k' * 41}]": "x"}, f"metadata[{'k' * 41}]", None),
        ("/v1/customers", {f"metadata[k{n}]": "x" for n in range(51)}, "metadata", None),
        ("/v1/customers", {"expand[0]": "nonsense"}, "expand", None),
        ("/v1/customers", {"expand[0]": "a.b.c.d.e"}, "expand", None),
        ("/v1/customers", {"test_clock": "clock_none"}, "test_clock", "resource_missing"),
        ("/v1/webhook_endpoints", {"url": "https://x.example", "enabled_events[0]": "no"}, "enabled_events[0]", None),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(
    raw: Raw, path: str, sent: dict[str, str], param: str, code: str | None
) -> None:
    status, body = raw.post(path, sent)
    assert (status, body["error"]["param"], body["error"].get("code")) == (400, param, code)
    assert body["error"]["type"] == "invalid_request_error"
    assert raw.get("/v1/customers")[1]["data"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("starting_after=cus_none", "starting_after"),
        ("starting_after=a&ending_before=b", "starting_after"),
        ("created[after]=1", "created[after]"),
        ("created=yesterday", "created"),
    ],
)
def test_a_wrong_list_parameter_is_named(raw: Raw, query: str, param: str) -> None:
    status, body = raw.get("/v1/customers", query)
    assert (status, body["error"]["param"]) == (400, param)


def test_an_unknown_address_is_a_404_that_says_so(raw: Raw) -> None:
    status, body = raw.get("/v1/custommers")
    assert status == 404
    assert "Unrecognized request URL (GET: /v1/custommers)" in body["error"]["message"]


def test_an_unknown_id_in_the_path_is_a_404(raw: Raw) -> None:
    status, body = raw.get("/v1/customers/cus_none")
    assert (status, body["error"]["code"], body["error"]["param"]) == (404, "resource_missing", "id")


def test_a_body_that_is_not_utf8_is_refused(emulator: Emulator) -> None:
    answer = emulator.handle("POST", "/v1/customers", "", b"name=\xff", {"Authorization": "Bearer sk_test_1"})
    assert answer.status == 400


@pytest.mark.parametrize("value", ["true", "false"])
def test_booleans_are_read(raw: Raw, value: str) -> None:
    _, body = raw.post("/v1/products", {"name": "x", "active": value})
    assert body["active"] is (value == "true")


def test_an_index_like_metadata_key_stays_a_key(raw: Raw) -> None:
    _, body = raw.post("/v1/customers", {"metadata[0]": "zero"})
    assert body["metadata"] == {"0": "zero"}


@pytest.mark.parametrize(
    ("path", "sent", "param"),
    [
        ("/v1/customers", {"cash_balance[settings][reconciliation_mode]": "manual"}, "cash_balance"),
        ("/v1/customers", {"tax[ip_address]": "127.0.0.1"}, "tax"),
        ("/v1/setup_intents", {"single_use[amount]": "5", "single_use[currency]": "usd"}, "single_use"),
        ("/v1/payment_methods", {**CARD, "radar_options[session]": "x"}, "radar_options"),
    ],
)  # fmt: skip
def test_what_the_emulator_does_not_act_on_is_refused_and_not_ignored(
    raw: Raw, path: str, sent: dict[str, str], param: str
) -> None:
    status, body = raw.post(path, sent)
    assert (status, body["error"]["param"]) == (400, param)
    assert raw.get("/v1/events")[1]["data"] == []


def test_a_parameter_that_only_says_how_is_accepted_where_there_is_nothing_to_do(raw: Raw) -> None:
    product = raw.post("/v1/products", {"name": "x"})[1]["id"]
    sent = {"currency": "usd", "unit_amount": "1", "product": product, "transfer_lookup_key": "true"}
    assert raw.post("/v1/prices", sent)[0] == 200
