"""What Stripe said, as frozen values of our own: integers in minor units, aware UTC instants, ids as strings.
Built from plain JSON so that no SDK object leaves the gateway; `raw` keeps the whole object for the mirror."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from portal.kit.clock import from_unix

Raw = dict[str, Any]


def instant(seconds: int | None) -> datetime | None:
    """Turn optional Unix seconds into an optional instant."""
    return None if seconds is None else from_unix(seconds)


def reference(value: str | Raw | None) -> str | None:
    """Return the id of an expandable field, expanded or not."""
    return value["id"] if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class PaymentMethodSnapshot:
    """A payment method. Card fields are None for other types."""

    stripe_id: str
    type: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    raw: Raw = field(repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> PaymentMethodSnapshot:
        card = raw.get("card") or {}
        return cls(
            raw["id"],
            raw["type"],
            card.get("brand"),
            card.get("last4"),
            card.get("exp_month"),
            card.get("exp_year"),
            raw,
        )


@dataclass(frozen=True, slots=True)
class CustomerSnapshot:
    """A customer. `balance_amount` is negative for a credit. `clock_at` is its test clock's time, if it has one.
    A deleted customer has `deleted` and no other facts."""

    stripe_id: str
    deleted: bool
    email: str | None
    name: str | None
    balance_amount: int
    currency: str | None
    delinquent: bool
    livemode: bool
    clock_at: datetime | None
    default_payment_method: PaymentMethodSnapshot | None
    raw: Raw = field(repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> CustomerSnapshot:
        clock = raw.get("test_clock")
        method = (raw.get("invoice_settings") or {}).get("default_payment_method")
        return cls(
            stripe_id=raw["id"],
            deleted=bool(raw.get("deleted", False)),
            email=raw.get("email"),
            name=raw.get("name"),
            balance_amount=raw.get("balance") or 0,
            currency=raw.get("currency"),
            delinquent=bool(raw.get("delinquent")),
            livemode=bool(raw.get("livemode")),
            clock_at=instant(clock["frozen_time"]) if isinstance(clock, dict) else None,
            default_payment_method=PaymentMethodSnapshot.read(method) if isinstance(method, dict) else None,
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class ItemSnapshot:
    """One item of a subscription. `quantity` is None for metered prices. The period stands on the item."""

    stripe_id: str
    price_stripe_id: str
    lookup_key: str | None
    quantity: int | None
    metered: bool
    interval: str
    interval_count: int
    current_period_start_at: datetime
    current_period_end_at: datetime

    @classmethod
    def read(cls, raw: Raw) -> ItemSnapshot:
        price = raw["price"]
        recurring = price["recurring"]
        return cls(
            stripe_id=raw["id"],
            price_stripe_id=price["id"],
            lookup_key=price.get("lookup_key"),
            quantity=raw.get("quantity"),
            metered=recurring["usage_type"] == "metered",
            interval=recurring["interval"],
            interval_count=recurring["interval_count"],
            current_period_start_at=from_unix(raw["current_period_start"]),
            current_period_end_at=from_unix(raw["current_period_end"]),
        )


@dataclass(frozen=True, slots=True)
class PlannedSnapshot:
    """What a subscription becomes at `at`: price ids with their quantities (None: metered)."""

    at: datetime
    items: tuple[tuple[str, int | None], ...]

    @classmethod
    def read(cls, schedule: str | Raw | None) -> PlannedSnapshot | None:
        """Return the phase after the running one; None without an expanded schedule that has one."""
        if not isinstance(schedule, dict) or not schedule.get("current_phase"):
            return None
        now_until = schedule["current_phase"]["end_date"]
        following = next((each for each in schedule["phases"] if each["start_date"] >= now_until), None)
        if following is None:
            return None
        items = ((reference(each["price"]) or "", each.get("quantity")) for each in following["items"])
        return cls(from_unix(following["start_date"]), tuple(items))


@dataclass(frozen=True, slots=True)
class SubscriptionSnapshot:
    """A subscription with its items. `status` is Stripe's string. `schedule_stripe_id` when a schedule governs it;
    `planned` is the change that is still to come under it. `pending_until`: until then a change waits for its invoice,
    the latest one, to be paid."""

    stripe_id: str
    customer_stripe_id: str
    status: str
    currency: str
    created_at: datetime
    cancel_at: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    ended_at: datetime | None
    trial_end_at: datetime | None
    latest_invoice_stripe_id: str | None
    schedule_stripe_id: str | None
    planned: PlannedSnapshot | None
    pending_until: datetime | None
    default_payment_method_stripe_id: str | None
    collection_method: str
    items: tuple[ItemSnapshot, ...]
    metadata: dict[str, str]
    raw: Raw = field(repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> SubscriptionSnapshot:
        customer = reference(raw["customer"])
        assert customer is not None
        return cls(
            stripe_id=raw["id"],
            customer_stripe_id=customer,
            status=raw["status"],
            currency=raw["currency"],
            created_at=from_unix(raw["created"]),
            cancel_at=instant(raw.get("cancel_at")),
            cancel_at_period_end=bool(raw.get("cancel_at_period_end")),
            canceled_at=instant(raw.get("canceled_at")),
            ended_at=instant(raw.get("ended_at")),
            trial_end_at=instant(raw.get("trial_end")),
            latest_invoice_stripe_id=reference(raw.get("latest_invoice")),
            schedule_stripe_id=reference(raw.get("schedule")),
            planned=PlannedSnapshot.read(raw.get("schedule")),
            pending_until=instant((raw.get("pending_update") or {}).get("expires_at")),
            default_payment_method_stripe_id=reference(raw.get("default_payment_method")),
            collection_method=raw["collection_method"],
            items=tuple(ItemSnapshot.read(item) for item in raw["items"]["data"]),
            metadata=raw.get("metadata") or {},
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """One line of an invoice. `amount` in minor units, before tax; `quantity` may be a fraction for meters."""

    description: str
    amount: int
    currency: str
    quantity: Decimal | None
    proration: bool
    price_stripe_id: str | None
    item_stripe_id: str | None
    period_start_at: datetime
    period_end_at: datetime

    @classmethod
    def read(cls, raw: Raw) -> LineSnapshot:
        parent = raw.get("parent") or {}
        details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
        price = ((raw.get("pricing") or {}).get("price_details") or {}).get("price")
        quantity = raw.get("quantity_decimal") or raw.get("quantity")
        return cls(
            description=raw.get("description") or "",
            amount=raw["amount"],
            currency=raw["currency"],
            quantity=None if quantity is None else Decimal(str(quantity)),
            proration=bool(details.get("proration")),
            price_stripe_id=reference(price),
            item_stripe_id=details.get("subscription_item"),
            period_start_at=from_unix(raw["period"]["start"]),
            period_end_at=from_unix(raw["period"]["end"]),
        )


@dataclass(frozen=True, slots=True)
class InvoiceSnapshot:
    """An invoice or a preview of one (`stripe_id` of a preview starts with upcoming_in). Amounts in minor units;
    `starting_balance_amount` is negative when a credit is used up."""

    stripe_id: str
    customer_stripe_id: str
    subscription_stripe_id: str | None
    number: str | None
    status: str | None
    currency: str
    billing_reason: str | None
    subtotal_amount: int
    discount_amount: int
    tax_amount: int
    total_amount: int
    due_amount: int
    paid_amount: int
    remaining_amount: int
    starting_balance_amount: int
    attempt_count: int
    created_at: datetime
    period_start_at: datetime
    period_end_at: datetime
    due_at: datetime | None
    finalized_at: datetime | None
    paid_at: datetime | None
    next_payment_attempt_at: datetime | None
    hosted_url: str | None
    pdf_url: str | None
    lines: tuple[LineSnapshot, ...]
    raw: Raw = field(repr=False, compare=False)

    @classmethod
    def read(cls, raw: Raw) -> InvoiceSnapshot:
        parent = (raw.get("parent") or {}).get("subscription_details") or {}
        moments = raw.get("status_transitions") or {}
        customer = reference(raw["customer"])
        assert customer is not None
        return cls(
            stripe_id=raw["id"],
            customer_stripe_id=customer,
            subscription_stripe_id=reference(parent.get("subscription")),
            number=raw.get("number"),
            status=raw.get("status"),
            currency=raw["currency"],
            billing_reason=raw.get("billing_reason"),
            subtotal_amount=raw["subtotal"],
            discount_amount=sum(part["amount"] for part in raw.get("total_discount_amounts") or []),
            tax_amount=sum(part["amount"] for part in raw.get("total_taxes") or []),
            total_amount=raw["total"],
            due_amount=raw["amount_due"],
            paid_amount=raw["amount_paid"],
            remaining_amount=raw["amount_remaining"],
            starting_balance_amount=raw.get("starting_balance") or 0,
            attempt_count=raw["attempt_count"],
            created_at=from_unix(raw["created"]),
            period_start_at=from_unix(raw["period_start"]),
            period_end_at=from_unix(raw["period_end"]),
            due_at=instant(raw.get("due_date")),
            finalized_at=instant(moments.get("finalized_at")),
            paid_at=instant(moments.get("paid_at")),
            next_payment_attempt_at=instant(raw.get("next_payment_attempt")),
            hosted_url=raw.get("hosted_invoice_url"),
            pdf_url=raw.get("invoice_pdf"),
            lines=tuple(LineSnapshot.read(line) for line in raw["lines"]["data"]),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class CheckoutSnapshot:
    """A Checkout Session. `url` is a bearer secret and None once the session is no longer open."""

    stripe_id: str
    status: str
    payment_status: str
    url: str | None = field(repr=False)
    customer_stripe_id: str | None
    subscription_stripe_id: str | None
    client_reference_id: str | None
    expires_at: datetime

    @classmethod
    def read(cls, raw: Raw) -> CheckoutSnapshot:
        return cls(
            stripe_id=raw["id"],
            status=raw["status"],
            payment_status=raw["payment_status"],
            url=raw.get("url"),
            customer_stripe_id=reference(raw.get("customer")),
            subscription_stripe_id=reference(raw.get("subscription")),
            client_reference_id=raw.get("client_reference_id"),
            expires_at=from_unix(raw["expires_at"]),
        )
