#!/bin/sh
# Believed: a Keras layer or operation gives the same numbers on each backend, to rounding.
# So: on torch, bicubic resizing has another kernel (a = -0.75, not -0.5), and AveragePooling2D(padding="same") counts
# the edge twice where padding is uneven (3 by 3 in steps of 2 on an even side).
# With keras 3.15.1, jax 0.10.2, torch 2.13.0; about 35 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check keras==3.15.1 jax==0.10.2 torch==2.13.0
venv/bin/python - <<'END'
import os
import subprocess
import sys

import numpy as np

program = """
import keras, numpy as np
from keras import layers, ops
draw = np.random.default_rng(0).normal
small, even = (draw(size=(1, side, side, 1)).astype("float32") for side in (7, 8))
np.savez(keras.backend.backend(), version=keras.__version__,
         bilinear=ops.convert_to_numpy(ops.image.resize(small, (56, 56), interpolation="bilinear")),
         bicubic=ops.convert_to_numpy(ops.image.resize(small, (56, 56), interpolation="bicubic")),
         maximum=ops.convert_to_numpy(layers.MaxPooling2D(3, 2, padding="same")(even)),
         average=ops.convert_to_numpy(layers.AveragePooling2D(3, 2, padding="same")(even)))
"""
for backend in ("jax", "torch"):
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"KERAS_BACKEND": backend})
jax, torch = np.load("jax.npz"), np.load("torch.npz")
apart = {name: np.abs(jax[name] - torch[name])[0, :, :, 0] for name in ("bilinear", "bicubic", "maximum", "average")}
print(f"keras {jax['version']}; numbers drawn from N(0, 1)")
print("expected: jax and torch agree to 1e-5")
for name, map_ in apart.items():
    print(f"seen: {name:9} differs by {map_.max():.5f}; but for the last row and column {map_[:-1, :-1].max():.5f}")
if not (max(apart["bilinear"].max(), apart["maximum"].max(), apart["average"][:-1, :-1].max()) < 1e-5
        and min(apart["bicubic"].max(), apart["average"].max()) > 0.05):
    raise SystemExit("this has changed")
END
