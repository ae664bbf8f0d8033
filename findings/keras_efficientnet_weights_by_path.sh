#!/bin/sh
# Believed: EfficientNetB0(weights="imagenet") and EfficientNetB0(weights=PATH of that same file) are one network.
# So: the first has a Rescaling layer more, right after its Normalization: by path, pictures arrive at about half the
# contrast.
# With keras 3.15.1, jax 0.10.2; about 40 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check keras==3.15.1 jax==0.10.2
KERAS_BACKEND=jax venv/bin/python - <<'END'
import keras
import keras.src.applications.efficientnet as module
import numpy as np
from keras.applications import EfficientNetB0

keras.utils.set_random_seed(0)
EfficientNetB0(weights=None).save_weights("file.weights.h5")
module.file_utils.get_file = lambda *_, **__: "file.weights.h5"  # in place of a download: a file of the same shapes
networks = {"weights='imagenet'": EfficientNetB0(weights="imagenet"),
            "weights=PATH": EfficientNetB0(weights="file.weights.h5")}

picture = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype("float32")
print(f"keras {keras.__version__} on {keras.backend.backend()}; one file of weights, one picture")
print("expected: the same layers, the same numbers before the first convolution")
spread = []
for name, network in networks.items():
    before = next(i for i, layer in enumerate(network.layers) if layer.name.startswith("stem"))
    spread.append(np.array(keras.Model(network.input, network.layers[before - 1].output)(picture)).std())
    kinds = [type(layer).__name__ for layer in network.layers[1:before]]
    print(f"seen: {name:18} {len(network.layers)} layers, {' > '.join(kinds)}: standard deviation {spread[-1]:.3f}")
if not spread[0] > 2 * spread[1]:
    raise SystemExit("this has changed")
END
