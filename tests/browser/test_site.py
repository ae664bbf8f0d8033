"""The site that `make site` wrote, opened as files."""

import base64
import io
import re

import nbformat
import pytest
from lab import ROOT, contrasts, pixels, sphinx
from links import follow
from PIL import Image

from course import build
from course.edition import edition
from docs import pages

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
    files = [path for path in SITE.rglob("*") if path.is_file() and SITE / "browser" not in path.parents]  # TRY=1's
    assert sum(path.stat().st_size for path in files) < 15e6


def test_every_link_leads_somewhere():
    count, faults = follow(SITE)
    assert count > 1000 and not faults


def test_learners_pages_hold_no_guide():
    assert not [path for path in PAGES if path.startswith("guide/")]
    for path in PAGES:
        text = (SITE / path).read_text("utf-8")
        assert "tag_guide" not in text and "tag_notes" not in text
    assert "guide/" not in (SITE / "searchindex.js").read_text("utf-8")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_nothing_of_a_network(page, console_errors, asked, path):
    page.goto((SITE / path).as_uri())
    page.evaluate("window.MathJax?.startup.promise")
    page.wait_for_timeout(300)  # for what scripts ask for once the page is there
    assert page.locator("mjx-merror").count() == 0 and not console_errors
    assert all(address.startswith(("file:", "data:", "blob:")) for address in asked)
    if "math notranslate" in (SITE / path).read_text("utf-8"):
        page.locator("mjx-container svg").first.wait_for()


@pytest.fixture(scope="module")
def teachers_site(tmp_path_factory):
    """The site as `make site TEACHERS=1` makes it, with one notebook more: of a figure with a text alternative."""
    folder = tmp_path_factory.mktemp("teachers")
    pages.gather(folder / "pages", teachers=True)
    picture = io.BytesIO()
    Image.new("RGB", (40, 20)).save(picture, "png")
    figure = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(picture.getvalue()).decode()},
                                    metadata={"image/png": {"alt": "Two scenes, labels “3” & 7", "width": 20}})
    cells = [nbformat.v4.new_markdown_cell("# 09"), nbformat.v4.new_code_cell("plot()", outputs=[figure])]
    build.write(pages.to_read(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": build.KERNEL})),
                folder / "pages" / "notebooks" / "09_figure.ipynb")
    sphinx(folder / "pages", folder / "site")
    return folder / "site"


def test_teachers_have_a_guide_to_each_notebook_and_its_links_lead_somewhere(teachers_site):
    guides = {path.stem for path in (teachers_site / "guide").glob("*.html")}
    assert guides == {f"{source.stem}_guide" for source in build.chosen(edition())}
    assert not follow(teachers_site)[1]


def test_a_figure_on_a_page_has_the_words_of_its_output(page, teachers_site):
    page.goto((teachers_site / "notebooks" / "09_figure.html").as_uri())
    figure = page.get_by_role("img", name="Two scenes, labels “3” & 7", exact=True)
    assert figure.evaluate("(image) => [image.naturalWidth, image.width]") == [40, 20]


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("notebooks/")])
def test_code_fits_and_what_is_wider_can_be_scrolled(page, path, width):
    """At 1280 px, of which a scroll bar takes 15, a box holds 92 columns; nothing is wider than the page."""
    page.set_viewport_size({"width": width - 15, "height": 900})
    page.goto((SITE / path).as_uri())
    boxes = page.evaluate("""() => [...document.querySelectorAll("article pre, article table")].map((box) => {
        const frame = box.closest("pre, .pst-scrollable-table-container") ?? box;
        return { text: box.innerText, code: !!box.closest(".cell_input"), over: frame.scrollWidth - frame.clientWidth,
                 scrolls: ["auto", "scroll"].includes(getComputedStyle(frame).overflowX) };
    })""")
    assert page.evaluate("document.documentElement.scrollWidth") <= width - 15
    too_wide = [box for box in boxes if box["over"] > 0]
    assert any(box["code"] for box in boxes) and all(box["scrolls"] for box in too_wide)
    if width >= 1280:
        assert not [box["text"] for box in too_wide
                    if box["code"] or max(map(len, box["text"].splitlines())) <= 92]


@pytest.mark.parametrize("system, chosen", [("light", None), ("dark", None), ("light", "dark"), ("dark", "light")])
def test_text_can_be_read_in_the_systems_theme_and_in_the_readers(page, system, chosen):
    """Of the explorer, code, outputs and prose: 4.5 : 1 on what lies behind them (WCAG AA)."""
    page.emulate_media(color_scheme=system)
    page.goto((SITE / "notebooks" / "04_class_activation_maps.html").as_uri())
    if chosen:
        page.locator(".theme-switch-button:visible").click()
        page.locator(f".theme-change-button[data-mode={chosen}]:visible").click()
    assert page.evaluate("document.documentElement.dataset.theme") == (chosen or system)
    page.locator(".camlib-explorer .picture").first.wait_for()
    found = contrasts(page, """[...document.querySelector(".camlib-explorer").shadowRoot.querySelectorAll(
            ".name, .z, .p, .step, .ticks, .legend, p.cell, .group > span, .tour li, .tour button, .terms button"),
        ...document.querySelectorAll("article p, .cell_input pre, .cell_output pre")]""")
    assert len(found) > 100 and not [words for contrast, words, _ in found if contrast < 4.5]


def test_every_picture_has_words(page):
    """Sphinx gives the name of its file, a hash, to a picture without."""
    for path in PAGES:
        page.goto((SITE / path).as_uri())
        told = page.evaluate("[...document.querySelectorAll('article img')].map((image) => image.alt)")
        assert not [words for words in told if not words.strip() or words.endswith((".png", ".jpeg"))]


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
