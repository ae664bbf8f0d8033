"""The site that `make site` wrote, opened as files."""

import re

import pytest
from lab import ROOT, pixels
from links import follow

pytestmark = pytest.mark.slow
SITE = ROOT / "out" / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts)


@pytest.fixture
def asked(page):
    """The addresses that a page asks for."""
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def test_the_site_is_there_and_below_15_megabytes():
    assert "index.html" in PAGES, "make site writes it"
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 15e6


def test_every_link_leads_somewhere():
    count, faults = follow(SITE)
    assert count > 1000 and not faults


def test_learners_pages_hold_no_guide():
    assert not [path for path in PAGES if path.startswith("guide/")]
    for path in PAGES:
        text = (SITE / path).read_text("utf-8")
        assert "tag_guide" not in text and "tag_notes" not in text
    assert "model report" not in (SITE / "searchindex.js").read_text("utf-8").lower()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nothing_of_a_network(page, console_errors, asked, path):
    page.goto((SITE / path).as_uri())
    page.evaluate("window.MathJax?.startup.promise")
    page.wait_for_timeout(300)  # for what scripts ask for once the page is there
    assert page.locator("mjx-merror").count() == 0 and not console_errors
    assert all(address.startswith(("file:", "data:", "blob:")) for address in asked)
    if "math notranslate" in (SITE / path).read_text("utf-8"):
        page.locator("mjx-container svg").first.wait_for()


def test_an_explorer_is_alive(page):
    page.goto((SITE / "notebooks" / "04_class_activation_maps.html").as_uri())
    picture = page.locator(".camlib-explorer .picture").first
    picture.scroll_into_view_if_needed()
    before = pixels(page)
    picture.focus()
    page.keyboard.press("ArrowRight")
    assert pixels(page) != before


def test_search_finds_without_a_server(page):
    page.goto((SITE / "search.html").as_uri() + "?q=bootstrap")
    page.locator("#search-results li a").first.wait_for()
    assert re.search(r"\bbootstrap\b", page.locator("#search-results").inner_text())
