#!/bin/sh
# Believed: tf_explain's GradCAM().explain is Grad-CAM: features weighted by the mean of their gradients.
# So: unless told otherwise it keeps only positive gradients at active features, so that no feature can count against
# the class.
# With tf-explain 0.3.1, tensorflow 2.21.0, keras 3.15.1, opencv-python-headless 5.0.0.93; about 33 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
    tf-explain==0.3.1 tensorflow==2.21.0 keras==3.15.1 opencv-python-headless==5.0.0.93
TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python - <<'END'
import inspect
import warnings

import keras
import numpy as np
import tensorflow as tf
from importlib.metadata import version
from keras import layers
from tf_explain.core.grad_cam import GradCAM

warnings.filterwarnings("ignore")
keras.utils.set_random_seed(1)
picture = keras.Input((28, 28, 3))
first = layers.Conv2D(12, 3, 2, padding="same", activation="relu")(picture)
last = layers.Conv2D(12, 3, 2, padding="same", activation="relu", name="last")(first)
model = keras.Model(picture, layers.Dense(3, name="dense")(layers.GlobalAveragePooling2D()(last)))

x = np.random.default_rng(0).normal(size=(1, 28, 28, 3)).astype("float32")
cam = (keras.Model(picture, last)(x).numpy() @ model.get_layer("dense").kernel.numpy())[0]
guided = inspect.signature(GradCAM.explain).parameters["use_guided_grads"].default
print(f"tf-explain {version('tf-explain')}, tensorflow {tf.__version__}, keras {keras.__version__}")
print("expected: before it is drawn, its map is CAM over the number of places, for each class")
seen = []
for index in range(3):
    for use in (False, guided):
        features_and_gradients = GradCAM.get_gradients_and_filters(model, x, "last", index, use)
        map_ = np.array(GradCAM.generate_ponderated_output(*features_and_gradients))
        seen.append(np.corrcoef(map_[0].ravel(), cam[..., index].ravel())[0, 1])
        print(f"seen: class {index}, guided={use!s:5} least {map_.min():+.4f}, correlates with CAM {seen[-1]:+.3f}")
if not (guided and min(seen[::2]) > 0.999 and min(seen[1::2]) < 0.9):
    raise SystemExit("this has changed")
END
