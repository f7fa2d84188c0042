"""Every page of the portal, opened once in a real browser: it answers 200, its console is silent, axe finds nothing in
light on a screen and in dark on a phone, and nothing is wider than the phone."""

from __future__ import annotations

import pytest

from portal.web.unit_of_work import Portal
from tests.browser.pages import PAGES, PageOf, page_endpoints
from tests.fixtures.browser import Open
from tests.fixtures.server import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_every_page_has_a_row(portal_app: Portal) -> None:
    assert page_endpoints(portal_app) == set(PAGES)


@pytest.mark.parametrize("endpoint", sorted(PAGES))
def test_a_page_is_right_on_a_screen_and_on_a_phone_in_the_dark(endpoint: str, site: Site, tab: Open) -> None:
    row: PageOf = PAGES[endpoint]
    path = row.path(site)
    opened = tab(row.visitor)
    answer = opened.page.goto(path)
    assert answer is not None
    assert (answer.status, opened.page.url.removeprefix(site.url)) == (200, path)
    problems = opened.accessibility_problems()
    opened.turn_into_a_dark_phone()
    problems += opened.accessibility_problems()
    assert not problems, "\n" + "\n".join(problems)
    assert opened.overflow() <= 0
