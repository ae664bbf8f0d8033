#!/bin/sh
# Believed: to ask MultiHeadAttention for its scores changes nothing in its output.
# So: where a query has no key left, as at each padded token, the output is zeros (and the bias) with scores, and the
# mean of all values without.
# With keras 3.15.1, jax 0.10.2; about 18 s.
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

keras.utils.set_random_seed(0)
words = np.random.default_rng(0).normal(size=(1, 4, 8)).astype("float32")
kept = np.array([[True, True, False, False]])
mask = kept[:, :, None] & kept[:, None, :]  # as Keras makes it of the masks of Embedding(mask_zero=True)
attention = layers.MultiHeadAttention(2, 4)
without = attention(words, words, attention_mask=mask)
with_scores, scores = attention(words, words, attention_mask=mask, return_attention_scores=True)
without, with_scores, scores = (np.array(x)[0] for x in (without, with_scores, scores))
apart = np.abs(without - with_scores).max(axis=-1)
print(f"keras {keras.__version__} on {keras.backend.backend()}; two words, then two that are padding")
print("expected: the same output, whether scores are asked for or not")
print(f"seen: per token, largest difference {apart.round(3).tolist()}")
print(f"      per token, sum of its scores  {scores[0].sum(-1).round(3).tolist()}")
if not (apart[:2].max() < 1e-5 and apart[2:].min() > 1e-3 and np.abs(scores[:, 2:]).max() == 0):
    raise SystemExit("this has changed")
END
