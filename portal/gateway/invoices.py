"""Invoices: reading only. Stripe makes, finalises and collects them."""

from __future__ import annotations

from portal.gateway.client import Gateway
from portal.gateway.plain import plain_list
from portal.gateway.snapshots import InvoiceSnapshot


def list_for(gateway: Gateway, customer: str, *, most: int = 100) -> list[InvoiceSnapshot]:
    """List a customer's invoices, newest first, at most `most`."""
    return gateway.call(
        "invoices.list",
        lambda client: [
            InvoiceSnapshot.read(each)
            for each in plain_list(
                client.v1.invoices.list({"customer": customer, "limit": min(most, 100)}), most=most
            )
        ],
        about=customer,
    )
