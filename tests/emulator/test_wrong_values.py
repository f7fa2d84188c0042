"""Values that have the right shape and make no sense: each is refused by its name and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.emulator.world import NOW, World

# A path with what is sent in any case; below it, a line each, what is wrong, the code, and the parameter that is
# named if it is not the last one sent. {words} are ids of the world's objects, {x41} is x, 41 times.
WRONG = """
customers
  email=nobody email_invalid
  email=a@b email_invalid
  email={a510}@example.com -
  business_name={x151} -
  individual_name={x151} -
  name={x257} -
  phone={x21} -
  description={x40001} -
  address[line1]={x5001} -
  invoice_prefix=ab-1 -
  invoice_prefix= -
  next_invoice_sequence=0 parameter_invalid_integer
  payment_method={deleted} resource_missing
  payment_method={prices} resource_missing
  payment_method={payment_methods} -
  invoice_settings[default_payment_method]={payment_methods} resource_missing
  invoice_settings[custom_fields][0][value]=1&invoice_settings[custom_fields][0][name]={x41} -
  invoice_settings[rendering_options][template]=inrtem_1 resource_missing
  tax_id_data[0][type]=eu_vat&tax_id_data[0][value]=1 tax_id_invalid
customers/{customers}
  invoice_settings[default_payment_method]={charges} resource_missing
customers/{customers}/tax_ids
  type=gb_vat&value=١٢٣٤٥٦٧٨٩ tax_id_invalid
  type=eu_vat&value= parameter_invalid_empty
customers/{customers}/balance_transactions
  amount=5&currency=eur -
  amount=5&currency=xyz -
payment_methods type=card&card[number]=4242424242424242&card[exp_month]=5&card[exp_year]=2099
  card[exp_year]=10000 invalid_expiry_year
  card[exp_month]=0 invalid_expiry_month
  card[cvc]=12 invalid_cvc
  card[cvc]=١٢٣ invalid_cvc
  billing_details[email]=nobody email_invalid
payment_methods/{payment_methods}/attach
  customer={deleted} resource_missing
  customer={products} resource_missing
setup_intents
  customer={deleted} resource_missing
  payment_method={payment_methods} -
  confirm=true setup_intent_unexpected_state None
setup_intents/{setup_intents}
  customer={deleted} resource_missing
setup_intents/{setup_intents}/confirm
  payment_method={payment_methods} -
payment_intents/{payment_intents}
  amount=49 amount_too_small
  currency=jpy&amount=49 amount_too_small
payment_intents/{payment_intents}/confirm
  payment_method={payment_methods} -
payment_intents amount=500&currency=usd
  receipt_email=nobody email_invalid
charges/{charges}
  receipt_email=nobody email_invalid
  customer={deleted} resource_missing
refunds
  - parameter_missing charge
  charge={invoices} resource_missing
  payment_intent={charges} resource_missing
  payment_intent={payment_intents} -
  charge={charges}&amount=-1 -
  charge={charges}&amount=100000000000000000 -
products
  name= parameter_invalid_empty
  name=%20 parameter_invalid_empty
  name=x&id=a/b -
  name=x&id={products} resource_already_exists
  name=x&statement_descriptor={x23} -
  name=x&statement_descriptor=<pro> -
  name=x&marketing_features[0][name]={x81} -
  name=x&default_price_data[currency]=usd&default_price_data[unit_amount]=-1 parameter_invalid_integer
  name=x&default_price_data[currency]=xyz -
  name=x&default_price_data[currency]=usd parameter_missing default_price_data[unit_amount]
products/{products}
  default_price={products} resource_missing
prices currency=usd&product={products}&unit_amount=100
  currency=xyz -
  product={prices} resource_missing
  product_data[name]=x parameters_exclusive product
  unit_amount=100000000000000000 parameter_invalid_integer
  currency_options[xyz][unit_amount]=1 - currency_options[xyz]
  currency_options[eur][unit_amount]=-1 parameter_invalid_integer
  recurring[interval]=month&recurring[trial_period_days]=-1 parameter_invalid_integer
  recurring[interval]=month&recurring[interval_count]=0 -
  recurring[interval]=month&recurring[meter]={meters} -
  currency_options[usd][unit_amount]=99 - currency_options[usd]
prices currency=usd&product={products}&custom_unit_amount[enabled]=true
  custom_unit_amount[minimum]=-1 parameter_invalid_integer
  custom_unit_amount[minimum]=100&custom_unit_amount[maximum]=50 -
  custom_unit_amount[minimum]=100&custom_unit_amount[preset]=50 -
  custom_unit_amount[maximum]=100&custom_unit_amount[preset]=150 - custom_unit_amount[maximum]
prices/{prices}
  lookup_key={x201} -
prices currency=usd&unit_amount=100
  product_data[name]=x&product_data[statement_descriptor]={x23} -
  product_data[name]=%20 parameter_invalid_empty
coupons amount_off=100&currency=usd
  amount_off=100000000000000000 parameter_invalid_integer
  name={x41} -
  redeem_by={later} -
  currency_options[eur][amount_off]=0 parameter_invalid_integer
coupons
  percent_off=5&currency_options[eur][amount_off]=1 - currency_options
  percent_off=5&applies_to[products][0]={coupons} resource_missing
coupons/{coupons}
  currency_options[eur][amount_off]=1 - currency_options
promotion_codes promotion[type]=coupon&promotion[coupon]={coupons}
  promotion[coupon]={prices} resource_missing
  customer={deleted} resource_missing
  code=naïve -
  restrictions[minimum_amount_currency]=usd parameter_missing restrictions[minimum_amount]
  restrictions[minimum_amount_currency]=usd&restrictions[minimum_amount]=0 parameter_invalid_integer
  restrictions[minimum_amount]=5&restrictions[minimum_amount_currency]=xyz -
coupons percent_off=10&duration=repeating
  duration_in_months=1201 parameter_invalid_integer
  duration_in_months=0 parameter_invalid_integer
subscriptions customer={customers}&items[0][price]={prices}
  cancel_at=1800000000000 parameter_invalid_integer
  trial_end=100000000000000000 parameter_invalid_integer
  backdate_start_date=-1000000000000000 parameter_invalid_integer
  billing_cycle_anchor=100000000000000000 parameter_invalid_integer
  collection_method=send_invoice&days_until_due=1000000000000000 parameter_invalid_integer
subscription_schedules customer={customers}&phases[0][items][0][price]={prices}
  start_date=100000000000000000 parameter_invalid_integer
  start_date=now&phases[0][end_date]=100000000000000000 parameter_invalid_integer
  start_date=now&phases[0][duration][interval]=year&phases[0][duration][interval_count]=1201 parameter_invalid_integer
invoices customer={customers}&collection_method=send_invoice
  due_date=1800000000000 parameter_invalid_integer
invoiceitems customer={customers}&amount=5&currency=usd
  period[start]=0&period[end]=1800000000000 parameter_invalid_integer
checkout/sessions mode=setup&currency=usd&success_url=https://example.com/
  customer_email=nobody email_invalid
tax_rates display_name=VAT&percentage=19&inclusive=false
  percentage=100.1 -
  percentage=8.12345 -
  percentage=-1 -
  display_name= parameter_invalid_empty
  display_name={x51} -
  country=Germany -
tax_rates/{tax_rates}
  display_name= parameter_invalid_empty
  percentage=5 parameter_unknown
credit_notes invoice={paid}&amount=100
  invoice={charges} resource_missing
  invoice={invoices} -
  amount=-100 -
  refund_amount=200&credit_amount=-100 parameter_invalid_integer
  lines[0][type]=custom_line_item parameters_exclusive amount
credit_notes
  invoice={paid} parameter_missing amount
  invoice={paid}&lines[0][type]=invoice_line_item parameter_missing lines[0][invoice_line_item]
  invoice={paid}&lines[0][type]=custom_line_item parameter_missing lines[0][unit_amount]
credit_notes invoice={paid}&lines[0][type]=custom_line_item&lines[0][unit_amount]=10
  lines[0][unit_amount]=-1 parameter_invalid_integer
  lines[0][quantity]=0 parameter_invalid_integer
  lines[0][unit_amount_decimal]=1.5 parameters_exclusive lines[0][unit_amount]
  lines[0][amount]=5 -
  lines[0][type]=invoice_line_item - lines[0][unit_amount]
billing/meters display_name=M&event_name=m&default_aggregation[formula]=sum
  event_name={x101} -
  event_name=calls resource_already_exists
  display_name={x251} -
  display_name= parameter_invalid_empty
  value_settings[event_payload_key]={x101} -
billing/meters/{meters}
  display_name= parameter_invalid_empty
billing/meter_events
  event_name=calls&payload[stripe_customer_id]={deleted}&payload[value]=1 resource_missing payload
  event_name=calls&payload[stripe_customer_id]={customers}&payload[value]=٣ - payload
  event_name=calls&payload[stripe_customer_id]={customers}&payload[value]=1e3 - payload
billing/meter_event_adjustments
  event_name=calls&type=cancel parameter_missing cancel[identifier]
  event_name=calls&type=cancel&cancel[identifier]=none resource_missing
entitlements/features
  name={x81}&lookup_key=k - name
  name=x&lookup_key={k81} -
  name=x&lookup_key= parameter_invalid_empty
entitlements/features/{features}
  name= parameter_invalid_empty
products/{products}/features
  entitlement_feature={products} resource_missing
"""
LATER = {"later": str(NOW + 6 * 366 * 86_400)}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Each wrong request: path, what is sent, and code and parameter of the refusal."""
    path = base = ""
    for line in WRONG.strip().splitlines():
        if not line.startswith(" "):
            path, _, base = line.partition(" ")
            continue
        wrong, code, *named = line.split()
        last = wrong.split("&")[-1].partition("=")[0]
        yield path, "&".join((base, wrong)), code, named[0] if named else last


def fields_of(sent: str, ids: dict[str, str]) -> dict[str, str]:
    """What is sent, with ids and long texts in their places; what comes later wins."""
    fields: dict[str, str] = {}
    for pair in sent.split("&"):
        name, _, value = pair.partition("=")
        if name not in ("", "-"):
            filled = re.sub(r"\{(\D)([0-9]+)\}", lambda found: found[1] * int(found[2]), value)
            fields[name] = filled.replace("%20", " ").format(**ids, **LATER)
    return fields


@pytest.fixture(scope="module")
def world() -> World:
    """One account for all: what is refused leaves it as it was."""
    return World()


@pytest.mark.parametrize(("path", "sent", "code", "param"), list(rows()))
def test_a_value_that_makes_no_sense_is_refused_by_its_name(
    world: World, path: str, sent: str, code: str, param: str
) -> None:
    before = world.emulator.store.snapshot()
    status, body = world.raw.post("/v1/" + path.format(**world.ids), fields_of(sent, world.ids))
    error = body.get("error", {})
    card = code.startswith(("invalid_expiry", "invalid_cvc"))
    assert (status, str(error.get("param"))) == (402 if card else 400, param), error.get("message")
    assert error.get("code") == (None if code == "-" else code)
    assert world.emulator.store.snapshot() == before
