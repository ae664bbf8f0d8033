#!/bin/sh
# Believed: include_top=False is the network without its last layers: its mean over places is what the whole network
# hands its Dense.
# So: ConvNeXt takes the mean, then normalises; without top a LayerNormalization of each place comes before the mean.
# So the whole network has no exact map, and a mean and a Dense upon the other has one.
# With keras 3.15.1, jax 0.10.2; about 30 s.
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
import numpy as np
from keras.applications import ConvNeXtTiny

keras.utils.set_random_seed(0)
whole = ConvNeXtTiny(weights=None, classes=10)
cut = ConvNeXtTiny(weights=None, include_top=False)
draw = np.random.default_rng(0).normal
weights = [w + 0.3 * draw(size=w.shape) * (w.ndim == 1) for w in whole.get_weights()]
whole.set_weights(weights)
cut.set_weights(weights[: len(cut.get_weights())])

picture = np.random.default_rng(1).uniform(0, 255, (1, 224, 224, 3)).astype("float32")
features = np.array(keras.Model(whole.input, whole.layers[-2].output)(picture))[0]
mean = np.array(cut(picture))[0].mean((0, 1))
print(f"keras {keras.__version__} on {keras.backend.backend()}; the same weights in both")
print("expected: features of the whole network = mean of the map without top, to 1e-4")
print(f"seen: the whole ends {' > '.join(type(layer).__name__ for layer in whole.layers[-4:])}")
print(f"      without top    {' > '.join(type(layer).__name__ for layer in cut.layers[-3:])}")
print(f"      features (standard deviation {features.std():.3f}) differ by {np.abs(features - mean).max():.3f}")
if not (type(cut.layers[-1]).__name__ == "LayerNormalization" and np.abs(features - mean).max() > 0.01):
    raise SystemExit("this has changed")
END
