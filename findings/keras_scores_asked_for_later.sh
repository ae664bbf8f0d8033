#!/bin/sh
# Believed: a layer may be called again with return_attention_scores=True, and a model be built on the scores.
# So: if its first call gave one output, no functional model can be built on the second output of a later call: "not
# connected to inputs". The scores themselves are right, and a layer that is asked for them at its first call has them.
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
from keras import layers


def model_on_scores(first_without):
    attention, tokens = layers.MultiHeadAttention(2, 4), keras.Input((5, 8))
    if first_without:
        attention(tokens, tokens)
    _, scores = attention(tokens, tokens, return_attention_scores=True)
    try:
        return keras.Model(tokens, scores).output_shape
    except ValueError as error:
        return str(error)


print(f"keras {keras.__version__} on {keras.backend.backend()}")
print("expected: a model that gives the scores, (None, 2, 5, 5), whatever the layer was called with before")
at_once, later = model_on_scores(False), model_on_scores(True)
print(f"seen: asked at its first call: {at_once}")
print(f"      asked at its second call: {later}")
if at_once != (None, 2, 5, 5) or "not connected" not in later:
    raise SystemExit("this has changed")
END
