#!/bin/sh
# Believed: the symbolic shape of attention scores is that of the arrays: (batch, heads, queries, keys).
# So: Keras says (batch, heads, queries, queries), whatever the number of keys; what is built on it is built for a
# shape that never comes.
# With keras 3.15.1, jax 0.10.2; about 25 s.
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
from keras import layers

queries, keys = keras.Input((5, 8)), keras.Input((3, 8))
_, scores = layers.MultiHeadAttention(2, 4)(queries, keys, return_attention_scores=True)
model = keras.Model([queries, keys], scores)
given = model([np.ones((1, 5, 8)), np.ones((1, 3, 8))]).shape
print(f"keras {keras.__version__} on {keras.backend.backend()}; 5 queries attend to 3 keys")
print("expected: (None, 2, 5, 3) before, (1, 2, 5, 3) after")
print(f"seen: {model.output_shape} before, {tuple(given)} after")
if model.output_shape != (None, 2, 5, 5) or tuple(given) != (1, 2, 5, 3):
    raise SystemExit("this has changed")
END
