"""The path everybody takes, in a real browser over real HTTP, with JavaScript and without: sign up, choose a plan, pay
on the hosted page, see it, buy seats. With JavaScript it runs on both databases."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.browser import Open, Window
from tests.fixtures.server import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def follow(page: Page, link: str) -> None:
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name=link, exact=True).click()


def sign_up(page: Page, organisation: str) -> None:
    page.goto("/sign-up")
    page.get_by_label("Your name").fill("Fiona Founder")
    page.get_by_label("Company or team").fill(organisation)
    page.get_by_label("Work e-mail").fill(f"fiona@{organisation.lower()}.example.com")
    page.get_by_label("Password").fill("correct horse battery")
    press(page, "Create account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def choose_pro(page: Page, seats: int) -> None:
    follow(page, "Plans")
    plan = page.locator(".plan", has=page.get_by_role("heading", name="Pro", exact=True))
    plan.get_by_label("Seats").fill(str(seats))
    press(page, "Choose Pro")


def pay(window: Window, card: str) -> None:
    window.page.get_by_label("Street and number").fill("1 Harbour Street")
    window.page.get_by_label("Country").select_option("US")
    window.page.get_by_label(card).check()
    press(window.page, "Subscribe")


@pytest.mark.parametrize(
    "javascript",
    [
        pytest.param(True, id="with JavaScript", marks=pytest.mark.main_path),
        pytest.param(False, id="without JavaScript"),
    ],
)
def test_a_company_signs_up_pays_and_buys_seats(window: Open, site: Site, javascript: bool) -> None:
    opened = window(javascript=javascript)
    page = opened.page
    sign_up(page, "Fabrikam" if javascript else "Tailspin")
    choose_pro(page, seats=3)
    assert page.url.startswith(f"{site.emulator_url}/c/pay/")
    expect(page.get_by_role("main")).to_contain_text("$45.00")

    pay(opened, "Declined")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    # The browser notes the refusal, which answers 402 with the form.
    opened.errors.clear()
    pay(opened, "3-D Secure first")
    press(page, "Complete authentication")

    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_role("status").first).to_contain_text("Your plan has started")
    expect(page.get_by_role("main")).to_contain_text("Pro")

    follow(page, "Seats")
    page.get_by_role("spinbutton", name="Number of seats").fill("5")
    press(page, "Show the price")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change to 5 seats")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("status").first).to_contain_text("You now have 5 seats")
