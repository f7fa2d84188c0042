"""Whatever Checkout sells: what the page says is what the invoice comes to, and what is paid."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.emulator.site import Visitor
from tests.fixtures.emulator import client_of

LINES = st.lists(
    st.fixed_dictionaries(
        {
            "amount": st.sampled_from([0, 99, 1000, 3333, 12345]),
            "quantity": st.integers(1, 7),
            "behavior": st.sampled_from(["inclusive", "exclusive", "unspecified"]),
            "rate": st.sampled_from([None, 0, 1]),
        }
    ),
    min_size=1,
    max_size=3,
)
COUPON = st.sampled_from(
    [None, {"percent_off": 10}, {"percent_off": 33.33}, {"percent_off": 100}, {"amount_off": 777, "currency": "usd"}]
)  # fmt: skip
ORDER = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["payment", "subscription"]),
        "lines": LINES,
        "coupon": COUPON,
        "automatic": st.booleans(),
        "exempt": st.sampled_from(["none", "exempt", "reverse"]),
    }
)


def adds_up(order: dict[str, Any]) -> bool:
    """Say whether a session of this order, once paid on its page, agrees with its invoice and its payment."""
    emulator = Emulator()
    account, visitor = Account(emulator, client_of(emulator)), Visitor(emulator)
    v1, mode = account.v1, order["mode"]
    rates = [
        v1.tax_rates.create({"display_name": "Tax", "percentage": 8.25, "inclusive": inclusive}).id
        for inclusive in (False, True)
    ]
    lines: list[Any] = []
    for line in order["lines"]:
        data = {"currency": "usd", "unit_amount": line["amount"], "product": account.product}
        often = {"recurring": {"interval": "month"}} if mode == "subscription" and not lines else {}
        priced = {"price_data": {**data, "tax_behavior": line["behavior"], **often}}
        taxed = {} if line["rate"] is None else {"tax_rates": [rates[line["rate"]]]}
        lines.append({**priced, "quantity": line["quantity"], **taxed})
    customer = account.customer(None, address={"country": "DE"}, tax_exempt=order["exempt"])
    sent: Any = {
        "mode": mode,
        "customer": customer.id,
        "line_items": lines,
        "success_url": "https://shop.example.com/",
        "automatic_tax": {"enabled": order["automatic"]},
        **({"invoice_creation": {"enabled": True}} if mode == "payment" else {}),
    }
    if order["coupon"] is not None:
        coupon: Any = {"duration": "once", **order["coupon"]}
        sent["discounts"] = [{"coupon": v1.coupons.create(coupon).id}]
    try:
        session = v1.checkout.sessions.create(sent)
    except stripe.InvalidRequestError as refused:
        return refused.code == "amount_too_small"
    visitor.open(session.url or "")
    visitor.submit(visitor.buttons()[-1])
    paid = v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "payment_intent"]})
    assert isinstance(paid.invoice, stripe.Invoice)
    assert paid.total_details is not None
    return (
        paid.invoice.status == "paid"
        and paid.invoice.total == paid.amount_total == session.amount_total
        and sum(tax.amount for tax in paid.invoice.total_taxes or []) == paid.total_details.amount_tax
        and getattr(paid.payment_intent, "amount_received", paid.amount_total) == paid.amount_total
    )


@settings(max_examples=6, deadline=None)
@given(ORDER)
def test_a_checkout_adds_up(order: dict[str, Any]) -> None:
    assert adds_up(order)


@pytest.mark.nightly
@settings(max_examples=400, deadline=None)
@given(ORDER)
def test_every_checkout_adds_up(order: dict[str, Any]) -> None:
    assert adds_up(order)
