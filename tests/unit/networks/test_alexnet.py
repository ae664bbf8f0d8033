import sys

import numpy as np
import pytest

from camlib.backend import keras
from camlib.data import photos
from camlib.maps import cam
from camlib.networks import alexnet, imagenet

LAYERS = {  # name: (stride, padding), as torchvision's AlexNet has them
    "conv1": (4, 2), "conv2": (1, 2), "conv3": (1, 1), "conv4": (1, 1), "conv5": (1, 1),
}
PEER = """
import sys
import numpy as np, torch, torch.nn.functional as F

folder = sys.argv[1]
w = {name.replace("|", "/"): torch.from_numpy(array) for name, array in np.load(folder + "/weights.npz").items()}
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
for n in range(2):
    x = (torch.from_numpy(np.load(f"{folder}/photo{n}.npy")).permute(0, 3, 1, 2) / 255 - mean) / deviation
    for name, stride, padding in (("conv1", 4, 2), ("conv2", 1, 2), ("conv3", 1, 1), ("conv4", 1, 1), ("conv5", 1, 1)):
        x = torch.relu(F.conv2d(x, w[name + "/kernel"].permute(3, 2, 0, 1), w[name + "/bias"], stride, padding))
        np.save(f"{folder}/{name}_{n}.npy", x.permute(0, 2, 3, 1).numpy())
        if name in ("conv1", "conv2"):
            x = F.max_pool2d(x, 3, 2)
"""


@pytest.fixture(scope="module")
def arrays():
    return imagenet.convolutions("AlexNet")


@pytest.fixture(scope="module")
def trunk(arrays):
    return alexnet.alexnet_features(arrays)


@pytest.fixture(scope="module")
def photo():
    """A photograph of a zebra, (1, 256, 341, 3)."""
    return photos.read(photos.SAMPLE / "250.zebra" / "250_0008.jpg")[None]


@pytest.fixture(scope="module")
def outputs(trunk, photo):
    """What every layer says of the photograph, by name."""
    names = [layer.name for layer in trunk.layers]
    model = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in names])
    return {name: np.asarray(output) for name, output in zip(names, model.predict_on_batch(photo))}


def test_normalisation_is_imagenets(outputs, photo):
    red, green, blue = photo[0, 17, 23] / 255
    expected = (red - 0.485) / 0.229, (green - 0.456) / 0.224, (blue - 0.406) / 0.225
    np.testing.assert_allclose(outputs["imagenet_scale"][0, 17, 23], expected, atol=1e-5)


@pytest.mark.parametrize("name, before", [
    ("conv1", "imagenet_scale"), ("conv2", "pool_conv1"), ("conv3", "pool_conv2"), ("conv4", "conv3"),
    ("conv5", "conv4"),
])
@pytest.mark.parametrize("corner", ["first", "last", "middle"])
def test_each_convolution_against_a_loop(outputs, arrays, name, before, corner):
    """Σ over the kernel, in double precision; outside the image there are zeros, and a ReLU follows."""
    given, made = outputs[before][0].astype(float), outputs[name][0]
    kernel, bias = arrays[f"{name}/kernel"].astype(float), arrays[f"{name}/bias"]
    stride, padding = LAYERS[name]
    rows, columns = made.shape[:2]
    assert (rows, columns) == tuple((n + 2 * padding - len(kernel)) // stride + 1 for n in given.shape[:2])
    row, column = {"first": (0, 0), "last": (rows - 1, columns - 1), "middle": (rows // 2, columns // 3)}[corner]
    for y in range(max(row - 1, 0), min(row + 2, rows)):
        for x in range(max(column - 1, 0), min(column + 2, columns)):
            total = bias.astype(float)
            for i in range(len(kernel)):
                for j in range(len(kernel)):
                    from_row, from_column = y * stride + i - padding, x * stride + j - padding
                    if 0 <= from_row < given.shape[0] and 0 <= from_column < given.shape[1]:
                        total = total + given[from_row, from_column] @ kernel[i, j]
            np.testing.assert_allclose(made[y, x], np.maximum(total, 0), atol=1e-4)


@pytest.mark.parametrize("name, before", [("pool_conv1", "conv1"), ("pool_conv2", "conv2")])
def test_each_pool_against_a_loop(outputs, name, before):
    given, made = outputs[before][0], outputs[name][0]
    assert made.shape[:2] == tuple((n - 3) // 2 + 1 for n in given.shape[:2])
    for y, x in [(0, 0), (5, 7), (made.shape[0] - 1, made.shape[1] - 1)]:
        assert np.array_equal(made[y, x], given[2 * y:2 * y + 3, 2 * x:2 * x + 3].max(axis=(0, 1)))


@pytest.mark.parametrize("height, width", [(31, 31), (31, 200), (32, 45), (224, 224), (227, 300)])
def test_cells_counts_the_map(trunk, height, width):
    made = trunk.predict_on_batch(np.zeros((1, height, width, 3), np.uint8))
    assert made.shape == (1, alexnet.cells(height), alexnet.cells(width), 256)


def test_the_smallest_photograph():
    assert alexnet.cells(alexnet.SMALLEST) == 1 and alexnet.cells(alexnet.SMALLEST - 1) == 0
    assert alexnet.cells(224) == 13 and alexnet.cells(1) == 0


@pytest.mark.parametrize("options", [
    {}, {"unit": True}, {"taps": ("conv5",), "pool": 1}, {"taps": ("conv5",), "pool": 1, "extra": (32,)},
    {"extra": (16, 24), "pool": 5}, {"taps": ("conv3", "conv4", "conv5")},
])
@pytest.mark.parametrize("shape", [(31, 31), (100, 163)])
def test_the_identity_holds(arrays, options, shape):
    model = alexnet.alexnet_gap(7, weights=arrays, **options)
    random = np.random.default_rng(0)
    bias = random.normal(size=7).astype(np.float32)
    model.get_layer("dense").set_weights([model.get_layer("dense").get_weights()[0], bias])
    images = random.integers(0, 256, (2, *shape, 3), np.uint8)
    explanation = cam.explain(model, images)
    assert explanation.maps.shape == (2, alexnet.cells(shape[0]), alexnet.cells(shape[1]), 7)
    np.testing.assert_allclose(explanation.maps.mean(axis=(1, 2)) + bias, explanation.logits, atol=1e-4)
    np.testing.assert_allclose(model.predict_on_batch(images), explanation.logits, atol=1e-4)
    assert [layer.name for layer in model.layers][-2:] == ["gap", "dense"]


@pytest.mark.parametrize("pool", [3, 7])
def test_gap_hears_what_it_would_after_a_max_pool(arrays, photo, outputs, pool):
    model = alexnet.alexnet_gap(3, weights=arrays, pool=pool, unit=False)
    gap = keras.Model(model.inputs, model.get_layer("gap").output).predict_on_batch(photo)
    side_by_side = np.concatenate([outputs["conv4"], outputs["conv5"]], axis=-1)[0]
    rows, columns = side_by_side.shape[:2]
    reach = pool // 2
    strongest = [[side_by_side[max(y - reach, 0):y + reach + 1, max(x - reach, 0):x + reach + 1].max(axis=(0, 1))
                  for x in range(columns)] for y in range(rows)]
    np.testing.assert_allclose(gap[0], np.mean(strongest, axis=(0, 1)), rtol=1e-4)


def test_maps_and_means_over_the_length_of_the_means(arrays, photo):
    """Against the network without the layer, with the same head: everything but the bias is over |v|."""
    plain, unit = (alexnet.alexnet_gap(3, weights=arrays, unit=unit) for unit in (False, True))
    unit.set_weights(plain.get_weights())
    v = keras.Model(plain.inputs, plain.get_layer("gap").output).predict_on_batch(photo)
    length = np.sqrt((v.astype(float)**2).sum())
    gap = keras.Model(unit.inputs, unit.get_layer("gap").output).predict_on_batch(photo)
    np.testing.assert_allclose(gap, v / length, rtol=1e-5)
    maps, expected = cam.explain(unit, photo).maps, cam.explain(plain, photo).maps / length
    np.testing.assert_allclose(maps, expected, atol=1e-5 * abs(expected).max())


def test_the_papers_network_has_the_papers_parameters():
    model = alexnet.alexnet_gap(1000, taps=("conv5",), pool=1, unit=False, extra=(1024,), weights=None)
    assert model.count_params() == 2_469_696 + (9 * 256 * 1024 + 1024) + (1024 * 1000 + 1000)


def test_a_seed_makes_the_untrained_layers(arrays):
    first, again, other = (alexnet.alexnet_gap(3, extra=(4,), weights=arrays, seed=seed) for seed in (0, 0, 1))
    for name in ("conv6", "dense"):
        kernels = [model.get_layer(name).get_weights()[0] for model in (first, again, other)]
        assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])


def test_a_seed_makes_random_convolutions():
    first, again, other = (alexnet.alexnet_gap(3, weights=None, seed=seed) for seed in (0, 0, 1))
    for name in ("conv1", "conv5"):
        kernels = [model.get_layer(name).get_weights()[0] for model in (first, again, other)]
        assert np.array_equal(kernels[0], kernels[1]) and not np.array_equal(kernels[0], kernels[2])


def test_a_saved_model_says_the_same(arrays, photo, tmp_path):
    model = alexnet.alexnet_gap(3, weights=arrays)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict_on_batch(photo), model.predict_on_batch(photo), atol=1e-5)


@pytest.mark.parametrize("options, complaint", [
    ({"classes": 0}, "classes is 0"), ({"taps": ()}, "taps is"), ({"taps": "conv5"}, "taps is"),
    ({"taps": ("conv2",)}, "conv2"), ({"pool": 2}, "pool is 2"), ({"pool": 0}, "pool is 0"),
    ({"extra": 1024}, "extra is 1024"), ({"extra": (0,)}, "extra is"),
])
def test_bad_arguments_are_named(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        alexnet.alexnet_gap(**{"classes": 2, "weights": None} | options)


@pytest.mark.peers
def test_every_layer_against_pytorch(peer, arrays, photo, trunk, tmp_path):
    names = list(LAYERS)
    views = [photo, photo[:, 32:256, 100:331]]
    np.savez(tmp_path / "weights.npz", **{name.replace("/", "|"): array for name, array in arrays.items()})
    for n, image in enumerate(views):
        np.save(tmp_path / f"photo{n}.npy", image)
    peer(PEER, tmp_path)
    ours = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in names])
    for n, image in enumerate(views):
        for name, output in zip(names, ours.predict_on_batch(image)):
            theirs = np.load(tmp_path / f"{name}_{n}.npy")
            print(name, theirs.shape, "largest difference", abs(output - theirs).max(), file=sys.stderr)
            np.testing.assert_allclose(output, theirs, atol=1e-4)
