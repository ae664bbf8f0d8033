"""The decks that `make slides` wrote, opened as files: no request leaves the machine, every slide fits its page."""

import re

import pytest
from lab import ROOT, pixels

pytestmark = pytest.mark.slow
FOLDER = ROOT / "out" / "slides"
DECKS = sorted(FOLDER.glob("session_*.html"))


@pytest.fixture
def asked(page):
    """The addresses that a page asks for."""
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def open_deck(page, path, query=""):
    page.goto(path.as_uri() + query)
    page.wait_for_function("Reveal.isReady() && MathJax.startup.promise")
    page.evaluate("MathJax.typesetPromise()")
    return page.evaluate("Reveal.getTotalSlides()")


def at(page):
    return page.evaluate("Reveal.getIndices().h")


def explorer_slide(page):
    """Show the slide with the first explorer, all fragments out."""
    number = page.evaluate("Reveal.getSlides().findIndex((slide) => slide.querySelector('.camlib-explorer'))")
    if number < 0:
        pytest.skip("this deck has no explorer")
    page.evaluate(f"Reveal.slide({number}, 0, 99)")
    page.locator(".camlib-explorer .picture").first.wait_for()
    return number


def test_there_are_decks():
    assert DECKS, "make slides writes them"


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_every_slide_fits_and_nothing_is_fetched(page, console_errors, asked, path):
    too_high = []
    for number in range(open_deck(page, path)):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        page.wait_for_timeout(100)  # explorers draw when they are shown
        height, words = page.evaluate("(({ scrollHeight, innerText }) => [scrollHeight, innerText])"
                                      "(Reveal.getCurrentSlide())")
        if height > 720:
            too_high.append(f"slide {number + 1} is {height} high: {words[:40]!r}")
    assert not too_high and not console_errors
    assert all(address.startswith(("file:", "data:", "blob:")) for address in asked)
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_text_of_an_explorer_is_read_from_the_last_row(page, path):
    """At least 16 of the 720 px of a page's height."""
    open_deck(page, path)
    explorer_slide(page)
    sizes = page.locator(".camlib-explorer").first.evaluate("""(explorer) => {
        const has = (node) => [...node.childNodes].some((part) => part.nodeName === "#text" && part.data.trim());
        return [...explorer.shadowRoot.querySelectorAll(".camlib-app *")]
            .filter((node) => node.checkVisibility() && has(node))
            .map((node) => [explorer.currentCSSZoom * parseFloat(getComputedStyle(node).fontSize), node.innerText]);
    }""")
    assert len(sizes) > 20 and not [(size, text) for size, text in sizes if size < 16 - 1e-3]


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_arrows_in_an_explorer_move_its_cell_and_elsewhere_turn_the_page(page, path):
    open_deck(page, path)
    number, picture = explorer_slide(page), page.locator(".camlib-explorer .picture").first
    picture.focus()
    before = pixels(page)
    for key in ("ArrowRight", "ArrowDown", "Escape", "ArrowRight"):
        page.keyboard.press(key)
    assert at(page) == number and not page.evaluate("Reveal.isOverview()") and pixels(page) != before
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowLeft")  # the fragment goes, or the page turns
    assert at(page) == number - 1 or not page.evaluate("Reveal.getCurrentSlide().querySelector('.fragment.visible')")


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_a_deck_prints_a_slide_a_page(page, path):
    slides = open_deck(page, path)  # in print, Reveal counts while it lays pages out
    open_deck(page, path, "?print-pdf")
    page.wait_for_selector("html.print-pdf .pdf-page")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == slides


def test_the_speaker_sees_notes_that_the_room_does_not(page):
    path = next(path for path in DECKS if 'class="notes"' in path.read_text("utf-8"))
    open_deck(page, path)
    page.evaluate("Reveal.slide(Reveal.getSlides().findIndex((slide) => slide.querySelector('aside.notes')))")
    note = page.evaluate("Reveal.getSlideNotes()")
    assert note.strip() and not page.locator("section.present aside.notes").is_visible()
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    opened.value.locator(".speaker-controls-notes .value").filter(has_text=re.compile(r"\w")).wait_for()
