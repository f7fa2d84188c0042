"""Invoices: reading, and withdrawing one that nobody is going to pay. Stripe makes, finalises and collects them."""

from __future__ import annotations

from portal.gateway.client import Gateway
from portal.gateway.plain import plain, plain_list
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


def void(gateway: Gateway, stripe_id: str, *, key: str) -> InvoiceSnapshot:
    """Withdraw an open invoice: nothing is owed for it, and a change that waited for it is dropped. Raises
    GatewayRefused if it is paid or withdrawn already."""
    return InvoiceSnapshot.read(
        plain(
            gateway.call(
                "invoices.void",
                lambda client: client.v1.invoices.void_invoice(stripe_id, {}, {"idempotency_key": key}),
                about=stripe_id,
            )
        )
    )
