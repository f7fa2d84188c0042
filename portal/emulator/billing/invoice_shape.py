"""The JSON of invoices, their lines and pending invoice items, every key present."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from portal.emulator.billing.amounts import decimal_string
from portal.emulator.billing.periods import Period
from portal.emulator.transaction import StripeDict

ACCOUNT_NAME = "Test account"
ACCOUNT_COUNTRY = "US"


def line_list(invoice_id: str, lines: list[StripeDict]) -> StripeDict:
    """Wrap lines as the list object an invoice carries."""
    return {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"}


def new_invoice(invoice_id: str, customer: StripeDict, currency: str, reason: str, now: int) -> StripeDict:
    """Make a draft without lines for a customer, addressed to them as they are now."""
    shipping = customer["shipping"]
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": ACCOUNT_COUNTRY,
        "account_name": ACCOUNT_NAME,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": shipping,
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": line_list(invoice_id, []),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": customer["balance"],
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": customer["test_clock"],
        "threshold_reason": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def subscription_parent(sub: StripeDict, proration_date: int | None = None) -> StripeDict:
    """Give the `parent` of an invoice that comes from a subscription."""
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": dict(sub["metadata"]),
            "subscription": sub["id"],
            "subscription_proration_date": proration_date,
        },
        "type": "subscription_details",
    }


def subscription_of(invoice: StripeDict) -> str | None:
    """Read which subscription an invoice belongs to, if any."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return str(details["subscription"]) if details else None


def pricing_of(price: StripeDict | None, unit_amount: Fraction | None) -> StripeDict | None:
    """Give the `pricing` of a line or an invoice item."""
    if price is None and unit_amount is None:
        return None
    return {
        "price_details": {"price": price["id"], "product": price["product"]} if price else None,
        "type": "price_details",
        "unit_amount_decimal": None if unit_amount is None else decimal_string(unit_amount),
    }


def new_line(
    line_id: str,
    *,
    amount: int,
    currency: str,
    description: str | None,
    period: Period,
    quantity: Fraction | int | None,
    pricing: StripeDict | None,
    parent: StripeDict | None,
    metadata: dict[str, str],
    discountable: bool = True,
) -> StripeDict:
    """Make a line before discounts and tax."""
    details = (parent or {}).get("subscription_item_details") or (parent or {}).get("invoice_item_details")
    return {
        "id": line_id,
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": discountable,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": metadata,
        "parent": parent,
        "period": {"end": period.end, "start": period.start},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": None if quantity is None else int(quantity),
        "quantity_decimal": None if quantity is None else decimal_string(Fraction(quantity)),
        "subscription": details["subscription"] if details else None,
        "subtotal": amount,
        "taxes": [],
    }


def item_parent(sub_id: str, item_id: str, proration: bool = False, **more: Any) -> StripeDict:
    """Give the `parent` of a line that comes from a subscription item."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": more.get("invoice_item"),
            "proration": proration,
            "proration_details": more.get("proration_details"),
            "subscription": sub_id,
            "subscription_item": item_id,
        },
        "type": "subscription_item_details",
    }


def new_invoice_item(
    item_id: str, customer: StripeDict, *, amount: int, currency: str, period: Period, now: int
) -> StripeDict:
    """Make a pending invoice item of quantity one."""
    return {
        "id": item_id,
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "date": now,
        "description": None,
        "discountable": True,
        "discounts": [],
        "frozen_fields": None,
        "invoice": None,
        "invoicing_rules": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"end": period.end, "start": period.start},
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": customer["test_clock"],
    }
