import numpy as np
import pytest

import camlib
from camlib.backend import keras
from camlib.data import photos
from camlib.maps import cam
from camlib.networks import imagenet, vgg

THEIRS = {name: f"block{name[4]}_conv{name[-1]}" for name in imagenet.KERNELS["VGG16"]}  # as Keras calls them
PEER = """
import sys
import numpy as np, torch
from torch import nn

folder = sys.argv[1]
w = {name.replace("|", "/"): torch.from_numpy(array) for name, array in np.load(folder + "/weights.npz").items()}
layers, channels = [], 3
for wide in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):  # torchvision's "D"
    if wide == "M":
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    else:
        layers += [nn.Conv2d(channels, wide, kernel_size=3, padding=1), nn.ReLU()]
        channels = wide
features, names = nn.Sequential(*layers), list(dict.fromkeys(name.split("/")[0] for name in w))
for layer, name in zip((layer for layer in layers if isinstance(layer, nn.Conv2d)), names, strict=True):
    layer.weight.data, layer.bias.data = w[name + "/kernel"].permute(3, 2, 0, 1), w[name + "/bias"]
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
x = (torch.from_numpy(np.load(folder + "/photo.npy")).permute(0, 3, 1, 2) / 255 - mean) / deviation
with torch.no_grad():
    np.save(folder + "/features.npy", features(x).permute(0, 2, 3, 1).numpy())
"""


@pytest.fixture(scope="module")
def arrays():
    return imagenet.convolutions("VGG16")


@pytest.fixture(scope="module")
def trunk(arrays):
    return vgg.vgg16_features(arrays)


@pytest.fixture(scope="module")
def photo():
    """Part of a photograph of a zebra, (1, 90, 131, 3)."""
    return photos.read(photos.SAMPLE / "250.zebra" / "250_0008.jpg")[None, 20:110, 100:231]


def test_every_convolution_against_keras_own_network(arrays, trunk, photo):
    theirs = keras.applications.VGG16(weights=None, include_top=False)
    for name, there in THEIRS.items():
        theirs.get_layer(there).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    scaled = (photo / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    expected = keras.Model(theirs.inputs, [theirs.get_layer(there).output for there in THEIRS.values()])
    made = keras.Model(trunk.inputs, [trunk.get_layer(name).output for name in THEIRS])
    for output, truth in zip(made.predict_on_batch(photo), expected.predict_on_batch(scaled.astype(np.float32))):
        np.testing.assert_allclose(output, truth, atol=1e-5 * truth.max())
    assert output.shape == (1, 5, 8, 512) and trunk.output is trunk.get_layer("conv5_3").output


@pytest.mark.parametrize("height, width", [(16, 16), (31, 200), (32, 45), (63, 64)])
def test_cells_counts_the_map(trunk, height, width):
    made = trunk.predict_on_batch(np.zeros((1, height, width, 3), np.uint8))
    assert made.shape == (1, vgg.cells(height), vgg.cells(width), 512)


def test_the_smallest_photograph():
    assert vgg.cells(vgg.SMALLEST) == 1 and vgg.cells(vgg.SMALLEST - 1) == 0
    assert vgg.cells(224) == 14


@pytest.mark.parametrize("options", [
    {}, {"unit": True}, {"pool": 7, "unit": True}, {"extra": (32,)}, {"taps": ("conv5_1", "conv5_3"), "unit": True},
])
def test_the_identity_holds(arrays, options):
    model = camlib.vgg16_gap(7, weights=arrays, **options)
    random = np.random.default_rng(0)
    bias = random.normal(size=7).astype(np.float32)
    model.get_layer("dense").set_weights([model.get_layer("dense").get_weights()[0], bias])
    images = random.integers(0, 256, (2, 40, 66, 3), np.uint8)
    explanation = cam.explain(model, images)
    assert explanation.maps.shape == (2, 2, 4, 7)
    np.testing.assert_allclose(explanation.maps.mean(axis=(1, 2)) + bias, explanation.logits, atol=1e-4)
    np.testing.assert_allclose(model.predict_on_batch(images), explanation.logits, atol=1e-4)
    assert [layer.name for layer in model.layers][-2:] == ["gap", "dense"]


def test_what_is_averaged_is_what_the_last_convolution_left():
    """As in the paper, with no max-pool between; divided by the length of the mean, the maps stay as they are."""
    plain, over_length = (vgg.vgg16_gap(2, unit=unit, weights=None) for unit in (False, True))
    assert plain.get_layer("gap").input is plain.get_layer("conv5_3").output
    assert over_length.get_layer("unit").input is over_length.get_layer("conv5_3").output


def test_the_papers_network_has_the_papers_parameters():
    model = vgg.vgg16_gap(1000, extra=(1024,), weights=None)
    assert model.count_params() == 14_714_688 + (9 * 512 * 1024 + 1024) + (1024 * 1000 + 1000)


@pytest.mark.parametrize("options, complaint", [
    ({"classes": 0}, "classes is 0"), ({"taps": ()}, "taps is"), ({"taps": ("conv5",)}, "conv5_1.*conv5_3"),
    ({"taps": ("conv4_3",)}, "conv4_3"), ({"pool": 2}, "pool is 2"), ({"extra": (0,)}, "extra is"),
])
def test_bad_arguments_are_named(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        vgg.vgg16_gap(**{"classes": 2, "weights": None} | options)


@pytest.mark.peers
def test_features_against_pytorch(peer, photo, tmp_path):
    """With random weights: nothing is downloaded."""
    random = np.random.default_rng(0)
    arrays = {name: (random.normal(size=shape) * np.sqrt(2 / np.prod((9, *shape[2:-1])))).astype(np.float32)
              for name, shape in imagenet.shapes("VGG16").items()}
    np.savez(tmp_path / "weights.npz", **{name.replace("/", "|"): array for name, array in arrays.items()})
    np.save(tmp_path / "photo.npy", photo)
    peer(PEER, tmp_path)
    theirs, ours = np.load(tmp_path / "features.npy"), vgg.vgg16_features(arrays).predict_on_batch(photo)
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * theirs.max())
