"""One walk through a network's graph: nested models laid open, and what was made of them kept while they stay."""

import functools
import gc
import threading
import weakref

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps import cam
from camlib.maps.attribution import attribute
from camlib.maps.cam import explain
from camlib.networks.cut import cut
from camlib.networks.graph import remembered, unrolled

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 1), np.uint8)
CLASSES = [0, 2, 1]


def body(name="body"):
    image = keras.Input((12, 10, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="early")(image)
    return keras.Model(image, layers.Conv2D(5, 3, activation="relu", name="late")(x), name=name)


def transfer(*tail):
    """Rescaling → body, nested → `tail`: as most networks are that are trained on top of another."""
    tail = tail or (layers.GlobalAveragePooling2D(), layers.Dense(3))
    return keras.Sequential([keras.Input((12, 10, 1)), layers.Rescaling(1 / 255, name="rescaling"), body(), *tail])


def flat(model):
    """The same layers in one graph, called by hand."""
    image = keras.Input((12, 10, 1))
    x = model.get_layer("rescaling")(image)
    for layer in (*model.get_layer("body").layers[1:], *model.layers[2:]):
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize("tail", [(), (layers.Flatten(), layers.Dense(4, "tanh"), layers.Dense(3, "softmax"))])
@pytest.mark.parametrize("method", ["grad_cam", "hires_cam", "score_cam", "ablation_cam", "eigen_cam"])
def test_methods_look_into_nested_models(tail, method):
    model = transfer(*tail)
    by_hand = attribute(flat(model), IMAGES, CLASSES, method, layer="late")
    assert by_hand.shape == (3, 8, 6) and by_hand.any()
    for layer in (None, "late", "body/late", "body"):
        np.testing.assert_allclose(attribute(model, IMAGES, CLASSES, method, layer), by_hand, rtol=1e-4, atol=1e-7)
    early = attribute(model, IMAGES, CLASSES, method, "early")
    np.testing.assert_allclose(early, attribute(flat(model), IMAGES, CLASSES, method, "early"), rtol=1e-4, atol=1e-7)


def test_mobilenet_without_its_top_in_a_sequential_model():
    base = keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, include_top=False, pooling="avg", weights=None)
    model = keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(1 / 127.5, -1), base, layers.Dense(5)])
    images = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)
    logits, maps, _ = explain(model, images)
    assert maps.shape == (2, 2, 2, 5)
    np.testing.assert_allclose(logits, model(images), rtol=1e-4)
    last = attribute(model, images, [4, 0], "hires_cam") * 4
    np.testing.assert_allclose(last, maps[[0, 1], :, :, [4, 0]], rtol=1e-4)
    np.testing.assert_array_equal(attribute(model, images, [4, 0], "hires_cam", f"{base.name}/out_relu") * 4, last)


def test_names_that_several_models_share_need_a_path():
    image = keras.Input((12, 10, 1))
    both = layers.Concatenate()([body("left")(image), body("right")(image)])
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(both)))
    with pytest.raises(ValueError, match="has 2 layers 'late': did you mean 'left/late' or 'right/late'"):
        cut(model, "late")
    half, floats = cut(model, "right/late"), keras.ops.cast(IMAGES, "float32")
    np.testing.assert_allclose(half.above([floats, half.below(floats)]), model(floats), rtol=1e-5)
    with pytest.raises(ValueError, match="no layer 'left/lat': did you mean 'left/late'"):
        cut(model, "left/lat")


def named_alike(name="conv"):
    """Two layers of one name each, at two depths, and a layer inside that comes twice and is called as the image."""
    image, same = keras.Input((12, 10, 1), name="same"), layers.Conv2D(4, 3, padding="same", name="same")
    inner = keras.Sequential([keras.Input((12, 10, 1)), layers.Conv2D(4, 3, activation="relu", name=name),
                              layers.BatchNormalization(name="norm"), same, same])
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(5, 3, activation="relu", name=name)(inner(image)))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def test_one_name_may_stand_at_several_depths(tmp_path):
    model = named_alike()
    for weight in model.weights:
        weight.assign(np.random.default_rng(weight.shape[-1]).uniform(0.1, 1, weight.shape))
    names, floats = [layer.name for layer in model._flatten_layers()], keras.ops.cast(IMAGES, "float32")
    logits, maps, _ = explain(model, IMAGES)
    np.testing.assert_allclose(logits, model(floats), rtol=1e-4)
    by_gradient = attribute(model, IMAGES, CLASSES, "hires_cam") * 48
    np.testing.assert_allclose(by_gradient, maps[[0, 1, 2], ..., CLASSES], rtol=1e-4)
    for path in ("conv", "sequential/conv", "sequential/norm", "sequential/same", "norm"):
        path = path.replace("sequential", model.layers[1].name)
        half = cut(model, path)
        np.testing.assert_allclose(half.above([floats, half.below(floats)]), model(floats), rtol=1e-4)
    model.layers[-1].kernel.assign(2 * model.layers[-1].kernel)
    np.testing.assert_allclose(explain(model, IMAGES).maps, 2 * maps, rtol=1e-4)
    with_maps = cam.with_maps(model)
    with_maps.save(tmp_path / "maps.keras")
    loaded = keras.saving.load_model(tmp_path / "maps.keras")
    np.testing.assert_allclose(loaded(floats)[1], 2 * maps, rtol=1e-4)
    assert [layer.name for layer in model._flatten_layers()] == names


def of_both_sides(part, join):
    """A network that looks at an image and at its mirror image by the same `part`."""
    image = keras.Input((12, 10, 1))
    return keras.Model(image, layers.Dense(3)(join(part(image), part(keras.ops.flip(image, 2)))))


def test_a_layer_whose_calls_do_not_follow_one_another_is_refused_in_a_sentence():
    pool, conv = layers.GlobalAveragePooling2D(), layers.Conv2D(4, 3, activation="relu", name="conv")
    model = of_both_sides(conv, lambda left, right: pool(layers.Maximum(name="join")([left, right])))
    with pytest.raises(ValueError, match="layer 'conv' of .* is called more than once.*: name another layer"):
        attribute(model, IMAGES, CLASSES, layer="conv")
    expected = explain(model, IMAGES).maps[[0, 1, 2], ..., CLASSES]
    for layer in (None, "join"):
        maps = attribute(model, IMAGES, CLASSES, "hires_cam", layer) * 80
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-3)
    model = of_both_sides(body(), lambda left, right: pool(left) + pool(right))
    for layer in (None, "body", "early"):
        with pytest.raises(ValueError, match="layer '.*' of .* is called more than once"):
            attribute(model, IMAGES, CLASSES, layer=layer)
    again = layers.Conv2D(1, 3, padding="same", name="again")
    image = keras.Input((12, 10, 1))
    model = keras.Model(image, layers.Dense(3)(pool(again(layers.ReLU()(again(image))))))
    expected = explain(model, IMAGES).maps[[0, 1, 2], ..., CLASSES]
    for layer in (None, "again"):
        maps = attribute(model, IMAGES, CLASSES, "hires_cam", layer) * 120
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-3)


def learnt_scale():
    layer = layers.Normalization(axis=(1, 2, 3))
    layer.adapt(IMAGES.astype(np.float32))
    return layer


def test_pictures_are_no_features():
    """What is scaled, normalised or augmented is still a picture: by default none of these layers is explained."""
    normalised = layers.Normalization(axis=(1, 2, 3), mean=np.ones((12, 10, 1)), variance=np.ones((12, 10, 1)))
    prepared = (keras.Input((12, 10, 1)), layers.Rescaling(1 / 255, name="scaled"), normalised,
                layers.RandomFlip(), layers.RandomZoom(0.2))
    model = keras.Sequential([*prepared, layers.Flatten(), layers.Dense(3)])
    with pytest.raises(ValueError, match=r"no layer with a map that a convolution computes: expected one that gives"):
        attribute(model, IMAGES, CLASSES)
    assert attribute(model, IMAGES, CLASSES, layer="scaled").shape == (3, 12, 10)
    prep, image = keras.Sequential([keras.Input((12, 10, 1)), learnt_scale(), layers.RandomContrast(0.1)]), prepared[0]
    for nested in (prep, functools.partial(prep, training=True)):
        with pytest.raises(ValueError, match="no layer with a map that a convolution computes"):
            attribute(keras.Model(image, layers.Dense(3)(layers.Flatten()(nested(image)))), IMAGES, CLASSES)
    seen = layers.Conv2D(2, 3), layers.MaxPooling2D()
    model = keras.Sequential([*prepared, *seen, layers.Flatten(), layers.Dense(3)])
    assert attribute(model, IMAGES, CLASSES).shape == (3, 5, 4)


class Doubled(keras.Model):
    """A functional model whose graph is not what it computes."""

    def call(self, x, training=None):
        return 2 * super().call(x, training=training)


def test_a_model_with_a_call_of_its_own_stays_one_layer():
    image = keras.Input((12, 10, 1))
    inner = body()
    model = keras.Sequential([keras.Input((12, 10, 1)), Doubled(inner.inputs, inner.outputs[0], name="own"),
                              layers.GlobalAveragePooling2D(), layers.Dense(3)])
    assert "own" in unrolled(model).tensors and "own/late" not in unrolled(model).tensors
    np.testing.assert_allclose(explain(model, IMAGES).logits, model(IMAGES), rtol=1e-4, atol=1e-3)
    with pytest.raises(ValueError, match="'alone' has a call of its own, so its graph is not what it computes"):
        explain(Doubled(model.inputs, model.outputs[0], name="alone"), IMAGES)
    training = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(inner(image, training=True))))
    assert "body/late" not in unrolled(training).tensors


# --- What was made from a model, and when it is made anew ---


def new_head(model):
    model.pop()
    model.add(layers.Dense(3))


def new_inner_head(model):
    new_head(model.layers[-1])


def small(activation="relu", classes=10):
    return [layers.Conv2D(4, 3, activation=activation), layers.GlobalAveragePooling2D(), layers.Dense(classes)]


class Block(layers.Layer):
    """A layer with a list of layers inside."""

    def __init__(self):
        super().__init__()
        self.inside = [layers.Conv2D(4, 3)]

    def call(self, x):
        return self.inside[0](x)


@pytest.mark.parametrize("model, change", [
    (keras.Sequential([keras.Input((12, 10, 1)), *small()]), new_head),
    (keras.Sequential([keras.Input((12, 10, 1)), keras.Sequential(small())]), new_inner_head),
    (keras.Sequential([keras.Input((12, 10, 1)), *small("tanh", 3)]),
     lambda model: setattr(model.layers[0], "activation", keras.activations.relu)),
    (keras.Sequential([keras.Input((12, 10, 1)), layers.Rescaling(1 / 255, name="scale"), *small("tanh", 3)]),
     lambda model: setattr(model.get_layer("scale"), "scale", 2)),
    (keras.Sequential([keras.Input((12, 10, 1)), *small(layers.LeakyReLU(0.9), 3)]),
     lambda model: setattr(model.layers[0].activation, "negative_slope", -2.0)),
    (keras.Sequential([keras.Input((12, 10, 1)), layers.SpectralNormalization(layers.Conv2D(4, 3)), *small()[1:-1],
                       layers.Dense(3)]), lambda model: setattr(model.layers[0].layer, "activation", keras.ops.tanh)),
    (keras.Sequential([keras.Input((12, 10, 1)), Block(), *small()[1:-1], layers.Dense(3)]),
     lambda model: setattr(model.layers[0].inside[0], "activation", keras.ops.tanh)),
    (keras.Sequential([keras.Input((12, 10, 1)), *small(classes=3)]),
     lambda model: setattr(model.layers[-1], "activation", keras.activations.softmax)),
])
def test_answers_are_those_of_the_network_as_it_is_now(model, change):
    explain(model, IMAGES)
    attribute(model, IMAGES, CLASSES)
    change(model)
    logits, maps, bias = explain(model, IMAGES)
    assert logits.shape == (3, 3) and maps.shape == (3, 10, 8, 3)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias, logits, rtol=1e-5, atol=1e-4)
    softmax = getattr(model.layers[-1], "activation", None) is keras.activations.softmax
    ends = keras.ops.softmax if softmax else np.asarray
    np.testing.assert_allclose(ends(logits), model(IMAGES * 1.0), rtol=1e-4, atol=1e-4)
    hires = attribute(model, IMAGES, CLASSES, "hires_cam") * 80
    np.testing.assert_allclose(hires, maps[[0, 1, 2], :, :, CLASSES], rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="classes run from 0 to 9: expected 0 to 2"):
        attribute(model, IMAGES, [0, 1, 9])


def with_lora(layer):
    layer.enable_lora(2)
    return lambda: layer.lora_kernel_b.assign(np.full(layer.lora_kernel_b.shape, 5.0))


@pytest.mark.parametrize("tail", [
    (layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")),
    (layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(3, 1, activation="softmax"), layers.Flatten()),
])
def test_a_kernel_that_is_computed_is_the_one_of_now(tail):
    model = transfer(*tail)
    change = with_lora(tail[1])
    for _ in range(2):
        expected = explain(model, IMAGES).maps[[0, 1, 2], ..., CLASSES]
        by_gradient = attribute(model, IMAGES, CLASSES, "hires_cam") * 48
        np.testing.assert_allclose(by_gradient, expected, rtol=1e-4, atol=1e-6)
        change()


def test_a_quantised_layers_numbers_are_scaled_back():
    model = transfer(layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax"))
    model.layers[-1].quantize("int8")
    half, floats = cut(model), keras.ops.cast(IMAGES, "float32")
    features = half.below(floats)
    np.testing.assert_allclose(keras.ops.softmax(half.above([floats, features])), model(floats), rtol=1e-4, atol=1e-6)
    kernel = np.asarray(model.layers[-1].kernel, float) / np.asarray(model.layers[-1].kernel_scale)
    expected = np.einsum("nrck,kn->nrc", features, kernel[:, CLASSES]) / 48
    np.testing.assert_allclose(attribute(model, IMAGES, CLASSES, "hires_cam"), expected, rtol=1e-4, atol=1e-6)


def test_an_ending_that_no_longer_qualifies_is_refused():
    model = keras.Sequential([keras.Input((12, 10, 1)), *small(classes=3)])
    explain(model, IMAGES)
    model.layers[-1].activation = keras.activations.relu
    with pytest.raises(ValueError, match=r"Dense \(relu\) stands in the way"):
        explain(model, IMAGES)


def test_what_was_made_is_kept_through_training():
    model = transfer()
    halves = cut(model)
    explain(model, IMAGES)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(IMAGES, np.array(CLASSES), verbose=0)
    model.trainable = False
    assert cut(model).above is halves.above
    np.testing.assert_allclose(explain(model, IMAGES).logits, model(IMAGES * 1.0), rtol=1e-4, atol=1e-5)


def test_a_model_that_is_gone_takes_along_what_was_made_of_it():
    model = transfer()
    explain(model, IMAGES)
    made = weakref.ref(cut(model).above), weakref.ref(model)
    del model
    gc.collect()  # the model
    gc.collect()  # and what it was the key of
    assert [each() for each in made] == [None, None]


def test_threads_that_ask_at_once_get_what_one_of_them_makes(monkeypatch):
    """A widget's callback runs beside a cell: layers that two threads call at once would mix their graphs up."""
    made, inside = [], threading.Event()

    def slow(model, make=cam.with_maps):
        made.append(model)
        inside.wait(0.5)  # where nothing guards it, the others come in here meanwhile
        if len(made) > 1:
            inside.set()
        return make(model)

    monkeypatch.setattr(cam, "with_maps", slow)
    model, said = transfer(), []
    threads = [threading.Thread(target=lambda: said.append(explain(model, IMAGES).logits)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    for logits in said:
        np.testing.assert_allclose(logits, model(IMAGES * 1.0), rtol=1e-4, atol=1e-5)
    assert len(said) == 4


def test_what_failed_is_made_anew():
    model, tries = transfer(), []

    def fails():
        tries.append(1)
        raise OSError

    for _ in "ab":
        with pytest.raises(OSError):
            remembered(model, "it", fails)
    assert remembered(model, "it", lambda: 5) == remembered(model, "it", lambda: 6) == 5 and len(tries) == 2
