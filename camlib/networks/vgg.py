"""VGG16 on ImageNet, and VGG16-GAP: its dense layers cut off, global average pooling and one dense layer put on.

"Very Deep Convolutional Networks for Large-Scale Image Recognition" (Simonyan, Zisserman, ICLR 2015), as torchvision
has it: thirteen convolutions, all 3×3 with a ReLU, and a pool 2/2 after the second, fourth, seventh and tenth:

    conv1_1, conv1_2 → conv2_1, conv2_2 → conv3_1 … conv3_3 → conv4_1 … conv4_3 → conv5_1 … conv5_3

The last pool goes, and everything after it. A 224×224 photograph leaves conv5_3 as 14×14 cells of 512 channels.
"""

from .pretrained import convolutions, gap_network

SMALLEST = 16  # px: the side of the smallest photograph that leaves a map of one cell


def vgg16_features(weights="imagenet", seed=0):
    """VGG16 up to conv5_3. Input: uint8 RGB, (n, height, width, 3). Output: float32, (n, rows, columns, 512), ≥ 0.

    Any size from 16×16 on; `cells(side)` says how many rows a height gives. weights: "imagenet", a dict of arrays as
    `imagenet.convolutions` returns it, or None for random ones, drawn by `seed`.
    A photograph of 224×224 costs 31 GFLOP, twenty times what AlexNet needs.
    """
    return convolutions("VGG16", pool=(2, 2), pooled=("conv1_2", "conv2_2", "conv3_3", "conv4_3"), weights=weights,
                        seed=seed)


def cells(side):
    """Rows of the map for a photograph of `side` pixels high (or columns for its width); 0 where it is too small."""
    return side // 16


def vgg16_gap(classes, *, taps=("conv5_3",), pool=1, unit=False, extra=(), weights="imagenet", seed=0):
    """VGG16-GAP: convolutions → global average pooling → dense. Input: uint8 RGB, (n, height, width, 3), from 16×16
    on. Output: logits, (n, classes). Layers "gap" and "dense" are the last two.

    taps: some of "conv5_1", "conv5_2", "conv5_3", which share a grid. The other options are those of
    `alexnet.alexnet_gap`. The paper's VGGnet-GAP is extra=(1024,). A max-pool, pool=7, names about as many
    photographs rightly once means are divided by their length, and its maps box worse (docs/boxes.md).
    Raises ValueError for arguments that make no network.
    """
    return gap_network(vgg16_features, ("conv5_1", "conv5_2", "conv5_3"), classes, taps=taps, pool=pool, unit=unit,
                       extra=extra, weights=weights, seed=seed)
