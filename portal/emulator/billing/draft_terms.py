"""The terms of an invoice as a request sets them: what it says, when it is due, who pays it how, and its taxes."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.attributes import own_method
from portal.emulator.billing.drafting import tax_automatically
from portal.emulator.billing.due import HOUR
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.tax_rates import chosen_rates
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.fields import check_lengths, set_texts, set_values
from portal.emulator.wire.metadata import merged

_LENGTHS = {"description": 1500, "footer": 5000, "number": 26, "statement_descriptor": 22}
_FIELD_LENGTHS = {"name": 40, "value": 140}
_MOST_FIELDS = 4


def set_terms(tx: Transaction, invoice: StripeDict, customer: StripeDict, params: dict[str, Any]) -> None:
    """Set what was sent of a draft or, as far as it may still change, of a finalized invoice; the caller stores it.

    Raises a 400 for a due date that cannot be or without which nobody knows when to pay, a number another invoice
    has, texts that are too long, and for what does not exist or is somebody else's.
    """
    check_lengths(params, _LENGTHS)
    set_texts(invoice, params, ("description", "footer", "number", "statement_descriptor"))
    if params.get("number") and tx.count("invoice", {"number": params["number"]}):
        raise invalid(f"Invoice number {params['number']} is already in use.", param="number")
    if "custom_fields" in params:
        invoice["custom_fields"] = _custom_fields(params["custom_fields"] or []) or None
    _set_due_date(tx, invoice, params)
    _set_finalization(tx, invoice, params)
    if "metadata" in params:
        invoice["metadata"] = merged(invoice["metadata"], params["metadata"])
    if "default_payment_method" in params:
        invoice["default_payment_method"] = own_method(tx, params["default_payment_method"], customer)
    if "default_tax_rates" in params:
        invoice["default_tax_rates"] = chosen_rates(
            tx,
            params["default_tax_rates"] or [],
            param="default_tax_rates",
            kept=invoice["default_tax_rates"],
        )
    if "automatic_tax" in params:
        tax_automatically(invoice, enabled=params["automatic_tax"]["enabled"])
    if "discounts" in params:
        invoice["discounts"] = redeem(
            tx,
            params["discounts"] or [],
            customer=customer,
            now=tx.now(invoice),
            currency=invoice["currency"],
            param="discounts",
            kept=invoice["discounts"],
            invoice=invoice["id"],
        )


def _set_due_date(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> None:
    set_values(invoice, params, ("collection_method",))
    by_hand = invoice["collection_method"] == "send_invoice"
    given = [name for name in ("due_date", "days_until_due") if name in params]
    if len(given) > 1:
        raise exclusive_parameters(*given)
    if given and not by_hand:
        raise invalid(
            f"You can only set `{given[0]}` if `collection_method` is `send_invoice`.", param=given[0]
        )
    if "days_until_due" in params:
        if params["days_until_due"] < 0:
            raise invalid(
                "Invalid non-negative integer", param="days_until_due", code="parameter_invalid_integer"
            )
        invoice["due_date"] = invoice["created"] + params["days_until_due"] * 24 * HOUR
    elif "due_date" in params:
        if params["due_date"] <= tx.now(invoice):
            raise invalid("Invalid timestamp: must be in the future.", param="due_date")
        invoice["due_date"] = params["due_date"]
    if by_hand and invoice["due_date"] is None:
        raise missing_parameter("days_until_due")
    if not by_hand:
        invoice["due_date"] = None


def _set_finalization(tx: Transaction, invoice: StripeDict, params: dict[str, Any]) -> None:
    """Set when a draft is finalized by itself: when it was asked for, an hour from now, or not at all."""
    set_values(invoice, params, ("auto_advance",))
    if invoice["status"] != "draft":
        return
    now = tx.now(invoice)
    if "automatically_finalizes_at" in params:
        if params["automatically_finalizes_at"] <= now:
            raise invalid("Invalid timestamp: must be in the future.", param="automatically_finalizes_at")
        invoice["automatically_finalizes_at"] = params["automatically_finalizes_at"]
    if not invoice["auto_advance"]:
        invoice["automatically_finalizes_at"] = None
    elif invoice["automatically_finalizes_at"] is None:
        invoice["automatically_finalizes_at"] = now + HOUR


def _custom_fields(sent: list[dict[str, Any]]) -> list[StripeDict]:
    if len(sent) > _MOST_FIELDS:
        raise invalid(f"An invoice can have at most {_MOST_FIELDS} custom fields.", param="custom_fields")
    for index, entry in enumerate(sent):
        check_lengths(entry, _FIELD_LENGTHS, f"custom_fields[{index}]")
    return [{"name": entry["name"], "value": entry["value"]} for entry in sent]
