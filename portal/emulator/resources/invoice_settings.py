"""A customer's invoice settings: the default card, and what their invoices say besides."""

from typing import Any

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_object
from portal.emulator.wire.fields import check_lengths, set_texts, text
from portal.emulator.wire.lookup import in_param

_MOST_CUSTOM_FIELDS = 4
_LONGEST = {"name": 40, "value": 140}


def set_default_method(tx: Transaction, customer: StripeDict, wanted: str) -> None:
    """Make a card the default of its customer, or none by "". Raises a 400 for one that is not theirs."""
    param = "invoice_settings[default_payment_method]"
    if wanted and in_param(tx, "payment_method", wanted, param=param)["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {wanted}. "
            "The payment method must be attached to the customer.",
            param=param,
            code="resource_missing",
        )
    customer["invoice_settings"]["default_payment_method"] = text(wanted)


def apply_invoice_settings(customer: StripeDict, sent: dict[str, Any]) -> None:
    """Set what was sent of the invoice settings, but for the default card.

    Raises a 400 for too many or too long custom fields, and for a template: there is no call that makes one.
    """
    settings = customer["invoice_settings"]
    if "custom_fields" in sent:
        fields = sent["custom_fields"] or None
        _check_custom_fields(fields or [])
        settings["custom_fields"] = fields
    set_texts(settings, sent, ("footer",))
    if "rendering_options" in sent:
        options = sent["rendering_options"] or None
        if options and options.get("template"):
            param = "invoice_settings[rendering_options][template]"
            raise missing_object("invoice rendering template", options["template"], param=param)
        settings["rendering_options"] = options and {
            "amount_tax_display": text(options.get("amount_tax_display")),
            "template": None,
        }


def _check_custom_fields(fields: list[StripeDict]) -> None:
    path = "invoice_settings[custom_fields]"
    if len(fields) > _MOST_CUSTOM_FIELDS:
        raise invalid(f"You may have at most {_MOST_CUSTOM_FIELDS} custom fields.", param=path)
    for index, field in enumerate(fields):
        check_lengths(field, _LONGEST, f"{path}[{index}]")
