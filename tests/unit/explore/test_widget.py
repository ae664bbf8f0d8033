import doctest
import gzip
import io
import json
import math
import subprocess
import sys
import tracemalloc
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from types import ModuleType

import numpy as np
import pytest
import traitlets
from IPython.core.formatters import DisplayFormatter
from ipywidgets import VBox
from PIL import Image

from camlib import colours
from camlib.boxes import largest_box
from camlib.explore import packing
from camlib.explore import widget as explore
from camlib.explore.packing import Content
from camlib.explore.widget import explorer
from camlib.maps.arrays import upsample

STEPS = [0, 20, 300]


def scene(steps=3, n=4, rows=6, columns=7, classes=5, size=(30, 35), seed=0):
    """Random images, and maps whose blob moves and grows along the steps."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    maps = random.normal(0, 0.3, (steps, n, rows, columns, classes))
    for step, image, k in np.ndindex(steps, n, classes):
        centre = random.uniform(0, rows), random.uniform(0, columns)
        maps[step, image, :, :, k] += step * random.normal(0, 3) * np.exp(-(y - centre[0]) ** 2 - (x - centre[1]) ** 2)
    images = random.integers(0, 256, (n, *size), dtype=np.uint8)
    return images, maps.astype(np.float32)


@pytest.fixture
def views():
    images, maps = scene()
    bias = np.linspace(-1, 1, 15).reshape(3, 5)
    return explorer(images, maps, bias=bias, steps=STEPS, accuracy=[0.1, 0.5, 0.9], labels=[0, 1, 2, 3],
                    boxes=[(3, 4, 20, 25)] * 4, class_names="abcde")


def unpacked(packed):
    """The packed bytes read as their description says, without `camlib`."""
    data = gzip.decompress(packed)
    length = int.from_bytes(data[:4], "little")
    header, at = json.loads(data[4:4 + length]), 4 + length
    assert at % 4 == 0
    for name, dtype, count in header["arrays"]:
        header[name] = np.frombuffer(data, dtype, count, at)
        at += header[name].nbytes
    assert at == len(data)
    return header


# ------------------------------------------------------------------------------------------------ what it says

def test_logits_and_probabilities_follow_from_maps_and_bias(views):
    _, maps = scene()
    bias = np.linspace(-1, 1, 15).reshape(3, 5)
    for step, image, k in [(0, 0, 0), (2, 3, 4), (1, 2, 1)]:
        views.step_index, views.image_index, views.class_index = step, image, k
        logits = [sum(float(v) for v in maps[step, image, :, :, c].ravel()) / 42 + bias[step, c] for c in range(5)]
        assert views.logit == pytest.approx(logits[k], abs=1e-6)
        assert views.probability == pytest.approx(math.exp(logits[k]) / sum(map(math.exp, logits)), abs=1e-6)


@pytest.mark.parametrize("classes, ending, expected", [
    (2, None, "softmax"), (2, "softmax", "softmax"), (2, "sigmoid", "sigmoid"), (1, None, "sigmoid"),
    (1, "softmax", "softmax"),
])
def test_probabilities_are_those_of_the_ending(js, monkeypatch, classes, ending, expected):
    """In Python, in the still picture, and in what the page unpacks, of logits 2 and −1."""
    titles = []
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda axes, text, **options: titles.append(text))
    maps = np.broadcast_to([2.0, -1][-classes:], (1, 3, 4, classes))
    view = explorer(np.zeros((1, 6, 8), np.uint8), maps, ending=ending, class_index=classes - 1)
    page = js("const d = await m.unpack(Uint8Array.from(atob(a), (c) => c.charCodeAt(0)));"
              "return [d.ending, m.probabilities(d.logitsOf(0, 0), d.ending)[d.shape[2] - 1]];",
              b64encode(view._packed).decode())
    exponential = math.exp(-1)
    chance = exponential / (1 + exponential) if expected == "sigmoid" else (
        exponential / (exponential + math.exp(2)) if classes == 2 else 1)
    assert page == [expected, pytest.approx(chance)]
    assert view.probability == pytest.approx(chance)
    view._still()
    assert f"{classes - 1}: {100 * chance:.1f} %" in titles


def test_class_names_may_be_a_dict():
    for names in ({1: "dog", 0: "cat"}, {"dog": 1, "cat": 0}):
        assert "class dog" in repr(explorer(np.zeros((1, 6, 8), np.uint8), np.zeros((1, 3, 4, 2)), class_names=names,
                                            class_index=1))
    with pytest.raises(ValueError, match="class_names is a dict without an order of 2 classes"):
        explorer(np.zeros((1, 6, 8), np.uint8), np.zeros((1, 3, 4, 2)), class_names={1: "cat", 2: "dog"})


@pytest.mark.parametrize("k", [None, 0, 3])
def test_against_a_class_everything_is_a_difference_but_the_probability(views, k):
    _, maps = scene()
    bias = np.linspace(-1, 1, 15).reshape(3, 5)
    for step, image, c in np.ndindex(3, 4, 5):
        views.step_index, views.image_index, views.class_index, views.against = step, image, c, None
        probability = views.probability
        views.against = k
        total = 0.0
        for row, column in np.ndindex(6, 7):
            cell = maps[step, image, row, column]
            total += float(cell[c]) - (0 if k is None else float(cell[k]))
        offset = bias[step, c] - (0 if k is None else bias[step, k])
        assert views.logit == pytest.approx(total / 42 + offset, abs=1e-6)
        assert views.probability == probability
        seen = views._content.seen(step, image, c, k)
        assert seen.mean() + offset == pytest.approx(views.logit, abs=float(np.ptp(maps[step, image])) / 255)
        assert views.box == largest_box(upsample(seen, (30, 35)), 0.2)


def test_against_itself_a_class_is_silent(views):
    views.class_index = views.against = 2
    assert (views.logit, views.box, views.iou) == (0, None, None)
    assert views._repr_mimebundle_()["image/jpeg"]


def test_what_it_is_against_is_said_and_checked(views):
    views.class_index, views.against = 1, np.int64(4)
    assert "class b against e, step 300" in repr(views)
    assert views._state()["against"] == 4
    for bad in (5, -1):
        with pytest.raises(ValueError, match="against is .*expected a whole number, 0 to 4"):
            views.against = bad
    assert views.against == 4
    views.against = None
    assert "against" not in repr(views)


def test_against_the_average_class_is_said_only_where_it_is_true():
    images, maps = scene()
    bias = np.linspace(-1, 1, 15).reshape(3, 5)
    zero_sum, zero_bias = maps - maps.mean(axis=4, keepdims=True), bias - bias.mean(axis=1, keepdims=True)
    once = zero_sum.copy()
    once[1, 2, 3, 4, 0] += 0.5  # one cell of one step
    for given, offset, expected in [(maps, bias, False), (zero_sum, bias, False), (maps, zero_bias, False),
                                    (zero_sum, zero_bias, True), (once, zero_bias, False), (0 * maps, 0 * bias, True)]:
        views = explorer(images, given, bias=offset)
        assert unpacked(views._packed)["centred"] is expected
        logits = given[2, 0].mean(axis=(0, 1)) + offset[2]
        assert views.logit == pytest.approx(logits.max(), abs=1e-6)  # as handed in, whatever it is called


def test_colours_of_all_classes_span_the_differences_of_all(views):
    content = views._content
    maps = np.stack([content.seen(2, 1, k) for k in range(5)])
    for scale, shown in ("classes", maps - maps[3]), ("map", maps[0] - maps[3]):
        assert content.colour_range(2, 1, 0, scale, 3) == pytest.approx((shown.min(), shown.max()))


def test_starts_at_the_predicted_class_of_the_last_step(views):
    images, maps = scene()
    assert views.step == 300 and views.image_index == 0
    assert views.class_index == np.argmax(maps[2, 0].mean(axis=(0, 1)) + np.linspace(-1, 1, 15).reshape(3, 5)[2])
    assert views.colormap == "diverging"
    assert explorer(images, abs(maps)).colormap == "viridis"
    assert explorer(images[..., None].repeat(3, axis=3), maps).colormap == "heat"  # a photograph


def test_step_by_value(views):
    views.step = 20
    assert views.step_index == 1
    with pytest.raises(ValueError, match="no map of step 21: the steps are 0, 20, 300"):
        views.step = 21
    images, maps = scene()
    still = explorer(images, maps[0])
    assert still.step is None
    with pytest.raises(ValueError, match="no training steps"):
        still.step = 0
    assert explorer(images, maps).step == 2  # numbered from zero where nobody says


def test_traits_can_be_observed(views):
    heard = []
    views.class_index = np.int64(4)
    views.observe(heard.append, "class_index")
    views.class_index = 2
    views.class_index = 2
    assert [(change.old, change.new) for change in heard] == [(4, 2)]


@pytest.mark.parametrize("name, bad", [("image_index", 4), ("class_index", 5), ("step_index", 3), ("step_index", -1),
                                       ("cell", [6, 0]), ("cell", [0, 7])])
def test_an_index_outside_is_refused_and_the_old_one_kept(views, name, bad):
    before = getattr(views, name)
    with pytest.raises(ValueError, match="expected a whole number, 0 to"):
        setattr(views, name, bad)
    assert getattr(views, name) == before


@pytest.mark.parametrize("name, bad", [("opacity", 1.1), ("threshold", -0.1), ("colormap", "rainbow"), ("cell", [1]),
                                       ("threshold", np.nan), ("opacity", np.nan), ("threshold", np.inf)])
def test_a_value_of_the_wrong_kind_is_refused(views, name, bad):
    with pytest.raises(traitlets.TraitError):
        setattr(views, name, bad)


def test_fractions_may_be_of_any_kind_of_number(views):
    views.threshold, views.opacity = np.float32(0.5), 1
    assert (views.threshold, views.opacity) == (0.5, 1)


def test_the_example_of_the_docstring():
    results = doctest.testmod(explore)
    assert results.attempted >= 4 and not results.failed


# ------------------------------------------------------------------------------------------------------- boxes

@pytest.mark.parametrize("threshold, expected", [
    (0.2, (0, 0, 3, 3)),  # strict: the 2 at (0, 4) is not above 0.2 · 10; 3 and 4 touch by a corner
    (0.35, (1, 1, 3, 3)),
    (0.95, (2, 2, 3, 3)),
    (1.0, None),
])
def test_box_of_a_hand_worked_picture(threshold, expected):
    picture = np.array([[3, 0, 0, 0, 2],
                        [0, 4, 5, 0, 9],
                        [0, 6, 10, 0, 0],
                        [-9, 0, 0, 0, 0]], float)
    assert largest_box(picture, threshold) == expected


def test_no_box_where_nothing_is_positive():
    assert largest_box(np.zeros((3, 3)), 0.2) is None
    assert largest_box(-np.ones((3, 3)), 0.2) is None


def test_box_agrees_with_labels_that_spread(views):
    """Against another algorithm: every pixel takes the least label among its neighbours until nothing changes."""
    for step, image, k in np.ndindex(3, 4, 5):
        views.step_index, views.image_index, views.class_index = step, image, k
        picture = upsample(views._content.seen(step, image, k), (30, 35))
        above = picture > 0.2 * picture.max()
        labels = np.where(above, np.arange(above.size).reshape(above.shape) + 1, 0)
        for _ in range(above.size):
            padded = np.pad(np.where(labels, labels, above.size + 1), 1, constant_values=above.size + 1)
            least = np.min([padded[1 + v:31 + v, 1 + u:36 + u] for v in (-1, 0, 1) for u in (-1, 0, 1)], axis=0)
            spread = np.where(above, least, 0)
            if (spread == labels).all():
                break
            labels = spread
        sizes = np.bincount(labels[labels > 0])
        ys, xs = np.nonzero(labels == sizes.argmax())
        assert views.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_iou_counts_pixels(views):
    for image in range(4):
        views.image_index = image
        mine, truth = np.zeros((2, 30, 35), bool)
        x0, y0, x1, y1 = views.box
        mine[y0:y1, x0:x1] = True
        truth[4:25, 3:20] = True
        assert views.iou == pytest.approx((mine & truth).sum() / (mine | truth).sum())


def test_iou_takes_the_best_of_several_boxes_and_none_without_truth():
    images, maps = scene()
    box = explorer(images, maps).box
    assert explorer(images, maps).iou is None
    several = [np.array([(0, 0, 1, 1), box])] + [np.zeros((0, 4), int)] * 3
    views = explorer(images, maps, boxes=several)
    assert views.iou == 1
    views.image_index = 1
    assert views.iou is None


def test_a_box_of_a_class_is_the_truth_of_that_class_alone():
    images, maps = scene()
    own = explorer(images, maps, class_index=2).box
    views = explorer(images, maps, class_index=2, boxes=[{2: own, 4: [(0, 0, 1, 1), (1, 1, 2, 2)]}, {}, {0: own}, {}])
    assert views.iou == 1
    views.class_index = 4
    assert views.iou < 1
    views.class_index = 3
    assert views.iou is None
    assert [views._content.truths(0, k) for k in (2, 3)] == [[list(own)], []]
    assert len(views._content.truths(0, 4)) == 2


# ------------------------------------------------------------------------------------------------------ coding

def test_what_travels_is_what_was_given(views):
    _, maps = scene()
    data = unpacked(views._packed)
    assert data["shape"] == [3, 4, 5, 6, 7]
    bias = data["bias"].reshape(3, 1, 5)
    assert np.allclose(data["logits"].reshape(3, 4, 5), maps.mean(axis=(2, 3)) + bias, atol=1e-6)
    codes = np.cumsum(data["codes"].reshape(3, 4, 5, 6, 7), axis=3, dtype=np.uint8).astype(float)
    low, high, levels = (data[name].reshape(3, 4, 5, 1, 1).astype(float) for name in ("low", "high", "levels"))
    unit = (high - low) / levels
    seen = np.moveaxis(unit * (codes + np.floor(low / unit + 0.5)), 2, 4)
    own = maps.max(axis=(2, 3), keepdims=True) - maps.min(axis=(2, 3), keepdims=True)
    shared = maps.max(axis=(2, 3, 4), keepdims=True) - maps.min(axis=(2, 3, 4), keepdims=True)
    assert (abs(seen - maps) <= np.minimum(shared / 510, own / 126) * 1.0001).all()
    assert np.allclose(seen[2, 1, :, :, 3], views._content.seen(2, 1, 3), atol=1e-12)
    positive = [max(float(v), 0) / 42 for v in maps[2, 3, :, :, 4].ravel()]
    assert data["positive"].reshape(3, 4, 5)[2, 3, 4] == pytest.approx(sum(positive), abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 2.5, -1e29, 1e-30])
def test_constant_maps_survive_coding(value):
    images, maps = scene()
    constant = np.full_like(maps, value)
    views = explorer(images, constant)
    assert np.allclose(views._content.seen(0, 0, 0), value)
    assert views.logit == pytest.approx(value)
    assert views.box == ((0, 0, 35, 30) if value > 0 else None)


@pytest.mark.parametrize("offset, size", [(1000, 0.01), (-77.7, 0.5), (1e6, 30)])
def test_maps_far_from_zero_are_read_as_they_were_written(offset, size):
    images, maps = scene(rows=25, columns=25)
    maps = (offset + size * maps).astype(np.float32)
    content = explorer(images, maps)._content
    for at in np.ndindex(3, 4, 5):
        exact = np.moveaxis(maps, 4, 2)[at].astype(float)
        assert abs(content.seen(*at) - exact).max() <= np.ptp(exact) / 126 * 1.0001


def test_reader_and_writer_agree_on_the_level_of_zero():
    """Of a million maps some begin so near to half a level that float32 would round it the other way."""
    maps = np.random.default_rng(8).uniform(-1, 1, (1, 1, 1_000_000, 1, 2)).astype(np.float32)
    codes, low, high, levels = (part[0, 0] for part in packing._coded(maps))
    unit = (high.astype(float) - low) / levels
    seen = unit[:, None] * (codes[:, 0] + np.floor(low / unit + 0.5)[:, None])
    assert (abs(seen - maps[0, 0, :, 0]) <= 0.5001 * unit[:, None]).all()


def test_what_is_silent_stays_silent_in_a_difference_too():
    """Hundreds of cells that are each a little off would add up: a difference of logits was off by 3 in 20."""
    images, maps = scene(rows=25, columns=25)
    maps[:, :, 5:] = 0
    content = explorer(images, maps)._content
    shared = np.ptp(maps, axis=(2, 3, 4))
    for step, image, c, k in np.ndindex(3, 4, 5, 5):
        seen, exact = content.seen(step, image, c, k), maps[step, image, :, :, c] - maps[step, image, :, :, k]
        assert (seen[5:] == 0).all()
        assert abs(seen - exact).max() <= shared[step, image] / 255 * 1.0001
        for part in (seen - exact, seen.clip(0) - exact.clip(0)):
            assert abs(part.mean()) < shared[step, image] / 255 / 10


def test_grey_images_travel_exactly_as_ink_on_paper():
    images, maps = scene()
    addresses = unpacked(explorer(images, maps)._packed)["images"]
    for image, address in zip(images, addresses):
        assert (np.asarray(Image.open(io.BytesIO(b64decode(address.split(",")[1])))) == 255 - image).all()


@pytest.mark.parametrize("size, small", [((1800, 2400), (900, 1200)), ((2500, 1250), (1200, 600)),
                                         ((1200, 1100), (1200, 1100)), ((3, 4000), (1, 1200))])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_large_picture_travels_at_twice_what_a_page_shows(size, small, channels):
    image = np.full((1, *size, *channels), 90, np.uint8)
    image[:, : size[0] // 2] = 200
    data = unpacked(explorer(image, np.ones((1, 4, 4, 2)))._packed)
    picture = Image.open(io.BytesIO(b64decode(data["images"][0].split(",")[1])))
    assert picture.size == small[::-1] and tuple(data["travelling"]) == small and tuple(data["size"]) == size
    pixels = np.asarray(picture) if channels else 255 - np.asarray(picture)  # grey ones are inverted
    ends = (200, 90) if small[0] > 1 else (127, 127)  # one row of 200 and two of 90, averaged
    assert abs(pixels[0].astype(int) - ends[0]).max() <= 3 and abs(pixels[-1].astype(int) - ends[1]).max() <= 3


def test_boxes_are_in_pixels_of_the_large_picture_handed_in():
    _, maps = scene(size=(30, 35))
    truth = (300, 200, 1500, 1700)
    views = explorer(np.zeros((4, 1800, 2500, 3), np.uint8), maps, boxes=[truth] * 4)
    for image, k in [(0, 1), (2, 3), (3, 0)]:
        views.image_index, views.class_index = image, k
        exact = largest_box(upsample(views._content.seen(2, image, k), (1800, 2500)), 0.2)
        assert np.allclose(views.box, exact, atol=3)  # 2500 / 1200 is 2.1
        masks = np.zeros((2, 1800, 2500), bool)
        for mask, (x0, y0, x1, y1) in zip(masks, (views.box, truth)):
            mask[y0:y1, x0:x1] = True
        assert views.iou == pytest.approx((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


def test_a_large_picture_costs_little_and_fits_the_notebook():
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (50, 75, 3), dtype=np.uint8)).resize((2400, 1600))
    image = np.clip(np.asarray(coarse) + random.integers(-9, 10, (1600, 2400, 3)), 0, 255).astype(np.uint8)
    tracemalloc.start()
    try:
        page = explorer(image[None], scene()[1][:1, :1])._repr_mimebundle_()["text/html"]
        assert tracemalloc.get_traced_memory()[1] < 150e6  # 540 MB when the whole picture travelled
    finally:
        tracemalloc.stop()
    assert len(page) <= explore.PAGE_BYTES


# -------------------------------------------------------------------------------------------------- page forms

class Page(HTMLParser):
    """Tags, attributes and the text of scripts, as a browser would split them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def test_the_notebook_gets_a_page_and_a_still_and_no_view_that_dies(views):
    bundle = views._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/jpeg"}
    assert Image.open(io.BytesIO(b64decode(bundle["image/jpeg"]))).size == (768, 182)
    assert bundle["image/jpeg"] in bundle["text/html"]
    page = Page(bundle["text/html"])
    host = dict(page.tags)["div"]
    assert json.loads(host["data-state"])["class_index"] == views.class_index
    assert b64decode(page.scripts[0]) == views._packed
    assert f'mountPage("{views._key}")' in page.scripts[-1]


def test_on_colab_an_explorer_is_shown_in_a_box_by_itself(views, monkeypatch):
    """Outputs there are pages apart from the kernel. IPython's own formatter decides; elsewhere all is as it was."""
    shown, asked = [], DisplayFormatter().format
    monkeypatch.setattr(explore, "display", shown.append)
    assert set(asked(views)[0]) == {"text/plain", "text/html", "image/jpeg"} and shown == []
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert asked(views) == ({}, {})
    assert isinstance(shown[0], VBox) and shown[0].children == (views,) and len(shown) == 1


def test_saved_page_is_whole_and_asks_nothing_of_the_network(views, tmp_path):
    path = views.save_html(tmp_path / "page.html")
    text = path.read_text()
    for tag, attributes in Page(text).tags:
        for name in ("src", "href"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
    script = explore.SCRIPT
    assert "http://" not in script and "https://" not in script and "</script" not in script


def test_what_can_not_be_written_leaves_the_page_that_was_there(views, tmp_path):
    resource = pytest.importorskip("resource", reason="limits of a file's size are Unix's")
    path = views.save_html(tmp_path / "page.html")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))  # as a disk that is nearly full
    try:
        with pytest.raises(OSError):
            views.save_html(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_character_is_shown_as_the_replacement_character(tmp_path):
    views = explorer(*scene(), title="a\ud800b\udc00", class_names=["\ud83d", "\0", "b", "c", "d"], class_index=0)
    text = views.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>a\ufffdb\ufffd</title>" in text
    data = unpacked(views._packed)
    assert data["title"] == "a\ufffdb\ufffd" and data["class_names"][:3] == ["\ufffd", "\ufffd", "b"]
    assert packing._text("\ud83d\ude00 \ufeff") == "\U0001f600 \ufeff"  # two halves are a whole


def test_names_and_titles_are_text_not_markup(tmp_path):
    images, maps = scene()
    evil = '</script><img src=x onerror="1">'
    views = explorer(images, maps, class_names=[evil] * 5, title=evil)
    text = views.save_html(tmp_path / "page.html").read_text()
    assert [tag for tag, _ in Page(text).tags].count("img") == 1  # the still picture


def still_of(views):
    return np.asarray(Image.open(io.BytesIO(b64decode(views._repr_mimebundle_()["image/jpeg"])))).astype(int)


def panel(still, number):
    """The middle of a panel: there are five in a row, and titles above."""
    x = round((number + 0.5) * still.shape[1] / 5)
    return still[100:110, x - 5: x + 5].mean(axis=(0, 1))


def test_on_paper_and_in_grey_stronger_evidence_is_darker_for_and_against_alike():
    lightness = []
    for sign in (-1, 1):
        *rgb, alpha = np.moveaxis(packing.colourise(sign * np.linspace(0, 1, 40), -1, 1, "diverging", 0.75), -1, 0)
        grey = np.tensordot([0.299, 0.587, 0.114], rgb, 1)
        lightness.append(255 - alpha / 255 * (255 - grey))
    assert (np.diff(lightness) < 0).all() and np.ptp(lightness) > 100
    assert abs(np.subtract(*lightness)).max() < 25


def test_stronger_heat_is_paler_and_no_photograph_hides_it_in_grey():
    """From the least that covers a photograph on, in grey too, and it differs from black and from snow."""
    *rgb, alpha = np.moveaxis(packing.colourise(np.linspace(-1, 1, 201), -1, 1, "heat", 1), -1, 0)
    grey = np.tensordot([0.299, 0.587, 0.114], rgb, 1)
    assert (alpha[:101] == 0).all() and (alpha[150:] == 255).all() and (np.diff(alpha[100:151].astype(int)) > 0).all()
    assert (np.diff(grey[100:]) >= -0.5).all()
    assert grey[-1] > 220 and grey[150] < 140  # the core stands out from black, its rim from snow


@pytest.mark.parametrize("colormap, scale, places", [
    ("viridis", "classes", [2.5 / 5, 5 / 5, 4 / 5, 3 / 5]),  # from −3, though its class is not shown, to 2
    ("viridis", "map", [0, 0, 0, 0]),  # a constant map lies at its own low end
    ("diverging", "classes", [2.5 / 6, 5 / 6, 4 / 6, 3 / 6]),  # in ±3
])
def test_the_still_has_the_colours_of_the_live_view(colormap, scale, places):
    maps = np.broadcast_to([-0.5, 2, 1, -3, 0], (1, 4, 4, 5))  # shown: the first, then 2, 1 and 0, the most probable
    views = explorer(np.zeros((1, 20, 20), np.uint8), maps, class_index=0, opacity=1, colormap=colormap, scale=scale,
                     show_box=False)
    table = colours.tables()[colours.COLORMAPS.index(colormap)]
    still = still_of(views)
    for number, place in enumerate(places, 1):
        opaque = min(1, 1.25 * abs(2 * place - 1)) if colormap == "diverging" else 1  # over paper
        expected = opaque * table[round(place * 255)] + (1 - opaque) * 255
        assert abs(panel(still, number) - expected).max() < 8, number


def test_the_still_shows_the_differences_and_grey_scenes_as_ink_on_paper():
    maps = np.tile([-0.5, 2, 1, -3, 0], (1, 4, 4, 1))
    views = explorer(np.zeros((1, 20, 20), np.uint8), maps, class_index=0, opacity=1, colormap="viridis", against=2,
                     show_box=False)
    table = colours.tables()[colours.COLORMAPS.index("viridis")]
    still = still_of(views)
    assert panel(still, 0).min() > 247
    for number, k in enumerate([0, 1, 2, 4], 1):  # minus the 1 of class 2, from −4 to 1
        place = (maps[0, 0, 0, k] - 1 + 4) / 5
        assert abs(panel(still, number) - table[round(place * 255)]).max() < 8, number


def test_the_still_shows_the_boxes_when_asked_and_cells_when_asked():
    images, maps = np.full((1, 40, 40), 128, np.uint8), np.zeros((1, 4, 4, 2))
    maps[0, 1:3, 1:3, 0] = 1
    views = explorer(images, maps, boxes=[(0, 0, 40, 40)], class_index=0, opacity=0)
    boxed = still_of(views)
    views.show_box = False
    plain = still_of(views)
    changed = (abs(boxed - plain).max(axis=2) > 60).any(axis=0)  # by column
    assert changed[256:512].any() and not changed[:256].any() and not changed[512:].any()  # three panels, the second
    views.opacity, views.smooth = 1, False
    raw, table = still_of(views), colours.tables()[colours.COLORMAPS.index("viridis")]
    distance = abs(raw[:, 256:512, None] - table[[0, 255]]).max(axis=3).min(axis=2)
    assert (distance[60:150, 60:200] < 25).mean() > 0.9  # of two colours alone, but for JPEG's edges


@pytest.mark.parametrize("name", ["$x^$", "$$", "a\0b", "\ud800", "\\frac$"])
def test_the_still_shows_names_as_they_are(name):
    images, maps = scene()
    inked = [(still_of(explorer(images, maps, class_names=[text] * 5))[:24] < 128).sum() for text in ("", name)]
    assert inked[1] > inked[0] + 20


def test_a_large_explorer_fits_the_notebook_and_keeps_the_image_shown():
    images, maps = scene(steps=20, n=16, rows=25, columns=25, classes=10, size=(100, 100))
    views = explorer(images, maps, image_index=13)
    page = views._repr_mimebundle_()["text/html"]
    assert len(page) <= explore.PAGE_BYTES
    kept = unpacked(b64decode(Page(page).scripts[0]))
    state = json.loads(dict(Page(page).tags)["div"]["data-state"])
    assert 1 <= len(kept["images"]) < kept["of"] == 16
    assert kept["images"][state["image_index"]] == unpacked(views._packed)["images"][13]


def test_same_content_same_page_and_twins_told_apart():
    code = """if True:
        import sys, zlib; sys.path.insert(0, "tests/unit/explore")
        from test_widget import scene
        from camlib.explore.widget import explorer
        twins = [explorer(*scene()), explorer(*scene())]
        assert "tensorflow" not in sys.modules
        print(*[t._key for t in twins], *[zlib.crc32(t._repr_mimebundle_()["text/html"].encode()) for t in twins])
    """
    runs = [subprocess.run([sys.executable, "-c", code], cwd=explore.STYLE.parents[3], capture_output=True,
                           text=True, timeout=120) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout != "", runs[0].stderr
    first, second = runs[0].stdout.split()[:2]
    assert first != second and first.split("-")[0] == second.split("-")[0]


# ------------------------------------------------------------------------------------------------ bad arguments

def wrong(**changes):
    images, maps = scene()
    return {"images": images, "maps": maps} | changes


IMAGES, MAPS = scene()
NAN = MAPS.copy()
NAN[1, 2, 3, 4, 0] = np.nan


@pytest.mark.parametrize("arguments, message", [
    (wrong(images=IMAGES[:2]), "2 images, but maps of 4"),
    (wrong(images=IMAGES / 255), "images are float64.*expected uint8"),
    (wrong(images=IMAGES[..., None]), "expected uint8"),
    (wrong(images=IMAGES[0]), "expected uint8"),
    (wrong(maps=MAPS[0, 0]), r"maps have shape \(6, 7, 5\)"),
    (wrong(maps=MAPS[:, :0]), "maps have shape"),
    (wrong(maps=NAN), "NaN"),
    (wrong(maps=MAPS * np.inf), "NaN or infinite"),
    (wrong(maps=MAPS.astype(float) * 1e300), "beyond"),
    (wrong(maps=np.stack([MAPS[0] * 0 - 1e38, MAPS[1] * 0 + 1e38, MAPS[2]])), "beyond"),
    (wrong(bias=[1e300] * 5), "expected finite"),
    (wrong(boxes=[(0, 0, np.nan, 5)] * 4), "boxes of image 0"),
    (wrong(boxes=[(0, 0, 5, np.inf)] * 4), "boxes of image 0"),
    (wrong(boxes=[(-np.inf, 0, 5, 5)] * 4), "boxes of image 0"),
    (wrong(bias=[1, 2]), r"bias has shape \(2,\)"),
    (wrong(bias=[np.nan] * 5), "expected finite"),
    (wrong(steps=[0, 1]), "steps has 2 entries: expected 3, one per map"),
    (wrong(steps=[0, 2, 1]), "increasing"),
    (wrong(accuracy=[0.5]), "accuracy has 1 entries"),
    (wrong(accuracy=[10, 50, 90]), "outside 0 to 1"),
    (wrong(labels=[0, 1, 2, 5]), "a label is 5: expected a whole number, 0 to 4"),
    (wrong(labels=[0.5, 1, 2, 3]), "a label is 0.5"),
    (wrong(labels=[0]), "labels has 1 entries"),
    (wrong(class_names=["a"]), "class_names has 1 entries"),
    (wrong(boxes=[(0, 0, 5, 5)]), "boxes has 1 entries"),
    (wrong(boxes=[(5, 5, 0, 0)] * 4), "x0 < x1"),
    (wrong(boxes=[{1: (5, 5, 0, 0)}] * 4), "x0 < x1"),
    (wrong(boxes=[{5: (0, 0, 5, 5)}] * 4), "the class of a box is 5"),
    (wrong(boxes=[(0, 0, 5)] * 4), "boxes of image 0"),
    (wrong(image_index=9), "image_index is 9"),
    (wrong(klass=3), "unknown control 'klass'"),
])
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explorer(**arguments)


def test_the_header_is_padded_whatever_it_holds():
    for title in ("", "a", "ab", "abc", "ü"):
        assert unpacked(gzip.compress(Content(IMAGES, MAPS, title=title).packed()))["title"] == title
