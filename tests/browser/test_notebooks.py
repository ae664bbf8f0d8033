"""Every notebook of the course as a learner meets it: opened in JupyterLab, run from top to bottom, played with.

CAMLIB_BROWSER_NOTEBOOKS chooses others than the default: "all", or names parted by commas. By default the one that
trains for minutes is left to nbval.
"""

import os
import shutil

import pytest
from lab import ROOT, Notebook, pixels

SLOW = ("02_lenet_gap",)
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHOSEN = os.environ.get("CAMLIB_BROWSER_NOTEBOOKS", "")
if CHOSEN not in ("", "all"):
    if unknown := set(CHOSEN.split(",")) - set(NAMES):
        raise ValueError(f"CAMLIB_BROWSER_NOTEBOOKS names {', '.join(unknown)}: expected some of {', '.join(NAMES)}")
    NAMES = CHOSEN.split(",")
elif not CHOSEN:
    NAMES = [name for name in NAMES if name not in SLOW]


@pytest.fixture(scope="module")
def course(server):
    """The server's folder filled with a copy of the notebooks: running them changes nothing of ours."""
    shutil.copytree(ROOT / "notebooks", server.folder, dirs_exist_ok=True)
    return server


@pytest.mark.parametrize("name", NAMES)
def test_notebook(page, course, name, console_errors):
    notebook = Notebook(page, course, f"{name}.ipynb")
    notebook.run_all(timeout=900)
    assert notebook.errors() == []
    explorers = page.locator(".camlib-explorer")
    for number in range(explorers.count()):
        explorer = explorers.nth(number)
        explorer.scroll_into_view_if_needed()
        page.wait_for_function("(host) => host.dataset.live === 'true'", arg=explorer.element_handle())
        explorer.locator(".picture").wait_for()
        for slider in explorer.locator("input[type=range]").all():
            play_with(notebook, page, number, slider)
    shown = os.environ.get("CAMLIB_SCREENSHOTS")
    if shown:
        for number in range(explorers.count()):
            explorers.nth(number).screenshot(path=f"{shown}/{name}_{number}.png")
    notebook.shut_down()
    assert console_errors == []


def play_with(notebook, page, number, slider):
    """Move a slider by keyboard and by pointer: the picture changes, and the kernel's trait says what it says."""
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
        for _ in range(300):
            if (told := float(notebook.run_code(code))) == float(slider.input_value()):
                break
            page.wait_for_timeout(100)
        assert told == float(slider.input_value())
    slider.fill(at_start)


def click_at(slider, fraction):
    box = slider.bounding_box()
    slider.click(position={"x": fraction * box["width"], "y": box["height"] / 2})
