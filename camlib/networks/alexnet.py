"""AlexNet on ImageNet, and AlexNet-GAP: its dense layers cut off, global average pooling and one dense layer put on.

The network is torchvision's ("One weird trick for parallelizing convolutional neural networks", Krizhevsky 2014):

    conv1 11×11/4 → pool 3/2 → conv2 5×5 → pool 3/2 → conv3 3×3 → conv4 3×3 → conv5 3×3, a ReLU after each.

Everything after conv5 goes. A 224×224 photograph leaves conv5 as 13×13 cells of 256 channels.
"""

from .pretrained import convolutions, gap_network

SMALLEST = 31  # px: the side of the smallest photograph that leaves a map of one cell


def alexnet_features(weights="imagenet", seed=0):
    """AlexNet up to conv5. Input: uint8 RGB, (n, height, width, 3). Output: float32, (n, rows, columns, 256), ≥ 0.

    Any size from 31×31 on; `cells(side)` says how many rows a height gives. weights: "imagenet", a dict of arrays as
    `imagenet.convolutions` returns it, or None for random ones, drawn by `seed`.
    """
    return convolutions("AlexNet", pool=(3, 2), pooled=("conv1", "conv2"), first=(4, 2), weights=weights, seed=seed)


def cells(side):
    """Rows of the map for a photograph of `side` pixels high (or columns for its width); 0 where it is too small."""
    after_conv1 = (side + 4 - 11) // 4 + 1
    after_pool1 = (after_conv1 - 3) // 2 + 1
    return max((after_pool1 - 3) // 2 + 1, 0)


def alexnet_gap(classes, *, taps=("conv4", "conv5"), pool=7, unit=False, extra=(), weights="imagenet", seed=0):
    """AlexNet-GAP: convolutions → global average pooling → dense. Input: uint8 RGB, (n, height, width, 3), from
    31×31 on. Output: logits, (n, classes). Layers "gap" and "dense" are the last two.

    taps: the convolutions whose maps are averaged, side by side: some of "conv3", "conv4", "conv5", which share a
        grid. Two of them say more than the last alone where a class has few photographs.
    pool: side of a max-pool at stride 1 over the maps, odd, 1 for none. A feature that is strong in one place then
        counts as one that is strong around it, and more photographs are named rightly. Its values stay where they
        were found (`winners_layer`): a few cells then hold most of a map, which boxes worse (docs/boxes.md).
    unit: whether maps are divided by the length of their mean (`unit_layer`): worth 5 % with one or two photographs a
        category to train on, 3 % with five, 1 % with eleven. The mean is then no longer all that the votes hear.
    extra: channels of 3×3 convolutions, with ReLU, put on top, to be trained: the paper's network is
        taps=("conv5",), pool=1, extra=(1024,), and its AlexNet*-GAP has two of them, (1024, 1024).
    weights: as for `alexnet_features`. seed: of the untrained layers.
    Raises ValueError for arguments that make no network.
    """
    return gap_network(alexnet_features, ("conv3", "conv4", "conv5"), classes, taps=taps, pool=pool, unit=unit,
                       extra=extra, weights=weights, seed=seed)
