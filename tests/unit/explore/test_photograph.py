"""A photograph of one's own, from an upload that a test sets as the page would."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image
from traitlets import TraitError

from camlib.backend import keras
from camlib.data import photos
from camlib.explore import photograph
from camlib.explore.photograph import own_photo
from camlib.explore.widget import Explorer
from camlib.maps.cam import explain

NAMES = ("red & hot", "green", "blue")


@pytest.fixture(scope="module")
def network():
    """Its maps are the photograph's own colours: what is red is evidence for red."""
    image = keras.Input((None, None, 3), dtype="uint8")
    x = keras.layers.AveragePooling2D(8)(keras.layers.Rescaling(1 / 16)(image))
    logits = keras.layers.Dense(3, name="dense")(keras.layers.GlobalAveragePooling2D(name="gap")(x))
    model = keras.Model(image, logits)
    model.get_layer("dense").set_weights([np.eye(3) - 1 / 3, np.zeros(3)])
    return model


def coloured(colour, size=(120, 60), kind="jpeg", **options):
    """A file of one colour, as bytes; its left third is black."""
    picture = Image.new("RGB", size, colour)
    picture.paste("black", (0, 0, size[0] // 3, size[1]))
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def send(box, content, name="mine.jpg"):
    """What a page does when a reader chooses a file."""
    box.children[0].value = ({"name": name, "type": "image/jpeg", "size": len(content),
                              "content": memoryview(content), "last_modified": datetime.now(UTC)},)


def test_an_upload_is_named_and_explored(network):
    before = set(_instances)
    box = own_photo(network, NAMES, side=64, threshold=0.5)
    assert not any(isinstance(_instances[key], Explorer) for key in set(_instances) - before)
    assert len(box.children) == 2 and "10 MB" in box.children[1].value
    send(box, coloured("red"))
    _, text, view = box.children
    assert "Of the 3 classes" in text.value and "red &amp; hot 100%" in text.value
    assert isinstance(view, Explorer) and view.class_index == 0 and view.colormap == "heat" and view.threshold == 0.5
    assert view.box[0] >= 30  # not where it is black


def test_a_second_upload_takes_the_place_of_the_first(network):
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("red"))
    first = box.children[2]
    send(box, coloured("blue"), "another.jpg")
    assert len(box.children) == 3 and box.children[2].class_index == 2 and "blue 100%" in box.children[1].value
    assert first.comm is None and box.children[2].comm is not None  # the page has forgotten the first


def test_a_photograph_is_turned_upright(network):
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side: turn it by 90° clockwise
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("red", exif=turned))
    view = box.children[2]
    x0, y0 = view.box[:2]
    assert view._content.size == (120, 60) and y0 >= 30 and x0 == 0  # black was left, and is now above


@pytest.mark.parametrize("content, complaint", [
    (b"Dear diary", "mine.jpg cannot be read as a photograph: expected JPEG"),
    (b"", "mine.jpg cannot be read as a photograph"),
    (coloured("red")[:400], "mine.jpg cannot be read as a photograph"),
    (coloured("red", (1, 1), "png"), "mine.jpg has 1×1 pixels: expected a photograph of at least 16×16"),
    (coloured("red", (12_000, 8_000), "png"), "mine.jpg has 12000×8000 pixels, more than 80,000,000"),
], ids=["text", "nothing", "cut short", "one pixel", "huge"])
def test_what_cannot_be_read_is_answered_and_the_next_one_can(network, content, complaint):
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("red"))
    send(box, content)
    assert complaint in box.children[1].value and len(box.children) == 2
    send(box, coloured("lime"))
    assert "green 100%" in box.children[1].value and len(box.children) == 3


def test_a_file_name_is_text_and_no_page(network):
    box = own_photo(network, NAMES, side=64)
    send(box, b"", "<img src=x onerror=alert(1)>.jpg")
    assert "&lt;img" in box.children[1].value and "<img" not in box.children[1].value


def test_a_path_needs_no_upload(network, tmp_path):
    (tmp_path / "mine.png").write_bytes(coloured("blue", kind="png"))
    view = own_photo(network, NAMES, path=tmp_path / "mine.png", side=64)
    assert isinstance(view, Explorer) and view.class_index == 2
    with pytest.raises(FileNotFoundError):
        own_photo(network, NAMES, path=tmp_path / "none.png")
    (tmp_path / "mine.png").write_text("no")
    with pytest.raises(photos.Unreadable, match="mine.png cannot be read"):
        own_photo(network, NAMES, path=tmp_path / "mine.png")


def test_probabilities_are_those_of_the_networks_ending(network):
    """Two thirds are red: the mean is 255/16 · 2/3, the logit of red 2/3 of that, the others' −1/3: of them, 2.8 %."""
    box = own_photo(keras.Model(network.input, keras.ops.sigmoid(network.output)), NAMES, side=64)
    send(box, coloured("red"))
    assert "red &amp; hot 100%, green 3%, blue 3%" in box.children[1].value
    box.children[2].class_index = 1
    assert box.children[2].probability == pytest.approx(0.028, abs=0.001)


def test_one_class_by_itself_is_no_certainty(network):
    """No blue in red: the logit is the bias, −1."""
    minus = keras.initializers.Constant(-1)
    last = keras.layers.Dense(1, "sigmoid", kernel_initializer="zeros", bias_initializer=minus)
    box = own_photo(keras.Model(network.input, last(network.get_layer("gap").output)), {0: "blue"}, side=64)
    send(box, coloured("red"))
    assert "Of the 1 classes that the network knows: blue 27%." in box.children[1].value  # 1 / (1 + e)
    assert box.children[2].probability == pytest.approx(1 / (1 + np.e), abs=1e-6)


def test_a_large_photograph_is_shown_smaller(network):
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("lime", (3000, 1500)))
    assert box.children[2]._content.size == (400, 800)


@pytest.mark.parametrize("arguments, options, complaint", [
    (["red", "green"], {}, "class_names"),
    (NAMES, {"treshold": 0.5}, "unknown control 'treshold'"),
    (NAMES, {"threshold": 7}, "threshold"),
    (NAMES, {"class_index": 3}, "class_index"),
    (NAMES, {"side": 0}, "side is 0"),
    (NAMES, {"side": "64"}, "side is '64'"),
    (NAMES, {"side": 64.0}, "side is 64.0"),
    (NAMES, {"side": 4}, "takes no photographs of 4×4 px"),
], ids=str)
def test_what_no_photograph_could_be_shown_with_is_refused_at_the_call(network, arguments, options, complaint):
    with pytest.raises((ValueError, TraitError), match=complaint):
        own_photo(network, arguments, **{"side": 64} | options)


@pytest.mark.parametrize("shape", [(64, 64, 1), (64, 64, 4), (None, None, 1)])
def test_a_network_of_grey_pictures_hears_that_photographs_have_colours(shape):
    image = keras.Input(shape, dtype="uint8", name="grey")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1.0)(image))
    with pytest.raises(ValueError, match=rf"images of shape .*{shape[-1]}\): expected a network of RGB photographs"):
        own_photo(keras.Model(image, keras.layers.Dense(3)(x)), NAMES, side=64)


@pytest.mark.parametrize("build, complaint", [
    (lambda image: keras.layers.Dense(3)(keras.layers.Flatten()(image)), "has no class activation maps"),
    (lambda image: keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(image[..., :2])), "shape"),
    (None, "has no graph"),
])
def test_a_network_of_another_kind_is_refused_at_the_call(build, complaint):
    image = keras.Input((64, 64, 3))
    network = keras.Model(image, build(image)) if build else "alexnet"
    with pytest.raises(ValueError, match=complaint):
        own_photo(network, NAMES, side=32 if complaint == "shape" else 64)


def test_what_goes_wrong_later_is_shown_below_the_cell(network, monkeypatch):
    """The kernel shows the exceptions of a callback nowhere that a reader looks."""
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("red"))

    def fail(*arguments):
        raise MemoryError("no room for <maps>")

    monkeypatch.setattr(photograph, "explain", fail)
    send(box, coloured("blue"), "sky.jpg")
    assert box.children[1].value == "sky.jpg cannot be looked at: MemoryError, no room for &lt;maps&gt;"
    assert len(box.children) == 2


def test_the_old_text_and_view_go_before_the_new_photograph_is_looked_at(network, monkeypatch):
    box, seen = own_photo(network, NAMES, side=64), []
    send(box, coloured("red"))

    def look(*arguments):
        seen.append((box.children[1].value, len(box.children)))
        return explain(*arguments)

    monkeypatch.setattr(photograph, "explain", look)
    send(box, coloured("blue"), "sky & sea.jpg")
    assert seen == [("Looking at sky &amp; sea.jpg …", 2)] and len(box.children) == 3


def test_the_sizes_told_are_the_files(network):
    box = own_photo(network, NAMES, side=64)
    send(box, coloured("red", (4000, 12), "png"))
    assert "mine.jpg has 4000×12 pixels" in box.children[1].value
    send(box, coloured("red", (4000, 60), "png"))  # a panorama, of 12 px where it is shown
    assert "red &amp; hot 100%" in box.children[1].value and box.children[2]._content.size == (12, 800)
