"""The explorer in JupyterLab, with its kernel and without: one page, where the tests open notebooks in turn."""

import json
import subprocess
import sys

import nbformat
import pytest
from lab import Notebook, new_context, pixels, settles, write_notebook
from test_explorer import CONTROLS, EXPLORER, SETUP, moves

MISSING_MODEL = "model not found"


@pytest.fixture
def page(kept):
    return kept[0]


@pytest.fixture
def console_errors(kept):
    kept[1].clear()
    return kept[1]


@pytest.fixture
def notebook(page, server):
    """The explorer in a notebook that has just been run, by a kernel that goes on from test to test."""
    write_notebook(server.folder / "live.ipynb", SETUP, EXPLORER)
    opened = Notebook(page, server, "live.ipynb")
    opened.run_all()
    page.wait_for_selector(".camlib-explorer[data-live=true] .picture")
    assert opened.errors() == []
    return opened


def trait(notebook, name):
    return notebook.run_code(f"print(explorer_one.{name})")


def test_every_control_by_keyboard(notebook, page, console_errors):
    for selector, keys, name, value in CONTROLS:
        before = pixels(page)
        page.locator(".camlib-explorer").locator(selector).focus()
        for key in keys:
            page.keyboard.press(key)
        settles(lambda name=name: trait(notebook, name), value, page)
        if name != "scale":  # the predicted class spans the common scale by itself
            assert pixels(page) != before, f"{name} changed nothing in the picture"
    page.locator("[name=order]:checked").focus()
    page.keyboard.press("ArrowRight")
    settles(lambda: trait(notebook, "order"), "score", page)
    assert page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length") == 2  # no key reached the notebook
    assert console_errors == []


def test_tab_reaches_every_control_and_leaves(notebook, page):
    page.locator("[name=image_index]:checked").focus()
    reached = []
    for _ in range(20):
        reached.append(page.evaluate("""() => {
            const inside = document.activeElement.shadowRoot?.activeElement;
            return inside && (inside.name || inside.className); }"""))
        page.keyboard.press("Tab")
    expected = ["image_index", "picture", "class_index", "order", "against", "play", "step_index", "show_box",
                "threshold", "opacity", "smooth", "scale", "colormap"]
    assert [name for name in reached if name] == expected


def drag(page, selector, start, end):
    """Press at one fraction of an element's width and let go at another."""
    at = page.locator(".camlib-explorer").locator(selector).bounding_box()
    y = at["y"] + at["height"] / 2
    page.mouse.move(at["x"] + start * at["width"], y)
    page.mouse.down()
    page.mouse.move(at["x"] + (start + end) / 2 * at["width"], y)
    page.mouse.move(at["x"] + end * at["width"], y)
    page.mouse.up()


def test_every_slider_and_curve_by_pointer(notebook, page, console_errors):
    page.locator(".training").scroll_into_view_if_needed()
    for selector, start, end, name, value in [
        ("[name=step_index]", 0.99, 0.01, "step_index", "0"),
        (".curve", 0.1, 0.5, "step", "20"),
        ("[name=opacity]", 0.74, 1.0, "opacity", "1.0"),
        ("[name=threshold]", 0.22, 1.0, "threshold", "1.0"),
    ]:
        before = pixels(page)
        page.locator(".camlib-explorer").locator(selector).scroll_into_view_if_needed()
        drag(page, selector, start, end)
        settles(lambda name=name: trait(notebook, name), value, page)
        assert pixels(page) != before, f"{name} changed nothing in the picture"
    assert notebook.run_code("print(heard[-1])") == "2"
    assert console_errors == []


def test_thumbnails_classes_and_cells_by_pointer(notebook, page):
    explorer = page.locator(".camlib-explorer")
    before = pixels(page)
    explorer.locator(".image_index label").nth(2).click()
    settles(lambda: trait(notebook, "image_index"), "2", page)
    settles(lambda: trait(notebook, "class_index"), "2", page)  # looking at the predicted class, one goes on doing so
    assert pixels(page) != before
    explorer.locator(".class_index label").nth(5).click()
    settles(lambda: trait(notebook, "class_index"), "5", page)
    explorer.locator(".image_index label").nth(3).click()
    settles(lambda: trait(notebook, "image_index"), "3", page)
    assert trait(notebook, "class_index") == "5"  # chosen by hand, it stays
    canvas = explorer.locator(".picture")
    size = canvas.bounding_box()["width"]
    canvas.click(position={"x": size * 2.5 / 12, "y": size * 7.5 / 12})
    settles(lambda: trait(notebook, "cell"), "[7, 2]", page)
    value = float(notebook.run_code("print(maps[4, 3, 7, 2, 5])"))
    said = explorer.locator("p.cell").inner_text().replace("−", "-")
    assert "Row 7, column 2, from 0:" in said
    assert float(said.split(": ")[1].split(". ")[0]) == pytest.approx(value, abs=0.06)
    assert float(said.split("= ")[1].split(" ")[0]) == pytest.approx(value / 144, abs=0.001)


def test_the_sum_of_the_cells_is_the_logit(notebook, page):
    terms = [text.replace("−", "-") for text in page.locator(".sum b").all_inner_texts()]
    above, below, bias, logit = map(float, terms)
    assert above + below + bias == pytest.approx(logit, abs=0.016)
    assert logit == pytest.approx(float(trait(notebook, "logit")), abs=0.0051)
    parts = notebook.run_code("m = maps[4, 0, :, :, 0]; print(m.clip(0).mean(), m.clip(None, 0).mean())").split()
    assert (above, below) == pytest.approx(tuple(map(float, parts)), abs=0.0051)


def test_python_drives_every_control(notebook, page):
    for code, selector, read in [
        ("step = 20", "[name=step_index]", "2"),
        ("class_index = 4", "[name=class_index]:checked", "4"),
        ("image_index = 3", "[name=image_index]:checked", "3"),
        ("opacity = 0.35", "[name=opacity]", "0.35"),
        ("threshold = 0.6", "[name=threshold]", "0.6"),
        ("colormap = 'jet'", "[name=colormap]:checked", "jet"),
        ("against = 2", "[name=against]", "2"),
        ("against = None", "[name=against]", ""),
    ]:
        before = pixels(page)
        assert notebook.run_code(f"explorer_one.{code}") == ""
        settles(lambda s=selector: page.locator(".camlib-explorer").locator(s).input_value(), read, page)
        assert pixels(page) != before
    assert page.locator("output.iou").inner_text() == f"IoU {float(trait(notebook, 'iou')):.2f}"
    notebook.run_code("explorer_one.layout.width = '500px'")
    settles(lambda: page.locator(".camlib-explorer").bounding_box()["width"], 500, page)


def test_play_runs_to_the_last_step(notebook, page):
    page.locator(".play").click()
    settles(lambda: trait(notebook, "step"), "100", page)
    heard = json.loads(notebook.run_code("print(heard)"))
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] == 4  # a busy kernel hears the latest, not every one
    assert page.locator(".play").get_attribute("aria-pressed") == "false"


def test_a_closed_or_restarted_kernel_leaves_a_working_explorer(notebook, page, console_errors):
    page.locator("[name=step_index]").focus()
    page.keyboard.press("ArrowLeft")
    settles(lambda: trait(notebook, "step_index"), "3", page)
    notebook.run_code("explorer_one.close()")
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    assert page.locator("[name=step_index]").input_value() == "3"  # it goes on where it was
    for _ in range(2):
        before = pixels(page)
        page.locator("[name=step_index]").focus()
        page.keyboard.press("ArrowLeft")
        assert pixels(page) != before
        notebook.restart()
    notebook.run_all()
    page.wait_for_selector(".camlib-explorer[data-live=true] .picture")
    ours = [error for error in console_errors if "debugger state" not in error]  # JupyterLab's own, on a restart
    assert ours == []


def test_inside_another_widget(page, server, console_errors):
    write_notebook(server.folder / "boxed.ipynb", SETUP, "import ipywidgets\n" + EXPLORER.replace(
        "\nexplorer_one\n", "\nslider = ipywidgets.IntSlider(max=4)\n"
        "ipywidgets.link((slider, 'value'), (explorer_one, 'step_index'))\nipywidgets.VBox([slider, explorer_one])"))
    opened = Notebook(page, server, "boxed.ipynb")
    opened.run_all()
    step = page.locator("[name=step_index]")
    step.wait_for()
    opened.run_code("slider.value = 3")
    settles(step.input_value, "3", page)
    step.focus()
    page.keyboard.press("Home")
    settles(lambda: opened.run_code("print(slider.value)"), "0", page)
    opened.shut_down()
    assert console_errors == []


@pytest.fixture(scope="module")
def executed(server):
    """A notebook with one explorer, run, saved as JupyterLab does, its kernel gone; never changed by a test.

    Beside it lies `with_state.ipynb`, which also keeps the widgets' state, as nbconvert does.
    """
    path, with_state = (server.folder / name for name in ("executed.ipynb", "with_state.ipynb"))
    write_notebook(with_state, SETUP, EXPLORER)
    run = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace",
           "--ExecutePreprocessor.timeout=120", with_state.name]
    subprocess.run(run, cwd=server.folder, env=server.environment, check=True, timeout=180, capture_output=True)
    content = nbformat.read(with_state, as_version=4)
    assert content.metadata.pop("widgets")
    nbformat.write(content, path)
    server.trust(path.name, with_state.name)
    return path


@pytest.mark.parametrize("name, live", [("executed.ipynb", "false"), ("with_state.ipynb", "true")])
def test_reopened_without_its_kernel(page, server, executed, console_errors, name, live):
    """Where the state is kept, JupyterLab makes the widget's model anew from it, and the page takes that one up."""
    opened = Notebook(page, server, name)
    page.wait_for_selector(f".camlib-explorer[data-live={live}] .picture")
    moves(page)
    assert MISSING_MODEL not in page.locator("body").inner_text()
    assert console_errors == []
    opened.shut_down()


def test_untrusted_shows_the_still_picture(page, server, executed):
    content = nbformat.read(executed, as_version=4)
    content.cells.append(nbformat.v4.new_markdown_cell("A stranger's notebook."))
    nbformat.write(content, server.folder / "stranger.ipynb")
    opened = Notebook(page, server, "stranger.ipynb")
    picture = page.locator(".jp-OutputArea img[src^='data:image/jpeg']")
    picture.wait_for()
    assert picture.evaluate("(image) => image.naturalWidth") == 768
    assert page.locator("[name=step_index]").count() == 0  # and no slider that looks alive
    assert MISSING_MODEL not in page.locator("body").inner_text()
    opened.shut_down()


def test_nbconvert_page_without_server_or_network(browser, server, executed, tmp_path):
    convert = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", executed.name, "--output-dir", tmp_path]
    subprocess.run(convert, cwd=server.folder, env=server.environment, check=True, timeout=120, capture_output=True)
    context = new_context(browser, console_errors := [], offline=True)
    page = context.new_page()
    page.goto((tmp_path / "executed.html").as_uri())
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    moves(page)
    ours = [error for error in console_errors if "Failed to load resource" not in error and "require" not in error
            and "MathJax" not in error]  # nbconvert's own page asks the network for these
    context.close()
    assert ours == []
