"""The reader's own picture, from Python."""

import gzip
import io
import json
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
import traitlets
from PIL import Image

import camlib
from camlib.boxes import largest_box
from camlib.explore import widget as explore
from camlib.training.runs import read_arrays, save_run, snapshot_name, write_arrays


@pytest.fixture(scope="module")
def run():
    return camlib.shipped_run()


@pytest.fixture(scope="module")
def scenes():
    return camlib.make_scenes(camlib.load_split()[1], 6, seed=1)


@pytest.fixture(scope="module")
def story(run, scenes):
    return camlib.explain_run(run, scenes.images)


@pytest.fixture
def views(run, scenes, story):
    return camlib.explorer(scenes.images, story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy,
                           labels=scenes.labels, boxes=scenes.boxes, network=run)


def unpacked(packed):
    data = gzip.decompress(packed)
    length = int.from_bytes(data[:4], "little")
    header, at = json.loads(data[4:4 + length]), 4 + length
    for name, dtype, count in header["arrays"]:
        header[name] = np.frombuffer(data, dtype, count, at)
        at += header[name].nbytes
    return header


def page_of(html):
    """The state and the packed data of an explorer's page."""
    state = json.loads(unescape(re.search('data-state="([^"]*)"', html)[1]))
    return state, unpacked(b64decode(re.search('x-camlib">([^<]*)<', html)[1]))


def test_explain_gives_the_same_numbers(views, run, scenes):
    for step, picture in ((2100, scenes.images[3]), (145, scenes.images[3][::-1].copy())):
        views.own_image, views.image_index, views.class_index, views.step = picture, 6, 4, step
        seen = camlib.explain(run.load(step), picture[None])
        assert views.logit == pytest.approx(seen.logits[0, 4], abs=1e-4)
        assert views.probability == pytest.approx(camlib.softmax(seen.logits[0])[4], abs=1e-6)
        assert views.box == largest_box(camlib.upsample(seen.maps[0, :, :, 4], (100, 100)), 0.2)
        views.against = 9
        assert views.logit == pytest.approx(seen.logits[0, 4] - seen.logits[0, 9], abs=1e-4)
        views.against = None
    assert views.iou is None  # nobody knows where the reader's digit ends


def test_a_blank_sheet_has_no_box_and_no_colour_to_speak_of(views, run, story):
    """Its maps are not quite zero: a scale of their own would show them as red as the scenes' evidence."""
    views.image_index = 6
    for step, number in ((5, 145), (19, 2100)):
        views.step_index = step
        blank = camlib.explain(run.load(number), np.zeros((1, 100, 100), np.uint8)).maps[0]
        largest = max(abs(story.maps[step, image, row, column, k]) for image in range(6) for row in range(25)
                      for column in range(25) for k in range(10))
        assert 0 < blank.max() < 0.05 * largest
        for k in range(10):
            views.class_index = k
            assert views.box is None
            for scale in ("classes", "map"):
                span = views._content.colour_range(step, 6, k, scale)
                assert span == pytest.approx((-0.05 * largest, 0.05 * largest))


def test_the_still_of_a_blank_sheet_has_a_digit_drawn_on_it(views, scenes):
    """On paper nobody can draw."""
    views.image_index = 6
    drawn = np.zeros((100, 100), np.uint8)
    x0, y0, x1, y1 = scenes.boxes[0]
    drawn[y0:y1, x0:x1] = scenes.images[0, y0:y1, x0:x1]
    example = views._still()
    assert not views.own_image.any() and views.box is None  # the explorer itself goes on without
    first = pixels_of(example)[40:150, 20:120]
    views.own_image = drawn
    views.class_index = int(views._content.logits[views.step_index, 6].argmax())
    assert abs(pixels_of(views._still())[40:150, 20:120] - first).max() == 0 and first.min() < 60


def pixels_of(jpeg):
    return np.array(Image.open(io.BytesIO(b64decode(jpeg))).convert("L")).astype(int)


def test_a_step_without_weights_is_that_of_the_nearest(views):
    views.image_index = 6
    views.step_index = 13
    assert views.step == 2100
    views.step_index = 11
    assert views.step == 145
    views.image_index = 0
    assert views.step == 704


def test_a_picture_is_set_read_and_observed(views, scenes):
    heard = []
    views.observe(lambda change: heard.append(change.new), "own_image")
    assert (views.own_image == 0).all() and views.own_image.shape == (100, 100)
    given = scenes.images[2].copy()
    views.own_image = given
    given[:] = 0
    assert (views.own_image == scenes.images[2]).all() and (heard[-1] == scenes.images[2]).all()
    with pytest.raises(ValueError, match="read-only"):
        views.own_image[0, 0] = 1
    message = views.get_state("own_image")["own_image"]
    views.set_state({"own_image": memoryview(bytes(10_000))})  # as the page sends it
    assert bytes(message) == scenes.images[2].tobytes() and not views.own_image.any() and not heard[-1].any()


@pytest.mark.parametrize("value, message", [
    (np.zeros((28, 28), np.uint8), r"uint8 of shape \(28, 28\): expected a NumPy array, uint8, \(100, 100\)"),
    (np.zeros((100, 100)), "float64 of shape"), ([[0]], "own_image is list"), (None, "own_image is None"),
])
def test_what_is_no_picture_is_refused(views, value, message):
    with pytest.raises(traitlets.TraitError, match=message):
        views.own_image = value


def test_without_a_network_there_is_no_own_picture(scenes, story):
    views = camlib.explorer(scenes.images, story.maps)
    assert views.own_image is None
    with pytest.raises(traitlets.TraitError, match="network=run"):
        views.own_image = scenes.images[0]
    with pytest.raises(ValueError, match="image_index is 6: expected a whole number, 0 to 5"):
        views.image_index = 6


def test_pages_carry_picture_and_network(views, scenes, run, tmp_path):
    views.own_image, views.image_index = scenes.images[2], 6
    for html, images in ((views.save_html(tmp_path / "page.html").read_text(), 6),
                         (views._repr_mimebundle_()["text/html"], None)):
        state, data = page_of(html)
        picture = gzip.decompress(b64decode(state["own_image"]))
        assert picture == scenes.images[2].tobytes() and data["own_steps"] == [5, 19]
        count = len(data["images"])
        assert state["image_index"] == count and (count == images or 1 <= count < 6)
        kernel = read_arrays(run.folder / snapshot_name(145))["conv1/kernel"].ravel()
        lower, upper = data["weights"].reshape(2, 2, -1)[0, :, : kernel.size]
        assert (np.stack([lower, upper], 1).copy().view("<f2").ravel() == kernel).all()
    assert len(html) <= explore.WITH_NETWORK
    assert "the own image, class" in repr(views)


def test_a_network_costs_a_page_at_most_350_kb(views, scenes, story, run, tmp_path):
    plain = camlib.explorer(scenes.images, story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy,
                            labels=scenes.labels, boxes=scenes.boxes)
    with_network, without = (v.save_html(tmp_path / "page.html").stat().st_size for v in (views, plain))
    names = ("live.js", "pieces.js", "own.js", "drawing.js")
    drawing = sum(explore.STYLE.with_name(name).stat().st_size for name in names)
    assert with_network - without + drawing <= 350_000


def test_maps_of_one_trained_model_have_the_last_snapshot(run, scenes):
    seen = camlib.explain(run.load(), scenes.images)
    views = camlib.explorer(scenes.images, seen.maps, bias=seen.bias, network=run, own_image=scenes.images[1],
                            image_index=6)
    assert unpacked(views._packed)["own_steps"] == [0] and views.step is None
    assert views.class_index == seen.logits[1].argmax()
    assert views.logit == pytest.approx(seen.logits[1].max(), abs=1e-4)
    assert "the own image" in repr(views)


def test_other_networks_are_refused(run, scenes, story):
    def explorer(maps=story.maps, images=scenes.images, **options):
        return camlib.explorer(images, maps, **{"bias": story.bias, "steps": run.steps, "network": run} | options)

    original = replace(run, recipe=replace(run.recipe, network="lenet_gap_original"))
    for arguments, message in [
        ({"network": run.load()}, "network is Functional: expected a training run"),
        ({"network": original}, "a run of lenet_gap_original: expected one of lenet_gap"),
        ({"steps": range(20)}, "step 1 is no snapshot of network, whose steps are 0, 6, 23"),
        ({"bias": story.bias + 1}, "bias at step 145 is not that of network"),
        ({"bias": None}, "bias at step 145 is not that of network"),
        ({"images": np.zeros((6, 56, 56), np.uint8)}, r"an image is \(56, 56\)"),
        ({"images": np.zeros((6, 100, 100, 3), np.uint8)}, r"an image is \(100, 100, 3\)"),
        ({"maps": story.maps[..., :5], "bias": story.bias[:, :5]}, r"its maps are \(25, 25, 5\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            explorer(**arguments)


def test_a_run_of_ones_own_works(run, scenes, tmp_path):
    """Other weights, two snapshots, one of which is all that the page can have besides the last."""
    mine = replace(run, folder=tmp_path, steps=run.steps[:2], scenes=run.scenes[:2], loss=run.loss[:2],
                   accuracy=run.accuracy[:2])
    for step in mine.steps:
        named = read_arrays(run.folder / snapshot_name(step))
        named["norm1/gamma"] = -named["norm1/gamma"]
        write_arrays(tmp_path / snapshot_name(step), named)
    save_run(mine)
    mine = camlib.open_run(tmp_path)
    seen = camlib.explain_run(mine, scenes.images[:1])
    views = camlib.explorer(scenes.images[:1], seen.maps, bias=seen.bias, steps=mine.steps, network=mine)
    views.own_image, views.image_index = scenes.images[0], 1
    assert views.logit == pytest.approx(seen.logits[1, 0, views.class_index], abs=1e-4)
    assert unpacked(views._packed)["own_steps"] == [0, 1]
