"""The family that came after CAM: eight ways to weight a layer's features, for networks of any ending.

Each method reads the features A of one convolutional layer, (rows, columns, channels k), and the score y of
one class, its logit. Most weight the channels, Σ_k w_k A_k, and differ in where w comes from: gradients
(Grad-CAM, Grad-CAM++, XGrad-CAM), further forward passes (Score-CAM, Ablation-CAM) or the features alone
(Eigen-CAM). HiResCAM and LayerCAM weight every cell on its own.

The numbers agree with pytorch-grad-cam's; each docstring says where that differs from the paper.
"""

from difflib import get_close_matches

import numpy as np

from ..networks.cut import advice, cut
from ..networks.inputs import batches, check_finite, check_images
from .arrays import softmax


def attribute(model, images, classes, method="grad_cam", layer=None, batch_size=32):
    """Maps of one class an image, by any of METHODS: float32, (n, rows, columns), raw, not normalised.

    model: a functional or built sequential Keras model from one stack of images to logits, (n, classes). A
      softmax or sigmoid at its end is left out (see `cut`), since the score is the logit.
    images: as the model takes them; uint8, (n, height, width[, 3]), for the models of this course.
    classes: int, (n,), the class that each map is for.
    layer: name of the layer whose features are weighted; None takes the last one with a map, that is, with
      an output (n, rows, columns, channels) of more than one cell.
    batch_size: the most images in one forward pass. Score-CAM and Ablation-CAM make one pass a channel.

    Raises ValueError for an unknown method, a layer that is missing, has no map or hears no gradient, classes or
    images that do not fit the model, a model that cannot be cut open or has its channels first, and maps that are NaN.

    One feature, which is the image itself; weights 3 and −1. The class's score is 3 · mean of four cells, so each
    cell's gradient is 3 / 4:

    >>> from camlib.backend import keras
    >>> layers = keras.layers
    >>> network = [keras.Input((2, 2, 1)), layers.Conv2D(1, 1, use_bias=False), layers.GlobalAveragePooling2D()]
    >>> network = keras.Sequential([*network, layers.Dense(2, use_bias=False)])
    >>> network.set_weights([np.ones((1, 1, 1, 1)), np.array([[3, -1]])])
    >>> image = np.array([[[[4.0], [0]], [[0], [8]]]])
    >>> attribute(network, image, [0], "hires_cam").tolist()
    [[[3.0, 0.0], [0.0, 6.0]]]
    >>> attribute(network, image, [1], "hires_cam").tolist()
    [[[-1.0, 0.0], [0.0, -2.0]]]
    >>> attribute(network, image, [1], "grad_cam").max().item()  # ReLU: what speaks against is not shown
    0.0
    """
    if method not in METHODS:
        near = get_close_matches(str(method).lower().replace("-", "_"), METHODS, cutoff=0.4)
        raise ValueError(advice(f"there is no method {method!r}", near, METHODS))
    network = cut(model, layer, batch_size)
    _check_layout(network.below, model.name)
    images = check_images(images, model)
    classes = _check_classes(classes, len(images), network.above.output.shape[-1])
    parts = batches(len(images), batch_size)
    maps = [METHODS[method](network, images[part].astype(np.float32), classes[part]) for part in parts]
    maps = np.concatenate(maps).astype(np.float32)
    check_finite(maps, f"maps by {method}", model)
    return maps


def grad_cam(network, images, classes):
    """ReLU(Σ_k α_k A_k), where α_k = mean_xy ∂y/∂A_k(x, y).

    Selvaraju et al., "Grad-CAM", ICCV 2017, arXiv 1610.02391, equations 1 and 2.
    """
    features, gradients = features_and_gradients(network, images, classes)
    return relu(weighted_sum(gradients.mean(axis=(1, 2)), features))


def grad_cam_plus_plus(network, images, classes):
    """ReLU(Σ_k w_k A_k), where w_k = Σ_xy α_k(x, y) · ReLU(g), g = ∂y/∂A_k(x, y) and

        α_k(x, y) = g² / (2 g² + g³ · Σ_ab A_k(a, b)).

    Chattopadhay et al., "Grad-CAM++", WACV 2018, arXiv 1710.11063; α is equation 19. The paper's score is
    exp(y), which multiplies the whole map by the positive number exp(y), left out here. The 1e-6 that keeps α
    finite is pytorch-grad-cam's: where g² is as small (a large map before GAP), weak channels weigh less.
    """
    features, gradients = features_and_gradients(network, images, classes)
    total = features.sum(axis=(1, 2), keepdims=True)
    alpha = gradients**2 / (2 * gradients**2 + total * gradients**3 + 1e-6)
    return relu(weighted_sum((alpha * relu(gradients)).sum(axis=(1, 2)), features))


def hires_cam(network, images, classes):
    """Σ_k ∂y/∂A_k ⊙ A_k, cell by cell: Grad-CAM without averaging the gradient, and without ReLU.

    Draelos & Carin, "Use HiResCAM instead of Grad-CAM", 2020, arXiv 2011.08891. Before GAP it is CAM itself,
    divided by the number of cells. pytorch-grad-cam keeps only the positive part, of this as of every method.
    """
    features, gradients = features_and_gradients(network, images, classes)
    return (gradients * features).sum(axis=-1)


def xgrad_cam(network, images, classes):
    """ReLU(Σ_k α_k A_k), where α_k = Σ_xy A_k(x, y) · ∂y/∂A_k(x, y) / Σ_xy A_k(x, y).

    Fu et al., "Axiom-based Grad-CAM", BMVC 2020, arXiv 2008.02312: Grad-CAM's mean, weighted by the features.
    The 1e-7 that lets a channel be silent is pytorch-grad-cam's.
    """
    features, gradients = features_and_gradients(network, images, classes)
    weights = (gradients * features).sum(axis=(1, 2)) / (features.sum(axis=(1, 2)) + 1e-7)
    return relu(weighted_sum(weights, features))


def layer_cam(network, images, classes):
    """ReLU(Σ_k ReLU(∂y/∂A_k) ⊙ A_k), cell by cell, which suits early layers with their large maps.

    Jiang et al., "LayerCAM", IEEE Transactions on Image Processing 30, 2021, doi 10.1109/TIP.2021.3089943.
    """
    features, gradients = features_and_gradients(network, images, classes)
    return relu((relu(gradients) * features).sum(axis=-1))


def score_cam(network, images, classes):
    """ReLU(Σ_k w_k A_k), where w = softmax_k y(image ⊙ M_k), and M_k is A_k upsampled, min 0 and max 1.

    Wang et al., "Score-CAM", CVPR Workshops 2020, arXiv 1910.01279, algorithm 1. The paper subtracts the
    score of a baseline image from each y, which the softmax cancels. Upsampling is bilinear, as in
    pytorch-grad-cam with corner cells on corner pixels. What a mask hides becomes 0 in the image as the model
    takes it: black, where the model does its own scaling (pytorch-grad-cam is handed scaled images, so there
    it is often the mean colour).
    """
    features = np.asarray(network.below(images, training=False), np.float32)

    def score_of_masked(image, channel):
        masks = stretch(features[image, :, :, channel], images.shape[1:3])
        masks = masks if images.ndim == 3 else masks[..., None]
        masked = images[image] * masks
        return scores(network, masked, network.below(masked, training=False), classes[image])

    y = score_each_channel(network, features, score_of_masked)
    return relu(weighted_sum(softmax(y), features))


def ablation_cam(network, images, classes):
    """ReLU(Σ_k w_k A_k), where w_k = (y − y_k) / y, and y_k is the score with A_k set to zero.

    Desai & Ramaswamy, "Ablation-CAM", WACV 2020, doi 10.1109/WACV45572.2020.9093360. Dividing by a negative
    score turns the map round, in the paper and here. Zero it is also for features that can be negative, as in
    the paper; pytorch-grad-cam sets those to 1e7 below their minimum.
    """
    features = np.asarray(network.below(images, training=False), np.float32)

    def score_of_ablated(image, channel):
        ablated = features[image]
        ablated[np.arange(len(image)), :, :, channel] = 0
        return scores(network, images[image], ablated, classes[image])

    y = scores(network, images, features, classes)[:, None]
    drops = y - score_each_channel(network, features, score_of_ablated)
    return relu(weighted_sum(drops / np.where(y == 0, 1, y), features))


def eigen_cam(network, images, classes):
    """A · v, where v is the first principal component of the cells' features: the same map for every class.

    Muhammad & Yeasin, "Eigen-CAM", IJCNN 2020, arXiv 2008.00299. As in pytorch-grad-cam each channel's mean
    is taken off first, which the paper does not do. A component has no sign of its own: v is turned so that
    its sum is positive, which makes the map rise with the total of the features.
    """
    from ..backend import tf

    features = np.asarray(network.below(images, training=False), np.float32)
    cells = features.reshape(len(features), -1, features.shape[-1])
    cells = cells - cells.mean(axis=1, keepdims=True)
    first = tf.linalg.svd(cells)[2].numpy()[:, :, 0]
    first = np.where(first.sum(axis=1, keepdims=True) < 0, -first, first)
    return np.einsum("nxk,nk->nx", cells, first).reshape(features.shape[:3])


METHODS = {
    function.__name__: function
    for function in (
        grad_cam, grad_cam_plus_plus, hires_cam, xgrad_cam, layer_cam, score_cam, ablation_cam, eigen_cam
    )
}


def features_and_gradients(network, images, classes):
    """Features A and ∂y/∂A, y the logit of each image's class: float32, (n, rows, columns, channels) both."""
    from ..backend import tf

    features = network.below(images, training=False)
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = network.above([tf.constant(images), features], training=False)
        y = tf.reduce_sum(tf.gather(logits, classes, axis=1, batch_dims=1))
    # The more cells, the smaller a slope, and float16 has none below 6e-8: it is computed 2ⁿ times as large
    scale = 2.0 ** min(12, (features.shape[1] * features.shape[2]).bit_length())
    gradients = tape.gradient(y, features, tf.constant(scale, y.dtype))
    if gradients is None:
        raise ValueError("no gradient of the class's score reaches the layer: something between them has none, or the "
                         "score does not depend on it; name a later layer, or take score_cam or ablation_cam")
    return np.asarray(features, np.float32), np.asarray(gradients, np.float32) / np.float32(scale)


def scores(network, images, features, classes):
    """The logit of each image's class, given its features: float32, (n,)."""
    from ..backend import tf

    logits = network.above([tf.constant(images), tf.constant(features)], training=False)
    return np.asarray(logits, np.float32)[np.arange(len(classes)), classes]


def score_each_channel(network, features, score):
    """Every `score(image, channel)`, called with int arrays of at most `batch_size` pairs: (n, channels)."""
    n, channels = len(features), features.shape[-1]
    image, channel = np.divmod(np.arange(n * channels), channels)
    parts = batches(n * channels, network.batch_size)
    return np.concatenate([score(image[part], channel[part]) for part in parts]).reshape(n, channels)


def stretch(maps, size):
    """Maps (n, rows, columns) at `size` = (height, width), bilinear, corner on corner, each from 0 to 1."""
    from ..backend import tf

    large = tf.raw_ops.ResizeBilinear(images=maps[..., None], size=size, align_corners=True).numpy()[..., 0]
    low, high = large.min(axis=(1, 2), keepdims=True), large.max(axis=(1, 2), keepdims=True)
    return (large - low) / (high - low + 1e-8)


def relu(x):
    return np.maximum(x, 0)


def weighted_sum(weights, features):
    """Σ_k w_k · A_k: weights (n, channels), features (n, rows, columns, channels) → (n, rows, columns).

    >>> weighted_sum(np.array([[2, -1]]), np.array([[[[5, 1], [0, 3]]]])).tolist()  # two cells of two channels
    [[[9, -3]]]
    """
    return np.einsum("nk,nrck->nrc", weights, features)


def _check_classes(classes, n, count):
    classes = np.asarray(classes)
    if classes.shape != (n,) or not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(f"classes are {classes.dtype}, {classes.shape}: expected one int an image, ({n},)")
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(f"classes run from {classes.min()} to {classes.max()}: expected 0 to {count - 1}")
    return classes.astype(np.int64)  # TensorFlow gathers by no uint8, as which Keras loads MNIST's labels


def _check_layout(model, name):
    """ValueError where what a model gives has its channels first, by the last layer that says where they are."""
    for operation in reversed(getattr(model, "operations", None) or model.layers):
        if hasattr(operation, "layers"):
            return _check_layout(operation, name)
        layout = getattr(operation, "data_format", None)
        if layout == "channels_first":
            raise ValueError(f"{name!r} has its channels first, (n, channels, rows, columns), at {operation.name!r}: "
                             "expected them last; build it anew after "
                             "keras.config.set_image_data_format('channels_last'), and give it the same weights")
        if layout or type(operation).__name__ in ("Permute", "Transpose"):
            return None
