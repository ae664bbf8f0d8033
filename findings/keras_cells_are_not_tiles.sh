#!/bin/sh
# Believed: cell (i, j) of a last map lies over pixels 32 i to 32 i + 31, in the middle of which its receptive field is
# centred.
# So: ResNet-50's fields are centred 15.5 pixels higher and further left, MobileNetV2's 15.5 lower and further right
# (half a cell each; ConvNeXt's are in place): a map that is resized over the picture is off by as much, in opposite
# directions.
# With tensorflow 2.21.0, keras 3.15.1; about 54 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check tensorflow==2.21.0 keras==3.15.1
TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python - <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import applications, layers

SIDE = 320


def centre(name):
    """(cell, mean row of the pixels that it depends on), every convolution made an equal mean of what it sees."""
    network = getattr(applications, name)(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    for layer in network.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            kernel, *bias = layer.get_weights()
            layer.set_weights([np.full_like(kernel, 1 / np.prod(kernel.shape[:3])), *map(np.zeros_like, bias)])
    picture = tf.random.uniform((1, SIDE, SIDE, 3), 0.4, 0.6, seed=0)
    with tf.GradientTape() as tape:
        tape.watch(picture)
        cell = tf.reduce_sum(network(picture, training=False)[0, 5, 5])
    rows = np.abs(tape.gradient(cell, picture).numpy()).sum(axis=(0, 2, 3))
    return (rows * np.arange(SIDE)).sum() / rows.sum()


print(f"keras {keras.__version__} on tensorflow {tf.__version__}; cell (5, 5) of 10 by 10, {SIDE} pixels")
print("expected: rows that it depends on have their mean at 5 * 32 + 15.5 = 175.5")
off = {}
for name in ("ResNet50", "MobileNetV2", "ConvNeXtTiny"):
    off[name] = centre(name) - 175.5
    print(f"seen: {name:13} mean row {off[name] + 175.5:6.1f}, off by {off[name]:+5.1f} pixels", flush=True)
if not (-17 < off["ResNet50"] < -14 and 14 < off["MobileNetV2"] < 17 and abs(off["ConvNeXtTiny"]) < 1):
    raise SystemExit("this has changed")
END
