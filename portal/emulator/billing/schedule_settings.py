"""How a schedule bills: its default settings, and those of a phase, which come before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.emulator.billing.attributes import own_method
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import missing_parameter
from portal.emulator.wire.fields import set_texts, set_values

SETTINGS = ("automatic_tax", "collection_method", "default_payment_method", "description", "invoice_settings")
_UNSUPPORTED = ("application_fee_percent", "billing_thresholds", "on_behalf_of", "transfer_data")
_UNSUPPORTED_FOR_INVOICES = ("account_tax_ids", "issuer")


def no_settings() -> StripeDict:
    """Give the default settings of a schedule for which none were sent."""
    return {
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "description": None,
        "invoice_settings": _no_invoice_settings(),
        "on_behalf_of": None,
        "transfer_data": None,
    }


def settings_of_subscription(sub: StripeDict) -> StripeDict:
    """Describe how a subscription bills as the default settings of its schedule."""
    settings = no_settings()
    settings["automatic_tax"] = dict(sub["automatic_tax"])
    for name in ("collection_method", "default_payment_method", "description"):
        settings[name] = sub[name]
    settings["invoice_settings"].update(
        {name: sub["invoice_settings"][name] for name in ("custom_fields", "description", "footer")},
        days_until_due=sub["days_until_due"],
    )
    return settings


def read_settings(
    tx: Transaction, settings: StripeDict, sent: dict[str, Any], customer: StripeDict, param: str
) -> None:
    """Set what was sent of a schedule's default settings or of a phase.

    Raises a 400 for somebody else's card, and for invoices to be sent without the days they are due in.
    """
    refuse_unsupported(sent, _UNSUPPORTED, within=param)
    set_texts(settings, sent, ("description",))
    set_values(settings, sent, ("billing_cycle_anchor", "collection_method"))
    if "default_payment_method" in sent:
        settings["default_payment_method"] = own_method(tx, sent["default_payment_method"], customer)
    if "automatic_tax" in sent:
        refuse_unsupported(sent["automatic_tax"], ("liability",), within=f"{param}[automatic_tax]")
        enabled = sent["automatic_tax"]["enabled"]
        settings["automatic_tax"] = {
            "disabled_reason": None,
            "enabled": enabled,
            "liability": {"type": "self"} if enabled else None,
        }
    if "invoice_settings" in sent:
        within = f"{param}[invoice_settings]"
        refuse_unsupported(sent["invoice_settings"], _UNSUPPORTED_FOR_INVOICES, within=within)
        settings["invoice_settings"] = settings["invoice_settings"] or _no_invoice_settings()
        set_values(settings["invoice_settings"], sent["invoice_settings"], ("days_until_due",))
        set_texts(settings["invoice_settings"], sent["invoice_settings"], ("description", "footer"))
        if "custom_fields" in sent["invoice_settings"]:
            settings["invoice_settings"]["custom_fields"] = sent["invoice_settings"]["custom_fields"] or None
    due = (settings["invoice_settings"] or {}).get("days_until_due")
    if settings["collection_method"] == "send_invoice" and due is None:
        raise missing_parameter(f"{param}[invoice_settings][days_until_due]")


def params_of_settings(schedule: StripeDict, phase: StripeDict, names: Sequence[str]) -> dict[str, Any]:
    """Give the parameters that make a subscription bill as the phase, or else the schedule, says."""
    effective = {
        name: phase[name] if phase[name] is not None else schedule["default_settings"][name] for name in names
    }
    params: dict[str, Any] = {}
    if "automatic_tax" in effective:
        params["automatic_tax"] = {"enabled": effective["automatic_tax"]["enabled"]}
    if "default_payment_method" in effective:
        params["default_payment_method"] = effective["default_payment_method"] or ""
    if "description" in effective:
        params["description"] = effective["description"] or ""
    for_invoices = effective.get("invoice_settings")
    if for_invoices is not None:
        params["invoice_settings"] = {
            "custom_fields": for_invoices["custom_fields"] or "",
            "description": for_invoices["description"] or "",
            "footer": for_invoices["footer"] or "",
        }
    if "collection_method" in effective:
        params["collection_method"] = effective["collection_method"]
    if effective.get("collection_method") == "send_invoice":
        settings = phase["invoice_settings"] or schedule["default_settings"]["invoice_settings"]
        params["days_until_due"] = settings["days_until_due"]
    return params


def changed_settings(before: StripeDict, phase: StripeDict) -> tuple[str, ...]:
    """Name the settings a phase has, or has no longer, in comparison with the one before.

    What neither has is as the subscription has it already.
    """
    return tuple(name for name in SETTINGS if phase[name] is not None or before[name] is not None)


def _no_invoice_settings() -> StripeDict:
    return {
        "account_tax_ids": None,
        "custom_fields": None,
        "days_until_due": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    }
