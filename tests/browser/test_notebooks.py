"""Every notebook of the course as a learner meets it in JupyterLab, all in one page: as it comes, and run to its end.

nbval runs every cell of all of them. So here all are opened with their stored outputs, explorers included, and one
runs again, that comes to an explorer of a training run within seconds; `make test-all` runs a second.
CAMLIB_BROWSER_NOTEBOOKS chooses others to run: "all", or names parted by commas.
"""

import os
import shutil

import nbformat
import pytest
from lab import ROOT, Notebook, pixels

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
RUN = {"": ["00_start_here"], "all": NAMES}
CHOSEN = os.environ.get("CAMLIB_BROWSER_NOTEBOOKS", "")
CHOSEN = RUN.get(CHOSEN) or CHOSEN.split(",")
if unknown := set(CHOSEN) - set(NAMES):
    raise ValueError(f"CAMLIB_BROWSER_NOTEBOOKS names {', '.join(unknown)}: expected some of {', '.join(NAMES)}")


@pytest.fixture(scope="module")
def course(server):
    """The server's folder filled with a copy of the notebooks, trusted: running them changes nothing of ours."""
    shutil.copytree(ROOT / "notebooks", server.folder, dirs_exist_ok=True)
    server.trust(*(f"{name}.ipynb" for name in NAMES))
    return server


@pytest.fixture
def page(kept):
    return kept[0]


@pytest.fixture
def console_errors(kept):
    kept[1].clear()
    return kept[1]


@pytest.mark.parametrize("name", NAMES)
def test_as_it_comes(page, course, name, console_errors):
    """Its explorers move, though its kernel has run nothing, and every stored picture is in the page."""
    notebook = Notebook(page, course, f"{name}.ipynb")
    pictures = sum("image/png" in data and "text/html" not in data for data in stored(name, closed=False))
    page.wait_for_function("""(count) => count === [...document.querySelectorAll("[data-mime-type='image/png'] img")]
        .filter((image) => image.naturalWidth > 0).length""", arg=pictures)
    play_with_all(page, name)
    notebook.shut_down()
    assert console_errors == []


@pytest.mark.parametrize("name", [*CHOSEN, pytest.param("04_class_activation_maps", marks=pytest.mark.slow)])
def test_run_from_top_to_bottom(page, course, name, console_errors):
    notebook = Notebook(page, course, f"{name}.ipynb")
    notebook.run_all(timeout=900)
    assert notebook.errors() == []
    play_with_all(page, name, kernel=notebook)
    shown = os.environ.get("CAMLIB_SCREENSHOTS")
    if shown:
        for number, explorer in enumerate(page.locator(".camlib-explorer").all()):
            explorer.screenshot(path=f"{shown}/{name}_{number}.png")
    notebook.shut_down()
    assert console_errors == []


def stored(name, closed=True):
    """The contents of all stored outputs of a notebook, by their type; without `closed`, of those that are open."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4).cells
    return [output.get("data", {}) for cell in cells if closed or "hide-cell" not in cell.metadata.get("tags", ())
            for output in cell.get("outputs", [])]


def play_with_all(page, name, kernel=None):
    """Move every slider of every explorer that the notebook has; they speak with the kernel if there is one."""
    live = "true" if kernel else "false"
    count = sum("camlib-explorer" in data.get("text/html", "") for data in stored(name))
    page.wait_for_function("(n) => document.querySelectorAll('.camlib-explorer').length === n", arg=count)
    for number, explorer in enumerate(page.locator(".camlib-explorer").all()):
        explorer.scroll_into_view_if_needed()
        page.wait_for_function("([host, live]) => host.dataset.live === live", arg=[explorer.element_handle(), live])
        explorer.locator(".picture").wait_for()
        own = explorer.locator(".image_index label:has(canvas.own) input")
        if own.count() and own.is_checked():  # a blank sheet, on which no threshold finds a box
            explorer.locator(".image_index input").first.evaluate("(input) => input.click()")
        for slider in explorer.locator("input[type=range]").all():
            play_with(page, number, slider, kernel)


def play_with(page, number, slider, kernel):
    """Move a slider by keyboard and by pointer: the picture changes, and a kernel's trait says what it says."""
    name = slider.get_attribute("name")
    key = page.locator(".camlib-explorer").nth(number).get_attribute("data-key")
    code = ("import ipywidgets.widgets.widget as w; "
            f"print(next(x.{name} for x in w._instances.values() if getattr(x, '_key', '') == {key!r}))")
    away, place = ("End", 0.5) if name == "threshold" else ("Home", 0.6)
    at_start = slider.input_value()
    for move in (lambda: slider.press(away), lambda: click_at(slider, place)):
        before = pixels(page, number)
        move()
        assert pixels(page, number) != before, f"explorer {number}: {name} changed nothing in the picture"
        if kernel is None:
            continue
        for _ in range(300):
            if (told := float(kernel.run_code(code))) == float(slider.input_value()):
                break
            page.wait_for_timeout(100)
        assert told == float(slider.input_value())
    slider.fill(at_start)


def click_at(slider, fraction):
    box = slider.bounding_box()
    slider.click(position={"x": fraction * box["width"], "y": box["height"] / 2})
