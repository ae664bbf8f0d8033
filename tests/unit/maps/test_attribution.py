"""Attribution maps against literal loops, against CAM where they must agree, and against pytorch-grad-cam."""

import numpy as np
import pytest

from camlib.backend import keras
from camlib.maps import attribution, cam
from camlib.maps.arrays import normalise, upsample
from camlib.maps.attribution import METHODS, attribute
from camlib.networks import lenet
from camlib.networks.alexnet import alexnet_gap
from camlib.networks.cut import cut

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 10), np.uint8)
CLASSES = np.array([2, 0, 3])


def small_network(ending="dense", activation=None, seed=1):
    """uint8 (n, 12, 10) → two convolutions, "features" (n, 4, 3, 5) → four classes."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input((12, 10), dtype="uint8")
    x = keras.ops.expand_dims(layers.Rescaling(1 / 255)(image), -1)
    x = layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu", name="early")(x))
    x = layers.ReLU(name="features")(layers.Conv2D(5, 3, padding="same")(x))
    if ending == "gap":
        x = layers.GlobalAveragePooling2D()(x)
    else:
        x = layers.Dense(8, activation="tanh")(layers.Flatten()(x))
    wide = keras.initializers.RandomNormal(stddev=1)
    logits = layers.Dense(4, activation, kernel_initializer=wide, name="head")(x)
    model = keras.Model(image, logits)
    # Biases away from zero, so that no term of a formula goes untested.
    rng = np.random.default_rng(seed)
    model.set_weights([w + rng.normal(0, 0.2 if w.ndim == 1 else 0, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def network():
    return small_network()


# --- A second implementation: network and formulas in loops of float64 NumPy, gradients by differences ---


def numpy_conv(x, kernel, bias):
    rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            patch = x[i : i + kernel.shape[0], j : j + kernel.shape[1]]
            out[i, j] = np.tensordot(patch, kernel, 3) + bias
    return np.maximum(out, 0)


def numpy_features(model, image):
    k1, b1, k2, b2 = [np.asarray(w, np.float64) for w in model.get_weights()[:4]]
    x = numpy_conv(image[:, :, None] / 255, k1, b1)
    pooled = np.zeros((5, 4, 4))
    for i, j in np.ndindex(5, 4):
        pooled[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(0, 1))
    return numpy_conv(np.pad(pooled, ((1, 1), (1, 1), (0, 0))), k2, b2)


def numpy_score(model, features, c):
    w1, b1, w2, b2 = [np.asarray(w, np.float64) for w in model.get_weights()[4:]]
    return (np.tanh(features.reshape(-1) @ w1 + b1) @ w2 + b2)[c]


def numpy_gradients(model, features, c, step=1e-5):
    gradients = np.zeros_like(features)
    for cell in np.ndindex(*features.shape):
        up, down = features.copy(), features.copy()
        up[cell] += step
        down[cell] -= step
        gradients[cell] = (numpy_score(model, up, c) - numpy_score(model, down, c)) / (2 * step)
    return gradients


def corner_aligned(small, height, width):
    """Bilinear, the four corner cells on the four corner pixels."""
    large = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            v, u = y * (small.shape[0] - 1) / (height - 1), x * (small.shape[1] - 1) / (width - 1)
            i, j = min(int(v), small.shape[0] - 2), min(int(u), small.shape[1] - 2)
            top = (1 - (u - j)) * small[i, j] + (u - j) * small[i, j + 1]
            bottom = (1 - (u - j)) * small[i + 1, j] + (u - j) * small[i + 1, j + 1]
            large[y, x] = (1 - (v - i)) * top + (v - i) * bottom
    return large


def masked_score(model, image, channel, c):
    mask = corner_aligned(channel, *image.shape)
    mask = (mask - mask.min()) / (mask.max() - mask.min() + 1e-8)
    return numpy_score(model, numpy_features(model, image * mask), c)


def ablated_score(model, A, k, c):
    without = A.copy()
    without[:, :, k] = 0
    return numpy_score(model, without, c)


def first_component(cells):
    """By power iteration on the covariance of the channels."""
    centred = cells - cells.mean(axis=0)
    v = np.ones(cells.shape[1])
    for _ in range(5000):
        v = centred.T @ (centred @ v)
        v /= np.linalg.norm(v)
    return centred @ (v if v.sum() > 0 else -v)


def by_the_formula(method, model, image, c):
    A = numpy_features(model, image)
    g = numpy_gradients(model, A, c)
    rows, columns, channels = A.shape
    y = numpy_score(model, A, c)
    if method == "eigen_cam":
        return first_component(A.reshape(-1, channels)).reshape(rows, columns)
    if method == "score_cam":
        exponentials = [np.exp(masked_score(model, image, A[:, :, k], c)) for k in range(channels)]
    total = np.zeros((rows, columns))
    for k in range(channels):
        if method == "grad_cam":
            weight = g[:, :, k].sum() / (rows * columns)
        elif method == "grad_cam_plus_plus":
            weight = 0
            for i, j in np.ndindex(rows, columns):
                d = g[i, j, k]
                weight += d**2 / (2 * d**2 + A[:, :, k].sum() * d**3 + 1e-6) * max(d, 0)
        elif method == "xgrad_cam":
            weight = 0
            for i, j in np.ndindex(rows, columns):
                weight += A[i, j, k] / (A[:, :, k].sum() + 1e-7) * g[i, j, k]
        elif method == "hires_cam":
            weight = g[:, :, k]
        elif method == "layer_cam":
            weight = np.maximum(g[:, :, k], 0)
        elif method == "score_cam":
            weight = exponentials[k] / sum(exponentials)
        elif method == "ablation_cam":
            weight = (y - ablated_score(model, A, k, c)) / y
        total += weight * A[:, :, k]
    return total if method == "hires_cam" else np.maximum(total, 0)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_is_its_formula(network, method):
    maps = attribute(network, IMAGES, CLASSES, method, layer="features", batch_size=2)
    expected = np.stack([by_the_formula(method, network, *pair) for pair in zip(IMAGES, CLASSES)])
    assert maps.dtype == np.float32 and maps.shape == (3, 5, 4)
    assert expected.std() > 0
    np.testing.assert_allclose(maps, expected, rtol=1e-5, atol=1e-5 * abs(expected).max())


# --- Against CAM, and between methods ---


@pytest.mark.parametrize("make", [lenet.lenet_gap, lenet.lenet_gap_original, None])
def test_before_gap_they_are_cam(make):
    model = make(4) if make else small_network("gap")
    maps = cam.explain(model, IMAGES).maps[np.arange(3), :, :, CLASSES]
    cells = maps[0].size
    hires = attribute(model, IMAGES, CLASSES, "hires_cam") * cells
    grad = attribute(model, IMAGES, CLASSES, "grad_cam") * cells
    tolerance = 1e-5 * abs(maps).max()
    np.testing.assert_allclose(hires, maps, atol=tolerance)
    np.testing.assert_allclose(grad, np.maximum(maps, 0), atol=tolerance)
    xgrad = attribute(model, IMAGES, CLASSES, "xgrad_cam") * cells
    np.testing.assert_allclose(xgrad, grad, atol=1e-3 * abs(maps).max())


def test_without_gap_grad_cam_and_hires_cam_part(network):
    grad = attribute(network, IMAGES, CLASSES, "grad_cam")
    hires = np.maximum(attribute(network, IMAGES, CLASSES, "hires_cam"), 0)
    assert abs(normalise(grad[..., None]) - normalise(hires[..., None])).max() > 0.1


@pytest.mark.parametrize("method", METHODS)
def test_batch_size_and_neighbours_change_nothing(network, method):
    together = attribute(network, IMAGES, CLASSES, method)
    alone = [attribute(network, IMAGES[[i]], CLASSES[[i]], method, batch_size=1)[0] for i in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_batch_size_bounds_the_images_of_a_pass(network):
    opened = cut(network, batch_size=2)
    passed = []

    class Counting:
        def __init__(self, half):
            self.half = half

        def __call__(self, x, **kwargs):
            passed.append(len(x[0] if isinstance(x, list) else x))
            return self.half(x, **kwargs)

    counted = opened._replace(below=Counting(opened.below), above=Counting(opened.above))
    for method in (attribution.score_cam, attribution.ablation_cam):
        method(counted, IMAGES[:2].astype(np.float32), CLASSES[:2])
    assert max(passed) == 2


def test_maps_follow_the_weights():
    model = small_network("gap")
    before = attribute(model, IMAGES, CLASSES, "hires_cam")
    head = model.get_layer("head")
    head.set_weights([3 * head.kernel.numpy(), head.bias.numpy()])
    after = attribute(model, IMAGES, CLASSES, "hires_cam")
    np.testing.assert_allclose(after, 3 * before, rtol=1e-4, atol=1e-6)


def test_the_model_stays_as_it_was(network):
    before = network.get_weights(), network(IMAGES).numpy(), [layer.name for layer in network.layers]
    for method in METHODS:
        attribute(network, IMAGES, CLASSES, method)
    assert all(map(np.array_equal, before[0], network.get_weights()))
    assert np.array_equal(before[1], network(IMAGES).numpy())
    assert before[2] == [layer.name for layer in network.layers]


# --- Any ending, any Keras model ---


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("squash", ["softmax", "sigmoid"])
def test_the_score_is_the_logit_whatever_squashes_it(network, method, squash):
    expected = attribute(network, IMAGES, CLASSES, method)
    fused = small_network(activation=squash)
    apart = keras.Model(network.input, keras.layers.Activation(squash)(network.output))
    function = keras.Model(network.input, getattr(keras.ops, squash)(network.output))
    for squashed in (fused, apart, function):
        assert not np.allclose(squashed(IMAGES), network(IMAGES))
        maps = attribute(squashed, IMAGES, CLASSES, method)
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_softmax_layer_is_left_out(network):
    squashed = keras.Model(network.input, keras.layers.Softmax()(network.output))
    np.testing.assert_array_equal(attribute(squashed, IMAGES, CLASSES), attribute(network, IMAGES, CLASSES))


@pytest.mark.parametrize("method", METHODS)
def test_lenet_with_its_dense_layers(method):
    model = lenet.lenet_dense(size=32)
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32), np.uint8)
    maps = attribute(model, images, [1, 7], method)
    assert maps.shape == (2, 5, 5) and np.isfinite(maps).all() and maps.any()
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    early = attribute(model, images, [1, 7], method, layer=first.name)
    assert early.shape == (2, 28, 28)


@pytest.fixture(scope="module")
def mobilenet():
    keras.utils.set_random_seed(0)
    return keras.applications.MobileNetV2((48, 48, 3), alpha=0.35, weights=None, classes=5)


# The second layer lies inside a residual block: a shortcut leads past it.
@pytest.mark.parametrize("layer, side", [(None, 2), ("block_4_depthwise_relu", 6)])
@pytest.mark.parametrize("method", METHODS)
def test_off_the_shelf_network(mobilenet, method, layer, side):
    images = np.random.default_rng(2).uniform(-1, 1, (2, 48, 48, 3)).astype(np.float32)
    maps = attribute(mobilenet, images, [0, 4], method, layer=layer, batch_size=64)
    assert maps.shape == (2, side, side) and maps.dtype == np.float32
    assert np.isfinite(maps).all() and maps.any()


def test_shortcuts_past_the_layer_are_kept():
    """y = w · (mean A + mean image): ablating A leaves the image's share, and ∂y/∂A is w / cells."""
    layers = keras.layers
    image = keras.Input((12, 10, 1))
    x = layers.Add()([layers.Conv2D(1, 1, activation="relu", name="branch")(image), image])
    model = keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    model.set_weights([np.full((1, 1, 1, 1), 2.0), np.zeros(1), np.array([[5.0, 6, 7, 8]]), np.zeros(4)])
    images = IMAGES[..., None].astype(np.float32)
    w = np.array([7, 5, 8])[:, None, None]
    hires = attribute(model, images, CLASSES, "hires_cam", layer="branch")
    np.testing.assert_allclose(hires, w * 2 * IMAGES / 120, rtol=1e-5)
    ablation = attribute(model, images, CLASSES, "ablation_cam", layer="branch")
    np.testing.assert_allclose(ablation, 2 / 3 * 2 * IMAGES, rtol=1e-4)


def test_sequential_and_nested_networks(network):
    layers = keras.layers
    base = keras.Sequential([keras.Input((12, 10, 1)), layers.Conv2D(3, 3, activation="relu")], name="base")
    model = keras.Sequential([base, layers.Flatten(), layers.Dense(4, "softmax")])
    images = IMAGES[..., None]
    maps = attribute(model, images, CLASSES, "hires_cam")
    kernel = np.asarray(model.layers[-1].kernel).reshape(10, 8, 3, 4)
    expected = np.einsum("nrck,rckn->nrc", base(images.astype(np.float32)), kernel[..., CLASSES])
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(attribute(model, images, CLASSES, "hires_cam", layer="base"), maps)


def test_default_layer_passes_over_maps_of_one_cell():
    layers = keras.layers
    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(4, 3, name="wanted")(image)
    x = layers.Conv2D(6, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    model = keras.Model(image, layers.Softmax()(layers.Flatten()(x)))
    images = np.random.default_rng(3).normal(size=(2, 12, 10, 3))
    maps = attribute(model, images, [5, 0])
    assert maps.shape == (2, 10, 8)
    np.testing.assert_array_equal(maps, attribute(model, images, [5, 0], layer="wanted"))


def test_defined_where_nothing_is_active():
    model = small_network()
    silent = [0 * w for w in model.get_weights()]
    model.set_weights(silent)
    for method in METHODS:
        np.testing.assert_array_equal(attribute(model, IMAGES, CLASSES, method), np.zeros((3, 5, 4)))


# --- Errors ---


@pytest.mark.parametrize(
    "change, message",
    [
        ({"method": "gradcam"}, "no method 'gradcam'.*'grad_cam'"),
        ({"method": "Score-CAM"}, "did you mean 'score_cam'"),
        ({"method": "zzz"}, "expected one of grad_cam, grad_cam_plus_plus"),
        ({"layer": "feature"}, "no layer 'feature': did you mean 'features'"),
        ({"layer": "zzz"}, "no layer 'zzz': expected one of .*early.*features"),
        ({"layer": "head"}, r"layer 'head' of .* gives \(None, 4\), no map.*features"),
        ({"classes": [0, 1, 4]}, "run from 0 to 4: expected 0 to 3"),
        ({"classes": [0, -1, 2]}, "run from -1 to 2"),
        ({"classes": [0, 1]}, r"expected one int an image, \(3,\)"),
        ({"classes": 2}, r"expected one int an image, \(3,\)$"),
        ({"classes": [[0], [1], [2]]}, r"int64, \(3, 1\): expected one int an image, \(3,\); say labels\[:, 0\]"),
        ({"classes": [0.0, 1.0, 2.0]}, "classes are float64"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_errors_say_what_to_do(network, change, message):
    arguments = {"model": network, "images": IMAGES, "classes": CLASSES} | change
    with pytest.raises(ValueError, match=message):
        attribute(**arguments)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint32, np.uint64])
def test_labels_are_whole_numbers_of_any_kind(network, method, kind):
    """Keras loads MNIST's labels as uint8."""
    maps = attribute(network, IMAGES, CLASSES.astype(kind), method)
    np.testing.assert_array_equal(maps, attribute(network, IMAGES, CLASSES, method))


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float64"])
def test_half_precision_keeps_slopes_that_it_has_no_number_for(policy):
    """A weight of 2⁻¹² over 2¹⁴ cells is a slope of 2⁻²⁶, and float16's least number is 2⁻²⁴: all would be blank."""
    layers = keras.layers
    image = keras.Input((128, 128, 1))
    x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", dtype=policy)(image)
    head = layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0**-12), dtype=policy)
    model = keras.Model(image, head(layers.GlobalAveragePooling2D(dtype=policy)(x)))
    images = np.arange(2.0).repeat(8192).reshape(1, 128, 128, 1)
    for method in ("hires_cam", "grad_cam", "layer_cam", "xgrad_cam"):
        maps = attribute(model, images, [0], method)
        np.testing.assert_allclose(maps, images[..., 0] * 2.0**-26, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_where_no_gradient_arrives_it_is_said(method):
    """Behind rounding no slope is known; what needs none goes on."""
    layers = keras.layers
    image = keras.Input((12, 10, 1))
    x = layers.Conv2D(3, 3, name="early")(image)
    x = layers.Conv2D(3, 3, name="late")(keras.ops.stop_gradient(x))
    model = keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    images = IMAGES[..., None] / 255
    if method in ("score_cam", "ablation_cam", "eigen_cam"):
        assert np.isfinite(attribute(model, images, CLASSES, method, layer="early")).all()
    else:
        with pytest.raises(ValueError, match="no gradient of the class's score reaches the layer.*a later layer"):
            attribute(model, images, CLASSES, method, layer="early")
    assert attribute(model, images, CLASSES, method, layer="late").shape == (3, 8, 6)


def test_channels_first_are_named_and_nothing_else_is():
    """channels × rows would be returned as a map; where a Permute has put the channels last, they are last."""
    layers = keras.layers

    def model(*tail, head="channels_first"):
        image = keras.Input((1, 12, 10))
        x = layers.ReLU()(layers.Conv2D(5, 3, data_format="channels_first", name="first")(image))
        for part in tail:
            x = part(x)
        return keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D(data_format=head)(x)))

    trunk = keras.Sequential([keras.Input((1, 12, 10)), layers.Conv2D(5, 3, data_format="channels_first")])
    nested = keras.Sequential([trunk, layers.ReLU(), layers.Flatten(), layers.Dense(4)])
    images = IMAGES[:, None] / 255
    for one in (model(), nested):
        with pytest.raises(ValueError, match="has its channels first.*expected them last; build it anew"):
            attribute(one, images, CLASSES)
    turned = model(layers.Permute((2, 3, 1)), head="channels_last")
    assert attribute(turned, images, CLASSES).shape == (3, 10, 8)
    with pytest.raises(ValueError, match="has its channels first.* at 'first'"):
        attribute(turned, images, CLASSES, layer="first")


@pytest.mark.parametrize("side", [1, 9, 30])
def test_photographs_smaller_than_the_pools_are_named(side):
    """TensorFlow would end the process."""
    with pytest.raises(ValueError, match=f"images of {side} × 64 × 3 are too small for 'alexnet_gap': .*larger ones"):
        attribute(alexnet_gap(3, weights=None), np.zeros((1, side, 64, 3), np.uint8), [0])


def test_a_model_without_a_map_is_refused():
    flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no layer with a map"):
        attribute(flat, np.zeros((1, 4)), [0])


def test_a_layer_that_does_more_than_squash_is_not_left_out():
    """EinsumDense with a softmax of its own: its weights are part of the score, and so is the softmax."""
    layers = keras.layers
    image = keras.Input((12, 10, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(5, 3, name="features")(image))
    model = keras.Model(image, layers.EinsumDense("nk,kc->nc", 4, activation="softmax")(x))
    assert cut(model).above.output.shape == (None, 4)
    images = keras.ops.cast(IMAGES[..., None] / 255, "float32")
    together = cut(model).above([images, cut(model).below(images)])
    np.testing.assert_allclose(together, model(images), atol=1e-6)


# --- Against pytorch-grad-cam, in an environment of its own ---

PEER = '''
import sys
import types

import numpy as np
import torch

# pytorch-grad-cam imports torchvision for helpers that are not used here.
transforms = types.ModuleType("torchvision.transforms")
transforms.Compose = transforms.Normalize = transforms.ToTensor = object
sys.modules |= {"torchvision": types.ModuleType("torchvision"), "torchvision.transforms": transforms}
import pytorch_grad_cam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

nn = torch.nn
data = np.load(sys.argv[1])
weights = [data[f"w{i}"] for i in range(8 if "w6" in data else 6)]
dense = len(weights) == 8

layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU()]
features = layers[-1]
if dense:
    channels_last = type("ChannelsLast", (nn.Module,), {"forward": lambda self, x: x.permute(0, 2, 3, 1)})
    layers += [channels_last(), nn.Flatten(), nn.Linear(*weights[4].shape), nn.Tanh()]
else:
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
layers += [nn.Linear(*weights[-2].shape)]
model = nn.Sequential(*layers)
for parameter, weight in zip(model.parameters(), weights):
    axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[weight.ndim]
    parameter.data = torch.from_numpy(weight.transpose(axes).copy())

images = torch.from_numpy(data["images"].astype(np.float32))[:, None] / 255
targets = [ClassifierOutputTarget(c) for c in data["classes"]]
names = {
    "grad_cam": "GradCAM", "grad_cam_plus_plus": "GradCAMPlusPlus", "hires_cam": "HiResCAM",
    "xgrad_cam": "XGradCAM", "layer_cam": "LayerCAM", "score_cam": "ScoreCAM",
    "ablation_cam": "AblationCAM", "eigen_cam": "EigenCAM",
}
maps = {}
for name, peer in names.items():
    with getattr(pytorch_grad_cam, peer)(model=model, target_layers=[features]) as explainer:
        maps[name] = explainer(input_tensor=images, targets=targets)
np.savez(sys.argv[2], logits=model(images).detach().numpy(), **maps)
'''


@pytest.mark.peers
@pytest.mark.parametrize("ending", ["dense", "gap"])
def test_agrees_with_pytorch_grad_cam(peer, tmp_path, ending):
    model = small_network(ending, seed=4)
    images = np.random.default_rng(5).integers(0, 256, (6, 12, 10), np.uint8)
    classes = np.arange(6) % 4
    weights = {f"w{i}": weight for i, weight in enumerate(model.get_weights())}
    np.savez(tmp_path / "in.npz", images=images, classes=classes, **weights)
    peer(PEER, tmp_path / "in.npz", tmp_path / "out.npz")
    theirs = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(theirs["logits"], model(images), atol=1e-4)
    for method in METHODS:
        maps = attribute(model, images, classes, method, layer="features")
        # A principal component has no sign: pytorch-grad-cam leaves it to the linear algebra library.
        signs = (1, -1) if method == "eigen_cam" else (1,)
        apart = [abs(as_peer(sign * maps) - theirs[method]).max(axis=(1, 2)) for sign in signs]
        worst = np.min(apart, axis=0).max()
        print(f"{ending:5} {method:20} {worst:.1e}")
        assert theirs[method].max() > 0.5, method
        assert worst < 1e-3, method


def as_peer(maps):
    """pytorch-grad-cam's finish: ReLU, min-max, up to the image's 12×10 pixels, min-max."""
    stacked = upsample(normalise(np.maximum(maps, 0)[..., None]), (12, 10))
    return normalise(stacked)[..., 0]
