"""A picture of the reader's own: drawn, erased and moved by pointer, finger and keys, in pages and in JupyterLab."""

import numpy as np
import pytest
from lab import Notebook, new_context, pixels, settles, write_notebook

import camlib
from camlib.boxes import largest_box

# Strokes as a hand draws them, in a frame of width 13 and height 20, y downwards
DIGITS = {
    0: [[(6.5, 0), (2, 3), (0, 10), (2, 17), (6.5, 20), (11, 17), (13, 10), (11, 3), (6.5, 0)]],
    1: [[(7, 0), (6.5, 20)]],
    2: [[(1, 4), (4, 0), (9, 0), (12, 4), (11, 8), (6, 14), (1, 20), (13, 20)]],
    3: [[(1, 2), (5, 0), (10, 1), (11, 5), (9, 8), (5, 10), (10, 11), (12, 15), (9, 19), (4, 20), (0, 18)]],
    4: [[(4, 0), (1, 10), (12, 10)], [(10, 1), (9, 20)]],
    5: [[(12, 0), (3, 0), (2, 8), (7, 7), (11, 10), (12, 15), (8, 19), (3, 20), (0, 18)]],
    6: [[(10, 0), (5, 4), (1, 11), (1, 16), (5, 20), (10, 18), (11, 14), (8, 11), (3, 12), (1, 15)]],
    7: [[(0, 0), (13, 0), (9, 9), (6, 20)]],
    8: [[(10, 3), (6, 0), (2, 3), (4, 8), (9, 12), (11, 16), (7, 20), (2, 17), (3, 13), (9, 7), (10, 3)]],
    9: [[(11, 4), (7, 0), (2, 2), (1, 7), (5, 10), (10, 8), (11, 3), (10, 12), (9, 20)]],
}
SETUP = """
import numpy as np, camlib
run, scenes = camlib.shipped_run(), camlib.make_scenes(camlib.load_split()[1], 4)
story = camlib.explain_run(run, scenes.images)
"""
EXPLORER = """
tour = [("It may be a 7. [Look at the 7].", dict(class_index=7)),
        ("[Early on], there was nothing.", dict(step=run.steps[0])),
        ("At the end, [open the sum] of one cell.", dict(step=run.steps[-1], show_terms=True, cell=[10, 12])),
        ("[Draw one] yourself.", dict(image_index=4, show_terms=False))]
views = camlib.explorer(scenes.images, story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy,
                        labels=scenes.labels, boxes=scenes.boxes, network=run, title="Own", tour=tour)
views
"""


class Sheet:
    """An explorer's own picture, as a reader has it."""

    def __init__(self, page):
        self.page, self.app = page, page.locator(".camlib-explorer")
        self.app.locator(".image_index label").last.click()

    def tool(self, name):
        self.app.locator(".tool label", has_text=name).click()

    def press(self, name):
        self.app.get_by_role("button", name=name, exact=True).click()

    def at(self, x, y):
        box = self.app.locator(".picture").bounding_box()
        return box["x"] + x / 100 * box["width"], box["y"] + y / 100 * box["height"]

    def gesture(self, *points):
        self.app.locator(".picture").scroll_into_view_if_needed()
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=2)
        self.page.mouse.up()

    def digit(self, name, x=40, y=40):
        for stroke in DIGITS[name]:
            self.gesture(*((x + u, y + v) for u, v in stroke))

    def image(self):
        """The ink, read off the thumbnail: uint8, (100, 100)."""
        pixels(self.page)
        values = self.app.locator("canvas.own").evaluate(
            "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 100, 100).data].filter((_, i) => i % 4 === 0)")
        return (255 - np.reshape(values, (100, 100))).astype(np.uint8)

    def numbers(self, selector):
        texts = self.app.locator(selector).all_inner_texts()
        return np.array([float(text.replace("\u2212", "-")) for text in texts])

    def predicted(self):
        pixels(self.page)
        return int(np.argmax(self.numbers(".z")))

    def says_what_keras_says(self, network):
        """Logits, sum and box of the page against `explain` of the picture in it; returns that."""
        seen = camlib.explain(network, self.image()[None])
        shown = int(self.app.locator("[name=class_index]:checked").input_value())
        assert self.numbers(".z") == pytest.approx(seen.logits[0], abs=0.0051)
        assert self.numbers(".sum b")[[0, 3]] == pytest.approx(
            [seen.maps[0, :, :, shown].clip(0).mean(), seen.logits[0, shown]], abs=0.0051)
        return seen


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    exec(SETUP + EXPLORER, names := {})
    return names["views"].save_html(folder / "page.html")


@pytest.fixture
def sheet(page, saved):
    """The own picture, blank, in a saved page without a network."""
    page.context.set_offline(True)
    page.goto(saved.as_uri())
    page.locator(".camlib-explorer[data-live=false] .picture").wait_for()
    return Sheet(page)


@pytest.fixture(scope="module")
def network():
    return camlib.shipped_run().load()


def test_ten_digits_drawn_are_read(sheet, network, console_errors):
    read = []
    for name in DIGITS:
        sheet.digit(name, 30 + 4 * name, 60 - 4 * name)
        read.append(sheet.predicted())
        assert int(sheet.app.locator("[name=class_index]:checked").input_value()) == read[-1]  # the view goes along
        sheet.says_what_keras_says(network)
        sheet.press("Clear")
    assert sum(a == b for a, b in zip(read, DIGITS)) >= 9, read
    assert console_errors == []


def test_at_every_move_map_numbers_and_pinned_cell_follow(sheet, network):
    sheet.tool("Point")
    sheet.page.mouse.click(*sheet.at(50, 42))
    sheet.tool("Draw")
    sheet.page.mouse.move(*sheet.at(40, 40))
    sheet.page.mouse.down()
    pictures, said = set(), []
    for x in range(42, 56, 2):
        sheet.page.mouse.move(*sheet.at(x, 40 + x % 3))
        pictures.add(pixels(sheet.page))
        seen = sheet.says_what_keras_says(network)  # in the midst of the stroke
        shown = int(sheet.app.locator("[name=class_index]:checked").input_value())
        said = sheet.app.locator("p.cell").inner_text().replace("\u2212", "-")
        assert said.startswith("Row 10, column 12, from 0: ")
        assert float(said.split(": ")[1].split(". ")[0]) == pytest.approx(seen.maps[0, 10, 12, shown], abs=0.51)
    sheet.page.mouse.up()
    assert len(pictures) == 7


def test_where_webassembly_is_refused_javascript_says_the_same(browser, saved, network):
    context = new_context(browser)
    context.add_init_script("WebAssembly.instantiate = () => Promise.reject(new Error('refused'));")
    page = context.new_page()
    page.goto(saved.as_uri())
    sheet = Sheet(page)
    sheet.digit(3)
    assert sheet.predicted() == 3
    sheet.says_what_keras_says(network)
    context.close()


def test_whoever_looks_at_a_class_goes_on_looking_at_it(sheet):
    sheet.digit(7)
    sheet.app.locator(".class_index label").nth(1).click()
    before = sheet.numbers(".z")[1]
    sheet.gesture((41, 50), (53, 50))  # a bar: against the 1
    assert sheet.app.locator("[name=class_index]:checked").input_value() == "1"
    assert sheet.predicted() == 7 and sheet.numbers(".z")[1] < before


def test_undo_clear_and_other_pictures_lose_nothing(sheet):
    sheet.digit(4)
    four = sheet.image()
    sheet.tool("Erase")
    sheet.gesture((52, 50), (40, 50))
    assert 0 < sheet.image().sum() < four.sum()
    sheet.press("Undo")
    assert (sheet.image() == four).all()
    sheet.press("Clear")
    assert not sheet.image().any() and sheet.app.get_by_role("button", name="Clear").is_disabled()
    sheet.page.keyboard.press("Control+z")
    assert (sheet.image() == four).all()
    sheet.app.locator(".image_index label").first.click()
    sheet.press("Draw on this picture")
    assert sheet.image().sum() > four.sum()
    sheet.press("Undo")
    assert (sheet.image() == four).all()
    for label in (1, 4):
        sheet.app.locator(".image_index label").nth(label).click()
    for key in ("Home", "End"):
        sheet.app.locator("[name=step_index]").press(key)
    assert (sheet.image() == four).all() and sheet.app.locator(".size").inner_text().startswith("This digit is 2")
    for _ in range(2):
        sheet.press("Undo")
    assert not sheet.image().any() and sheet.app.get_by_role("button", name="Undo").is_disabled()


def test_the_steps_are_those_whose_weights_are_here(sheet):
    sheet.digit(2)
    step, slider = sheet.app.locator("output.step"), sheet.app.locator("[name=step_index]")
    run, seen = camlib.shipped_run(), []
    for key, expected in (("ArrowLeft", 145), ("ArrowLeft", 145), ("ArrowRight", 2100), ("Home", 145), ("End", 2100)):
        slider.press(key)
        assert step.inner_text() == str(expected)
        seen.append(pixels(sheet.page))
        sheet.says_what_keras_says(run.load(expected))
    assert len(set(seen)) == 2
    settles(lambda: sheet.app.locator("path.chance").get_attribute("d").count("L"), 1, sheet.page)  # both are known


def test_a_scene_comes_apart_and_its_digit_goes_over_the_edge(sheet, network):
    sheet.app.locator(".image_index label").nth(2).click()
    sheet.press("Draw on this picture")
    names = {}
    exec(SETUP, names)
    scene, (x0, y0, x1, y1) = names["scenes"].images[2], names["scenes"].boxes[2].tolist()
    assert (sheet.image() == scene).all()
    sheet.tool("Move")
    y, x = np.unravel_index(np.where(scene[y0:y1, x0:x1] > 200, 1, 0).argmax(), (y1 - y0, x1 - x0))
    sheet.gesture((x0 + x + 0.5, y0 + y + 0.5), (x0 + x + 0.5, y0 + y + 0.5 - (y0 + y1) / 2))
    moved = sheet.image()
    half = scene[y0:y1, x0:x1][(y1 - y0) // 2:]
    assert abs(int(moved[: len(half), x0:x1].sum()) - int(half.sum())) <= 0.25 * half.sum()  # clutter may be about
    sheet.says_what_keras_says(network)


def test_scraps_are_scattered_anew(sheet):
    sheet.digit(5)
    five, seen = sheet.image(), set()
    for _ in range(3):
        sheet.press("Scatter scraps")
        image = sheet.image()
        assert (image >= five).all() and image.sum() > five.sum()
        seen.add(image.tobytes())
    assert len(seen) == 3


def test_pieces_by_keyboard(sheet):
    sheet.digit(1, 20, 20)
    sheet.digit(7, 60, 60)
    before = sheet.image()
    sheet.tool("Move")
    pieces = sheet.app.locator(".piece")
    settles(pieces.count, 2, sheet.page)
    assert pieces.nth(1).get_attribute("aria-label").startswith("digit 2 of 2, 1")
    sheet.app.locator(".picture").focus()
    sheet.page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Shift+ArrowDown"):
        sheet.page.keyboard.press(key)
    expected = np.zeros_like(before)
    expected[6:, 2:] = before[:-6, :-2]
    assert (sheet.image()[:56] == expected[:56]).all() and (sheet.image()[56:] == before[56:]).all()
    sheet.page.keyboard.press("Delete")
    assert not sheet.image()[:56].any() and pieces.count() == 1
    assert sheet.page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "piece"
    for _ in range(5):
        sheet.page.keyboard.press("Control+z")
    assert (sheet.image() == before).all()
    settles(lambda: sheet.app.locator("p[aria-live]").inner_text().split(".")[0],
            f"Your picture is read as {sheet.predicted()}", sheet.page)


def test_a_finger_draws_and_does_not_scroll(browser, saved, console_errors):
    context = new_context(browser, console_errors, has_touch=True, viewport={"width": 420, "height": 500})
    page = context.new_page()
    page.goto(saved.as_uri())
    sheet = Sheet(page)
    sheet.app.locator(".picture").scroll_into_view_if_needed()
    touch, scrolled = context.new_cdp_session(page), page.evaluate("scrollY")
    points = [(45 + i, 40 + 2 * i) for i in range(11)]
    for kind, at in [("touchStart", points[0]), *(("touchMove", point) for point in points[1:]), ("touchEnd", None)]:
        where = [dict(zip("xy", sheet.at(*at)))] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    drawn = sheet.image()
    y, x = np.nonzero(drawn > 128)
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((44, 55, 39, 60), abs=1.5)
    fingers = [[(20, 20), (70, 70)], [(30, 20), (70, 80)], []]  # of two at once, the first draws
    for kind, points in zip(("touchStart", "touchMove", "touchEnd"), fingers):
        places = [dict(zip("xy", sheet.at(*at)), id=number) for number, at in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    both = sheet.image()
    assert both[20, 20:30].min() > 128 and (both[60:] == drawn[60:]).all()
    assert page.evaluate("scrollY") == scrolled and console_errors == []
    context.close()


def test_a_gesture_outlives_what_python_does_meanwhile(page, saved, console_errors):
    """The piece that is dragged is taken away, all is undone, another picture comes: the pointer may still be down."""
    page.goto(saved.as_uri())
    sheet = Sheet(page)
    sheet.digit(1, 20, 20)
    sheet.tool("Move")
    page.mouse.move(*sheet.at(27, 30))
    page.mouse.down()
    for _ in range(5):
        page.keyboard.press("Control+z")
    page.mouse.move(*sheet.at(60, 60), steps=3)
    page.mouse.up()
    assert not sheet.image().any()
    sheet.tool("Draw")
    sheet.digit(1, 20, 20)
    assert sheet.predicted() == 1 and console_errors == []


def test_a_blank_sheet_is_blank(sheet, network):
    """Its maps are not quite zero, and a scale of their own would show that as evidence."""
    shown = sheet.app.locator(".picture").evaluate("""(canvas) => canvas.getContext("2d").getImageData(
        0, 0, canvas.width, canvas.height).data.reduce((least, byte) => Math.min(least, byte))""")
    assert shown >= 235 and sheet.app.locator(".iou").inner_text() == "no box"
    assert abs(camlib.explain(network, sheet.image()[None]).maps).max() > 0 and not sheet.image().any()
    bars = sheet.app.locator(".bars .logit").evaluate_all("(bars) => bars.map((bar) => parseFloat(bar.style.width))")
    assert max(bars) < 10  # percent, of 50
    sheet.digit(7)
    assert sheet.app.locator(".iou").inner_text() == ""
    assert sheet.app.locator(".logit").nth(7).evaluate("(bar) => parseFloat(bar.style.width)") == 50


def test_what_is_printed_of_a_blank_sheet_has_a_digit(sheet):
    sheet.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    exec(SETUP, names := {})
    (x0, y0, x1, y1), scene = names["scenes"].boxes[0], names["scenes"].images[0]
    printed = sheet.image()
    assert (printed[y0:y1, x0:x1] == scene[y0:y1, x0:x1]).all() and printed.sum() == scene[y0:y1, x0:x1].sum()
    assert int(sheet.app.locator("[name=class_index]:checked").input_value()) == names["scenes"].labels[0]
    sheet.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not sheet.image().any() and sheet.app.get_by_role("button", name="Undo").is_disabled()
    sheet.digit(4)
    four = sheet.image()
    for event in ("beforeprint", "afterprint"):
        sheet.page.evaluate(f"dispatchEvent(new Event('{event}'))")
        assert (sheet.image() == four).all()  # what the reader has drawn is printed as it is


def test_size_is_told(sheet):
    sheet.gesture((50, 20), (50, 60))
    said = sheet.app.locator(".size")
    assert said.inner_text() == ("This digit is 44 pixels high, in training they were about 20: so the network has "
                                 "never learnt what it says of this one.")
    sheet.press("Clear")
    sheet.digit(1)
    assert said.inner_text() == "This digit is 24 pixels high, in training they were about 20."
    sheet.press("Clear")
    assert "dashed square" in sheet.app.locator(".size").inner_text()
    guide = sheet.app.locator(".guide").bounding_box()
    assert guide["height"] == pytest.approx(sheet.app.locator(".picture").bounding_box()["height"] / 5, abs=2)


def test_in_a_notebook_python_has_what_was_drawn_and_draws_itself(page, server, console_errors):
    write_notebook(server.folder / "own_picture.ipynb", SETUP, EXPLORER, "other = 1")
    opened = Notebook(page, server, "own_picture.ipynb")
    opened.run_all()
    page.locator(".camlib-explorer[data-live=true] .picture").wait_for()
    opened.run_code("heard = []; views.observe(lambda change: heard.append(change.new.sum()), 'own_image')")
    sheet = Sheet(page)
    sheet.digit(4)
    image = sheet.image()
    settles(lambda: opened.run_code("print(views.own_image.sum(), len(heard))"), f"{image.sum()} 2", page)
    assert opened.run_code("print(views.image_index, views.class_index)") == f"4 {sheet.predicted()}"
    logits = opened.run_code("print(*camlib.explain(run.load(), views.own_image[None]).logits[0])").split()
    assert sheet.numbers(".z") == pytest.approx([float(z) for z in logits], abs=0.0051)
    box = opened.run_code("print(views.box, views.logit)")
    assert box.endswith(logits[sheet.predicted()][:5]) or float(box.split()[-1]) == pytest.approx(
        float(logits[sheet.predicted()]), abs=1e-3)

    page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")  # another cell
    settles(lambda: opened.run_code("print(other)"), "1", page)
    assert (sheet.image() == image).all()

    opened.run_code("views.own_image = scenes.images[1]")
    expected = camlib.make_scenes(camlib.load_split()[1], 4).images[1]
    settles(lambda: bool((sheet.image() == expected).all()), True, page)
    sheet.press("Undo")
    assert (sheet.image() == image).all()
    settles(lambda: opened.run_code("print(views.own_image.sum())"), str(image.sum()), page)
    assert page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length") == 3
    opened.run_code("views.close()")
    page.locator(".camlib-explorer[data-live=false] .picture").wait_for()
    assert (sheet.image() == image).all() and console_errors == []
    opened.shut_down()


def test_a_page_saved_after_drawing_has_the_drawing(page, tmp_path):
    names = {}
    exec(SETUP + EXPLORER, names)
    views, scenes = names["views"], names["scenes"]
    views.own_image, views.image_index, views.class_index = scenes.images[3][::-1].copy(), 4, 2
    page.goto(views.save_html(tmp_path / "page.html").as_uri())
    page.locator(".camlib-explorer[data-live=false] .picture").wait_for()
    assert page.locator("[name=image_index]:checked").input_value() == "4"
    sheet = Sheet(page)
    assert (sheet.image() == scenes.images[3][::-1]).all()
    assert sheet.numbers(".sum b")[3] == pytest.approx(views.logit, abs=0.0051)
    box = largest_box(camlib.upsample(camlib.explain(names["run"].load(), views.own_image[None]).maps[0, :, :, 2],
                                      (100, 100)), 0.2)
    assert views.box == box


def sum_shown(app):
    """Of the opened sum: features, terms as printed, the rest as printed; and what the cell's line says."""
    app.page.evaluate("new Promise(requestAnimationFrame)")
    features = [int(k) for k in app.locator("button.term").evaluate_all("(all) => all.map((one) => one.value)")]
    printed = [text.replace("\u2212", "-") for text in app.locator(".terms output").all_inner_texts()]
    said = app.locator("p.cell").inner_text().replace("\u2212", "-")
    return features, printed, said


def cents(text):
    return round(100 * float(text))


def test_a_cells_sum_opens_by_key_and_adds_up_to_the_last_digit(page, saved, network, console_errors):
    page.goto(saved.as_uri())
    app = page.locator(".camlib-explorer")
    app.locator(".picture").wait_for()
    scene = camlib.make_scenes(camlib.load_split()[1], 4).images[:1]
    before = camlib.backend.keras.Model(network.input, network.get_layer("gap").input)
    features, kernel = before.predict(scene, verbose=0)[0], network.get_layer("dense").get_weights()[0]
    shown = int(app.locator("[name=class_index]:checked").input_value())
    app.get_by_role("button", name="Open a cell's sum").focus()
    page.keyboard.press("Enter")
    app.locator(".picture").focus()
    first = sum_shown(app)[2].split()[1:4:2]
    cells = [tuple(int(word.strip(":,")) for word in first)]  # the map's highest, where nobody has pointed
    highest = camlib.explain(network, scene).maps[0, :, :, shown]
    assert highest[cells[0]] == pytest.approx(highest.max(), abs=float(0.05 * abs(highest).max()))
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
        which, printed, said = sum_shown(app)
        cells.append(tuple(int(word.strip(":,")) for word in said.split()[1:4:2]))
        products = features[cells[-1]] * kernel[:, shown]
        assert [float(text) for text in printed[:8]] == pytest.approx(products[which], abs=0.006)
        assert abs(products[which]).min() >= np.sort(abs(products))[-8] - 1e-3
        assert sum(map(cents, printed)) == cents(said.split(": ")[1].split(". It")[0])
        assert f"{abs(float(printed[0])):.2f}" in app.locator("button.term").first.get_attribute("aria-label")
    row, column = cells[0]
    assert cells[1:] == [(row - 1, column), (row - 2, column), (row - 2, column - 1), (row - 1, column - 1)]

    told = f"Its largest terms: feature {which[0]}, {printed[0]};"
    settles(lambda: told in app.locator("p[aria-live]").inner_text().replace("\u2212", "-"), True, page)

    whole = pixels(page)
    app.locator("button.term").nth(1).focus()
    page.keyboard.press("Enter")
    assert pixels(page) != whole
    assert app.locator(".meaning").inner_text().startswith(f"Red: feature number {which[1]}, the same for all classes")
    highest = float(app.locator(".high").inner_text())
    assert highest == pytest.approx(features[..., which[1]].max(), rel=5e-3)
    page.keyboard.press("Enter")
    assert pixels(page) == whole

    app.get_by_label("Against").select_option("5")
    which, printed, said = sum_shown(app)
    products = features[row - 1, column - 1] * (kernel[:, shown] - kernel[:, 5])
    assert [float(text) for text in printed[:8]] == pytest.approx(products[which], abs=0.006)
    app.locator("[name=step_index]").press("Home")
    assert app.locator(".terms p").inner_text() == (
        "Of steps 145 and 2100 alone, this page has the network's weights.")
    app.locator("[name=go]").click()
    assert app.locator(".step").inner_text() == "145"
    assert app.locator(".terms ol").is_visible() and console_errors == []


def test_the_own_picture_has_sums_too(sheet, network):
    sheet.digit(4)
    sheet.tool("Point")
    sheet.press("Open a cell's sum")
    sheet.page.mouse.move(*sheet.at(50, 46))
    _, printed, said = sum_shown(sheet.app)
    seen = camlib.explain(network, sheet.image()[None])
    shown = int(sheet.app.locator("[name=class_index]:checked").input_value())
    value = float(said.split(": ")[1].split(". It")[0])
    assert said.startswith("Row 11, column 12, from 0: ")
    assert value == pytest.approx(seen.maps[0, 11, 12, shown], abs=0.01)
    sheet.page.mouse.move(0, 0)  # the sum stays where the pointer was
    assert sum_shown(sheet.app)[1:] == (printed, said)


def test_the_tours_buttons_set_the_state(page, saved, console_errors):
    page.goto(saved.as_uri())
    app = page.locator(".camlib-explorer")
    app.locator(".picture").wait_for()

    def press(words):
        app.get_by_role("button", name=words, exact=True).focus()
        page.keyboard.press("Enter")

    def checked(name):
        return app.locator(f"[name={name}]:checked").input_value()

    assert app.locator(".tour li").first.inner_text() == "It may be a 7. Look at the 7."
    press("Look at the 7")
    assert checked("class_index") == "7" and app.locator(".step").inner_text() == "2100"
    press("Early on")
    assert checked("class_index") == "7" and app.locator(".step").inner_text() == "0"
    assert app.locator("[aria-current=step]").all_inner_texts() == ["Early on"]
    press("open the sum")
    assert app.locator(".step").inner_text() == "2100" and app.locator(".terms ol").is_visible()
    assert app.locator("p.cell").inner_text().startswith("Row 10, column 12, from 0: ")
    app.locator("button.term").first.click()
    press("Look at the 7")  # what was opened before is closed
    assert not app.locator(".terms ol").is_visible() and "feature" not in app.locator(".meaning").inner_text()
    app.locator(".scale label", has_text="this map").click()
    press("Look at the 7")
    assert checked("scale") == "classes"
    press("Draw one")
    assert checked("image_index") == "4" and app.locator(".tools").is_visible()
    assert not app.locator(".terms ol").is_visible() and console_errors == []


def test_in_a_notebook_the_tour_and_the_sum_are_pythons(page, server, console_errors):
    write_notebook(server.folder / "tour.ipynb", SETUP, EXPLORER)
    opened = Notebook(page, server, "tour.ipynb")
    opened.run_all()
    page.locator(".camlib-explorer[data-live=true] .picture").wait_for()
    app = page.locator(".camlib-explorer")
    app.get_by_role("button", name="open the sum", exact=True).click()
    settles(lambda: opened.run_code("print(views.show_terms, views.cell, views.feature)"), "True [10, 12] None", page)
    opened.run_code("views.feature = 7")
    settles(lambda: app.locator(".meaning").inner_text().split(",")[0], "Red: feature number 7", page)
    app.get_by_role("button", name="Look at the 7", exact=True).click()
    settles(lambda: opened.run_code("print(views.class_index)"), "7", page)
    assert "feature is 64" in opened.run_code(
        "try: views.feature = 64\nexcept Exception as error: print(error)")
    opened.shut_down()
    assert console_errors == []
