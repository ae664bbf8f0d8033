"""Photographs in the explorer as a reader has them: uploaded in JupyterLab, and four in a mosaic."""

import io

import numpy as np
from lab import Notebook, pixels, write_notebook
from PIL import Image

from camlib import grid
from camlib.explore.widget import explorer

CELL = """
import numpy as np
from camlib import own_photo
from camlib.backend import keras
image = keras.Input((None, None, 3), dtype="uint8")
x = keras.layers.AveragePooling2D(8)(keras.layers.Rescaling(1 / 16)(image))
x = keras.layers.GlobalAveragePooling2D(name="gap")(x)
network = keras.Model(image, keras.layers.Dense(3, name="dense")(x))
network.get_layer("dense").set_weights([np.eye(3) - 1 / 3, np.zeros(3)])
own_photo(network, ["red", "green", "blue"], side=64)
"""


def picture(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(buffer, "jpeg")
    return buffer.getvalue()


def choose(page, name, content):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Your photograph").click()
    chooser.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


def test_photographs_are_uploaded_one_after_another(page, server, console_errors):
    write_notebook(server.folder / "own_photo.ipynb", CELL)
    notebook = Notebook(page, server, "own_photo.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    explorers = page.locator(".camlib-app")
    for name, colour in ("rose.jpg", "red"), ("sky.jpg", "blue"):
        choose(page, name, picture(colour))
        page.get_by_text(f"the network knows: {colour} 100%").wait_for()
        explorers.locator("canvas.picture").wait_for()
        assert explorers.count() == 1
        assert explorers.locator("[name=class_index]:checked").get_attribute("aria-label").startswith(colour)
    choose(page, "diary.jpg", b"Dear diary")
    page.get_by_text("diary.jpg cannot be read as a photograph").wait_for()
    explorers.wait_for(state="detached")
    notebook.shut_down()
    assert console_errors == []


def test_the_four_classes_of_a_mosaic_come_first_and_each_shows_its_quarter(page, tmp_path, console_errors):
    classes, boxes = (5, 1, 4, 2), grid.quarter_boxes(32)
    maps = np.random.default_rng(0).normal(0, 0.1, (2, 8, 8, 6))
    maps[0] += [3, 0, 0, 2, 0, 1]  # the likeliest, 0 and 3, are not among the four
    of_mosaic = dict(zip(classes, boxes))
    views = explorer(np.full((2, 64, 64, 3), 200, np.uint8), maps, boxes=[of_mosaic, {}], opacity=0)
    page.goto(views.save_html(tmp_path / "page.html").as_uri())
    page.wait_for_selector(".picture")
    values = page.locator("[name=class_index]").evaluate_all("(inputs) => inputs.map((input) => +input.value)")
    assert values[0] == 5 and sorted(values[:4]) == [1, 2, 4, 5] and values[4:] == [0, 3]
    assert page.locator(".class_index label").filter(has_text="✓").count() == 4
    page.locator("[name=threshold]").press("End")  # no box of the map itself
    seen = {pixels(page)}  # class 0, which has no quarter
    for value in values[:4]:
        page.locator(f"[name=class_index][value='{value}']").check(force=True)
        seen.add(pixels(page))
    assert len(seen) == 5
    page.locator(".image_index label").nth(1).click()
    assert page.locator(".class_index label").filter(has_text="✓").count() == 0
    assert console_errors == []
