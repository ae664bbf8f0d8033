#!/bin/sh
# Believed: `a + b` and layers.Add()([a, b]) are one and the same in a Keras network.
# So: the layer hands on the mask of padded tokens, the operator drops it without a word: the mean that follows counts
# padding.
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
import warnings

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
embedding, attention = layers.Embedding(10, 8, mask_zero=True), layers.MultiHeadAttention(2, 4)
last = [layers.LayerNormalization(), layers.GlobalAveragePooling1D()]


def network(add, length):
    tokens = keras.Input((length,), dtype="int32")
    words = embedding(tokens)
    return keras.Model(tokens, last[1](last[0](add(words, attention(words, words)))))


short, padded = np.array([[3, 4, 5]]), np.array([[3, 4, 5, 0, 0, 0]])
print(f"keras {keras.__version__} on {keras.backend.backend()}; three words, alone or with three that are padding")
print("expected: the padding changes nothing, however the residual is written")
apart = {}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    for name, add in {"layers.Add": lambda a, b: layers.Add()([a, b]), "a + b": lambda a, b: a + b}.items():
        apart[name] = np.abs(np.array(network(add, 3)(short)) - np.array(network(add, 6)(padded))).max()
        print(f"seen: {name:10} features differ by {apart[name]:.3f}")
said = [warning for warning in said if "mask" in str(warning.message)]
print(f"      warnings about masks: {len(said)}")
if not (apart["layers.Add"] < 1e-5 and apart["a + b"] > 0.01 and not said):
    raise SystemExit("this has changed")
END
