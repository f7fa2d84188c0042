"""Meters: events are counted once, within limits, by formula; and billed in arrears."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def total(account: Account, meter: str, customer: str, **params: Any) -> float:
    start = START - START % DAY - 40 * DAY
    sent: Any = {"customer": customer, "start_time": start, "end_time": start + 80 * DAY, **params}
    return sum(
        found.aggregated_value for found in account.v1.billing.meters.event_summaries.list(meter, sent).data
    )


def meter_of(price: stripe.Price) -> str:
    assert price.recurring is not None
    assert price.recurring.meter is not None
    return price.recurring.meter


@pytest.mark.parametrize(("formula", "expected"), [("sum", 12.5), ("count", 3), ("last", 2.5)])
def test_events_are_aggregated_by_the_meters_formula(account: Account, formula: str, expected: float) -> None:
    customer, price = account.customer(), account.metered(formula=formula)
    for hours, value in ((3, "2.5"), (1, "4"), (2, "6")):
        account.use(customer.id, value, timestamp=START - 4 * 3600 + hours * 3600)
    assert total(account, meter_of(price), customer.id) == expected


def test_an_identifier_counts_once_within_a_day(account: Account) -> None:
    customer, price = account.customer(), account.metered()
    account.use(customer.id, 5, identifier="hour-1")
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier hour-1"):
        account.use(customer.id, 5, identifier="hour-1")
    assert total(account, meter_of(price), customer.id) == 5
    account.advance(1.01)
    account.use(customer.id, 2, identifier="hour-1")
    assert total(account, meter_of(price), customer.id) == 7


@pytest.mark.parametrize("offset", [-35 * DAY - 1, 301])
def test_a_timestamp_out_of_range_is_refused(account: Account, offset: int) -> None:
    customer = account.customer()
    account.metered()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.use(customer.id, 1, timestamp=START + offset)
    assert (refused.value.code, refused.value.param) == ("timestamp_out_of_range", "timestamp")


@pytest.mark.parametrize("offset", [-35 * DAY, 300])
def test_a_timestamp_at_the_limit_is_taken(account: Account, offset: int) -> None:
    customer, price = account.customer(), account.metered()
    account.use(customer.id, 1, timestamp=START + offset)
    assert total(account, meter_of(price), customer.id) == 1


def test_an_event_can_be_taken_back_within_a_day(account: Account) -> None:
    customer, price = account.customer(), account.metered()
    account.use(customer.id, 5, identifier="a")
    adjustment = account.v1.billing.meter_event_adjustments.create(
        {"event_name": "calls", "type": "cancel", "cancel": {"identifier": "a"}}
    )
    assert adjustment.status == "complete"
    assert total(account, meter_of(price), customer.id) == 0
    account.use(customer.id, 3, identifier="b")
    account.advance(1.01)
    with pytest.raises(stripe.InvalidRequestError, match="No event of the last 24 hours"):
        account.v1.billing.meter_event_adjustments.create(
            {"event_name": "calls", "type": "cancel", "cancel": {"identifier": "b"}}
        )


def test_summaries_come_by_hour_and_by_day_newest_first(account: Account) -> None:
    customer, price = account.customer(), account.metered()
    day = START - START % DAY
    for offset, value in ((10, 1), (3600, 2), (3700, 4), (DAY - 3600 * 20, 8)):
        account.use(customer.id, value, timestamp=day + offset)
    sent: Any = {"customer": customer.id, "start_time": day, "end_time": day + DAY}
    by_hour: Any = {**sent, "value_grouping_window": "hour"}
    by_day: Any = {**sent, "value_grouping_window": "day"}
    small_pages: Any = {**by_hour, "limit": 1}
    summaries = account.v1.billing.meters.event_summaries
    hours = summaries.list(meter_of(price), by_hour).data
    assert [(h.start_time - day, h.aggregated_value) for h in hours] == [(14400, 8), (3600, 6), (0, 1)]
    assert [d.aggregated_value for d in summaries.list(meter_of(price), by_day).data] == [15]
    one_by_one = summaries.list(meter_of(price), small_pages)
    assert len(list(one_by_one.auto_paging_iter())) == 3


def test_bounds_of_summaries_must_be_aligned(account: Account) -> None:
    customer, price = account.customer(), account.metered()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.billing.meters.event_summaries.list(
            meter_of(price), {"customer": customer.id, "start_time": 7, "end_time": 60}
        )
    assert refused.value.param == "start_time"


def test_usage_is_billed_for_the_period_that_ended(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(5000), account.metered())
    assert account.invoices(sub.id)[0].total == 5000
    account.advance(10)
    account.use(customer.id, 1200)
    account.advance_to(END + 3600)
    account.use(customer.id, 99)
    renewal = account.invoices(sub.id)[1]
    assert [(line.amount, line.quantity) for line in renewal.lines.data] == [(1200, 1200), (5000, 1)]
    assert (renewal.lines.data[0].period.start, renewal.lines.data[0].period.end) == (START, END)


def test_usage_that_arrives_while_the_invoice_is_a_draft_is_still_on_it(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.metered())
    account.advance_to(END)
    account.use(customer.id, 300, timestamp=END - 60)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 300


def test_graduated_usage_is_billed_tier_by_tier(account: Account) -> None:
    tiers = [{"up_to": 1000, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.5"}]
    price = account.metered(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    customer = account.customer()
    sub = account.subscribe(customer.id, price)
    account.use(customer.id, 1501)
    account.advance_to(END + 3600)
    renewal = account.invoices(sub.id)[-1]
    assert [(line.quantity, line.amount) for line in renewal.lines.data] == [(1000, 0), (501, 251)]
    assert renewal.lines.data[1].description == "501 × Pro (Tier 2 at $0.005 / month)"


def test_volume_usage_is_billed_at_the_tier_reached(account: Account) -> None:
    tiers = [{"up_to": 1000, "unit_amount": 3}, {"up_to": "inf", "unit_amount": 2, "flat_amount": 500}]
    price = account.metered(billing_scheme="tiered", tiers_mode="volume", tiers=tiers)
    customer = account.customer()
    sub = account.subscribe(customer.id, price)
    account.use(customer.id, 1500)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 3500


def test_packages_of_usage_are_billed_when_started(account: Account) -> None:
    price = account.metered(amount=1000, transform_quantity={"divide_by": 100, "round": "up"})
    customer = account.customer()
    sub = account.subscribe(customer.id, price)
    account.use(customer.id, 101)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 2000


@pytest.mark.parametrize(
    ("event", "param"),
    [
        ({"event_name": "unknown"}, "event_name"),
        ({"payload": {"stripe_customer_id": "cus_missing", "value": "1"}}, "payload"),
        ({"payload": {"value": "1"}}, "payload[stripe_customer_id]"),
        ({"payload": {"stripe_customer_id": "CUSTOMER"}}, "payload[value]"),
        ({"payload": {"stripe_customer_id": "CUSTOMER", "value": "many"}}, "payload"),
        ({"identifier": "x" * 101}, "identifier"),
    ],
)
def test_an_event_that_cannot_be_counted_is_refused(
    account: Account, event: dict[str, Any], param: str
) -> None:
    customer = account.customer()
    account.metered()
    payload = {"stripe_customer_id": customer.id, "value": "1", **event.pop("payload", {})}
    if param == "payload[stripe_customer_id]":
        del payload["stripe_customer_id"]
    if param == "payload[value]":
        del payload["value"]
    if payload.get("stripe_customer_id") == "CUSTOMER":
        payload["stripe_customer_id"] = customer.id
    sent: Any = {"event_name": "calls", "payload": payload, **event}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.billing.meter_events.create(sent)
    assert refused.value.param == param


def test_a_meter_can_be_renamed_switched_off_and_on(account: Account) -> None:
    price = account.metered()
    meters = account.v1.billing.meters
    assert meters.update(meter_of(price), {"display_name": "API calls"}).display_name == "API calls"
    assert meters.deactivate(meter_of(price)).status == "inactive"
    with pytest.raises(stripe.InvalidRequestError, match="No active meter"):
        account.use(account.customer().id, 1)
    assert meters.reactivate(meter_of(price)).status == "active"
    assert meters.retrieve(meter_of(price)).status_transitions.deactivated_at is None
    assert [meter.id for meter in meters.list({"status": "active"}).data] == [meter_of(price)]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        account.metered()


def test_a_meter_with_a_window_counts_the_last_event_of_each(account: Account) -> None:
    meter = account.v1.billing.meters.create(
        {
            "display_name": "Storage",
            "event_name": "storage",
            "default_aggregation": {"formula": "sum"},
            "event_time_window": "day",
        }
    )
    customer = account.customer()
    day = START - START % DAY
    for offset, value in ((-DAY, 5), (-DAY + 60, 7), (0, 3)):
        account.use(customer.id, value, "storage", timestamp=day + offset)
    assert total(account, meter.id, customer.id) == 10


def test_a_meter_whose_name_another_has_taken_stays_off(account: Account) -> None:
    first = meter_of(account.metered())
    account.v1.billing.meters.deactivate(first)
    account.metered()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.billing.meters.reactivate(first)
    assert (refused.value.param, refused.value.code) == ("event_name", "resource_already_exists")
