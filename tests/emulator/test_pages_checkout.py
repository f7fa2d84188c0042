"""The Checkout page: what it shows, how it is paid, and that nothing is left behind where it is not."""

from __future__ import annotations

from typing import Any

from stripe import Customer, Invoice
from stripe.checkout import Session

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.emulator.conftest import WallClock
from tests.emulator.site import Visitor
from tests.fixtures.emulator import client_of

SUCCESS = "https://shop.example.com/return?session={CHECKOUT_SESSION_ID}"
CANCEL = "https://shop.example.com/plans"


def opened(account: Account, visitor: Visitor, **params: Any) -> Session:
    """Create a session for a price of $20.00 a month and show its page."""
    items = params.pop("line_items", None) or [{"price": account.price().id, "quantity": 2}]
    sent: Any = {"mode": "subscription", "line_items": items, "success_url": SUCCESS, "cancel_url": CANCEL}
    known = {} if "customer" in params else {"customer_email": "ada@example.com"}
    sent |= {**known, **params}
    session = account.v1.checkout.sessions.create(sent)
    assert session.url is not None
    visitor.open(session.url)
    return session


def test_the_page_says_what_is_bought_and_what_it_costs(account: Account, visitor: Visitor) -> None:
    opened(account, visitor)
    page = visitor.page.text
    assert "Subscribe to Pro" in page
    assert "$40.00" in page
    assert "Then $40.00 per month" in page
    assert f'href="{CANCEL}"' in page


def test_paying_leads_back_to_the_merchant_with_the_sessions_id(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    answer = visitor.submit("Subscribe", card="visa")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"https://shop.example.com/return?session={session.id}"
    paid = account.v1.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")


def test_paying_twice_pays_once(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    visitor.submit("Subscribe")
    again = visitor.post(f"/c/pay/{session.id}", card="visa")
    assert again.status_code == 303
    assert len(account.v1.subscriptions.list().data) == 1


def test_a_declined_card_is_told_and_leaves_nothing_behind(account: Account, visitor: Visitor) -> None:
    opened(account, visitor)
    account.news()
    answer = visitor.submit("Subscribe", card="number", number="4000 0000 0000 0002")
    assert answer.status_code == 422
    assert "Your card was declined." in answer.text
    assert account.news() == []


def test_a_number_that_is_no_test_card_is_refused(account: Account, visitor: Visitor) -> None:
    opened(account, visitor)
    answer = visitor.submit("Subscribe", card="number", number="4000 1234 5678 9010")
    assert answer.status_code == 422
    assert "not one of Stripe’s test card numbers" in answer.text.replace("&#39;", "’")


def test_3d_secure_is_asked_and_completing_it_pays(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    visitor.submit("Subscribe", card="threeDSecureOnSetup")
    assert "3-D Secure" in visitor.page.text
    assert "$40.00" in visitor.page.text
    answer = visitor.submit("Complete authentication")
    assert answer.headers["Location"].endswith(session.id)
    assert account.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_failing_3d_secure_shows_the_page_again(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    visitor.submit("Subscribe", card="threeDSecureOnSetup")
    answer = visitor.submit("Fail authentication")
    assert answer.status_code == 422
    assert "failed authentication" in answer.text
    assert account.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_e_mail_address_is_asked_for_where_none_is_known(account: Account, visitor: Visitor) -> None:
    opened(account, visitor, customer_email="")
    answer = visitor.submit("Subscribe", email="nobody")
    assert answer.status_code == 422
    assert "Enter an e-mail address" in answer.text
    visitor.submit("Subscribe", email="ada@example.com")
    assert account.v1.customers.list().data[0].email == "ada@example.com"


def test_a_promotion_code_reduces_todays_total(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 25, "duration": "once"})
    account.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "QUARTER"}
    )
    session = opened(account, visitor, allow_promotion_codes=True)
    visitor.submit("Apply", code="quarter")
    assert "$30.00" in visitor.page.text
    assert "Then $40.00 per month" in visitor.page.text
    visitor.submit("Subscribe")
    assert account.v1.checkout.sessions.retrieve(session.id).amount_total == 3000


def test_the_page_says_how_long_a_discount_lasts(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 25, "duration": "repeating", "duration_in_months": 3})
    opened(account, visitor, discounts=[{"coupon": coupon.id}])
    assert "Then $30.00 per month for 3 months in all, then $40.00 per month" in visitor.page.text


def test_a_code_that_is_over_by_now_is_taken_off_and_told(account: Account, visitor: Visitor) -> None:
    coupon = account.v1.coupons.create({"percent_off": 25, "duration": "once"})
    code = account.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "QUARTER"}
    )
    session = opened(account, visitor, allow_promotion_codes=True)
    visitor.submit("Apply", code="QUARTER")
    account.v1.promotion_codes.update(code.id, {"active": False})
    answer = visitor.submit("Subscribe")
    assert answer.status_code == 422
    assert "no longer active" in answer.text
    visitor.submit("Subscribe")
    assert account.v1.checkout.sessions.retrieve(session.id).amount_total == 4000


def test_an_unknown_promotion_code_is_told(account: Account, visitor: Visitor) -> None:
    opened(account, visitor, allow_promotion_codes=True)
    answer = visitor.submit("Apply", code="NOPE")
    assert answer.status_code == 422
    assert "This promotion code is not valid." in answer.text


def test_an_adjustable_quantity_can_be_changed_within_its_bounds(account: Account, visitor: Visitor) -> None:
    item = {
        "price": account.price().id,
        "quantity": 2,
        "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5},
    }
    session = opened(account, visitor, line_items=[item])
    (line,) = account.v1.checkout.sessions.line_items.list(session.id).data
    assert visitor.submit("Update quantity", **{f"quantity_{line.id}": "6"}).status_code == 422
    visitor.submit("Update quantity", **{f"quantity_{line.id}": "5"})
    assert "$100.00" in visitor.page.text


def test_a_total_that_changed_meanwhile_is_shown_before_anything_is_charged(
    account: Account, visitor: Visitor
) -> None:
    session = opened(account, visitor)
    answer = visitor.post(f"/c/pay/{session.id}", card="visa", due="1")
    assert answer.status_code == 422
    assert "The total has changed." in answer.text
    assert account.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_tax_follows_the_address_and_is_shown_before_paying(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor, automatic_tax={"enabled": True})
    german = {"line1": "Street 1", "city": "Berlin", "country": "DE"}
    answer = visitor.submit("Subscribe", **german)
    assert answer.status_code == 422
    assert "$47.60" in answer.text
    visitor.submit("Subscribe")
    paid = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "customer"]})
    assert isinstance(paid.invoice, Invoice)
    assert (paid.amount_total, paid.invoice.total) == (4760, 4760)
    assert isinstance(paid.customer, Customer)
    assert paid.customer.address is not None
    assert paid.customer.address.city == "Berlin"


def test_tax_follows_the_customers_own_address_where_the_typed_one_is_not_kept(
    account: Account, visitor: Visitor
) -> None:
    customer = account.customer(None, address={"line1": "Main Street 1", "country": "US"})
    session = opened(
        account,
        visitor,
        customer=customer.id,
        automatic_tax={"enabled": True},
        billing_address_collection="required",
    )
    visitor.submit("Subscribe", line1="Weg 1", country="DE")
    paid = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert isinstance(paid.invoice, Invoice)
    assert (paid.amount_total, paid.invoice.total) == (4000, 4000)


def test_a_known_customer_without_an_address_or_e_mail_is_asked_for_them(
    account: Account, visitor: Visitor
) -> None:
    customer = account.customer(None, email="")
    session = opened(
        account,
        visitor,
        customer=customer.id,
        automatic_tax={"enabled": True},
        customer_update={"address": "auto"},
    )
    typed = {"email": "ada@example.com", "line1": "Street 1", "country": "DE", "phone": "5550100"}
    visitor.submit("Subscribe", **typed)
    visitor.submit("Subscribe", email="ada@example.com", phone="5550100")
    paid = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer"]})
    assert (paid.status, paid.amount_total) == ("complete", 4760)
    assert isinstance(paid.customer, Customer)
    assert paid.customer.address is not None
    assert (paid.customer.email, paid.customer.address.line1) == ("ada@example.com", "Street 1")
    assert paid.customer.phone is None


def test_a_trial_starts_without_a_charge(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor, subscription_data={"trial_period_days": 14})
    assert "14 days free" in visitor.page.text
    visitor.submit("Start trial")
    started = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert started.payment_status == "no_payment_required"
    assert getattr(started.subscription, "status", None) == "trialing"


def test_a_tax_id_of_the_wrong_shape_is_told_beside_its_field(account: Account, visitor: Visitor) -> None:
    opened(account, visitor, tax_id_collection={"enabled": True})
    answer = visitor.submit("Subscribe", tax_id_type="eu_vat", tax_id="1")
    assert answer.status_code == 422
    assert "Invalid value for eu_vat." in answer.text


def test_a_card_can_be_saved_without_buying_anything(account: Account, visitor: Visitor) -> None:
    customer = account.customer(card=None)
    session = account.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": SUCCESS}
    )
    visitor.open(session.url or "")
    visitor.submit("Save card")
    (card,) = account.v1.payment_methods.list({"customer": customer.id}).data
    assert card.card is not None
    assert card.card.last4 == "4242"


def test_what_is_known_of_a_customer_is_filled_in(account: Account, visitor: Visitor) -> None:
    address: Any = {"line1": "Main Street 1", "city": "Springfield", "country": "US"}
    customer = account.customer(address=address, name="Ada Ltd", phone="+1 555 010 0100")
    opened(
        account,
        visitor,
        customer=customer.id,
        billing_address_collection="required",
        phone_number_collection={"enabled": True},
    )
    for known in ("Main Street 1", "Springfield", "Ada Ltd", "+1 555 010 0100"):
        assert f'value="{known}"' in visitor.page.text
    visitor.submit("Subscribe", line1="")
    assert "Enter a street and number." in visitor.page.text


def test_a_price_described_in_place_can_be_subscribed_to(account: Account, visitor: Visitor) -> None:
    data = {
        "currency": "usd",
        "unit_amount": 700,
        "product_data": {"name": "Plain"},
        "recurring": {"interval": "month"},
    }
    session = opened(account, visitor, line_items=[{"price_data": data, "quantity": 1}])
    visitor.submit("Subscribe")
    assert account.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_a_phone_number_is_asked_for_and_kept(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor, phone_number_collection={"enabled": True})
    assert "Enter a phone number" in visitor.submit("Subscribe", phone="call me").text
    visitor.submit("Subscribe", phone="+1 555 010 0100")
    details = account.v1.checkout.sessions.retrieve(session.id).customer_details
    assert details is not None
    assert details.phone == "+1 555 010 0100" == account.v1.customers.list().data[0].phone


def test_terms_must_be_accepted_where_the_session_asks_for_it(account: Account, visitor: Visitor) -> None:
    words = {
        "terms_of_service_acceptance": {"message": "I agree to the rules."},
        "submit": {"message": "Soon."},
    }
    session = opened(account, visitor, consent_collection={"terms_of_service": "required"}, custom_text=words)
    assert "I agree to the rules." in visitor.page.text
    assert "Soon." in visitor.page.text
    assert "Accept the terms to go on." in visitor.submit("Subscribe").text
    visitor.submit("Subscribe", terms="on")
    consent = account.v1.checkout.sessions.retrieve(session.id).consent
    assert consent is not None
    assert consent.terms_of_service == "accepted"
    opened(account, visitor, consent_collection={"terms_of_service": "required"})
    assert "I agree to the terms of service of Test Merchant." in visitor.page.text


def test_a_tax_id_can_be_required(account: Account, visitor: Visitor) -> None:
    opened(account, visitor, tax_id_collection={"enabled": True, "required": "if_supported"})
    assert "Enter the number." in visitor.submit("Subscribe").text


def test_a_card_the_payer_asked_to_keep_is_offered_again(account: Account, visitor: Visitor) -> None:
    customer = account.customer(None)
    saving = {"payment_method_save": "enabled"}
    opened(account, visitor, customer=customer.id, saved_payment_method_options=saving)
    visitor.submit("Subscribe", save_card="on")
    (kept,) = account.v1.payment_methods.list({"customer": customer.id}).data
    session = opened(account, visitor, customer=customer.id)
    assert "Visa ending 4242" in visitor.page.text
    visitor.submit("Subscribe", card=kept.id)
    paid = account.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert getattr(paid.subscription, "default_payment_method", None) == kept.id
    assert len(account.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_a_card_kept_for_renewals_only_is_not_offered_unless_the_session_says_so(
    account: Account, visitor: Visitor
) -> None:
    customer = account.customer(None)
    opened(account, visitor, customer=customer.id)
    visitor.submit("Subscribe")
    (kept,) = account.v1.payment_methods.list({"customer": customer.id}).data
    session = opened(account, visitor, customer=customer.id)
    assert "ending 4242" not in visitor.page.text
    assert "no longer there" in visitor.post(f"/c/pay/{session.id}", card=kept.id).text
    filters = {"allow_redisplay_filters": ["limited"]}
    opened(account, visitor, customer=customer.id, saved_payment_method_options=filters)
    assert "ending 4242" in visitor.page.text


def test_a_change_in_another_tab_ends_a_3d_secure_for_the_old_amount(
    account: Account, visitor: Visitor
) -> None:
    coupon = account.v1.coupons.create({"percent_off": 25, "duration": "once"})
    account.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "LATE"})
    session = opened(account, visitor, allow_promotion_codes=True)
    visitor.submit("Subscribe", card="threeDSecureOnSetup")
    path = f"/c/pay/{session.id}"
    visitor.post(f"{path}/change", change="code", code="LATE")
    answer = visitor.post(f"{path}/authenticate", outcome="complete")
    assert answer.status_code == 200
    assert "$30.00" in answer.text
    assert account.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_expired_session_says_so(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    account.v1.checkout.sessions.expire(session.id)
    assert "Checkout has expired" in visitor.open(session.url or "").text
    assert "Checkout has expired" in visitor.post(f"/c/pay/{session.id}", card="visa").text


def test_a_session_expires_by_itself_after_a_day() -> None:
    clock = WallClock()
    emulator = Emulator(wall_clock=clock)
    session = opened(Account(emulator, client_of(emulator)), Visitor(emulator))
    clock.now += 24 * 3600
    assert "Checkout has expired" in Visitor(emulator).open(session.url or "").text


def test_a_session_of_a_deleted_customer_cannot_be_paid(account: Account, visitor: Visitor) -> None:
    customer = account.customer()
    session = opened(account, visitor, customer=customer.id)
    account.v1.customers.delete(customer.id)
    assert "Checkout has expired" in visitor.open(session.url or "").text
    assert "Checkout has expired" in visitor.post(f"/c/pay/{session.id}", card="visa").text


def test_a_session_goes_with_the_clock_of_its_customer(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor, customer=account.customer().id, allow_promotion_codes=True)
    account.v1.test_helpers.test_clocks.delete(account.clock)
    path = f"/c/pay/{session.id}"
    for address, sent in ((path, {"card": "visa"}), (f"{path}/change", {"change": "code", "code": "X"})):
        assert visitor.post(address, **sent).status_code == 404


def test_an_unknown_session_is_not_found(visitor: Visitor) -> None:
    assert visitor.open("/c/pay/cs_test_nothing").status_code == 404


def test_a_form_sent_by_another_web_site_is_refused(account: Account, visitor: Visitor) -> None:
    session = opened(account, visitor)
    answer = visitor.post(f"/c/pay/{session.id}", site="cross-site", card="visa")
    assert answer.status_code == 403
    assert account.v1.checkout.sessions.retrieve(session.id).status == "open"
