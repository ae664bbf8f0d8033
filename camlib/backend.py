"""Keras on TensorFlow, imported without the start-up log that no TensorFlow setting silences.

`from camlib.backend import keras, tf` in place of the plain imports; takes about two seconds, once. Raises ValueError
where Keras is set, by its variable or its keras.json, to compute with anything else, or to put channels first.
"""

import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
if platform.machine().lower() in ("x86_64", "amd64"):
    # Fast convolutions, oneDNN's, which TensorFlow takes by itself on Linux alone, and there on new processors (VNNI)
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _import_quietly():
    """TensorFlow's C++ side writes to file descriptor 2 while it loads: point that at nothing meanwhile."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # it takes a few models used in turn for a fault, and says so at length
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    return keras, tf


def _check_backend(name):
    if name != "tensorflow":
        raise ValueError(f"Keras is set to compute with {name!r}: camlib needs TensorFlow, so set KERAS_BACKEND to "
                         "tensorflow, and begin anew (in a notebook: restart the kernel)")


_check_backend(os.environ["KERAS_BACKEND"])
keras, tf = _import_quietly()
_check_backend(keras.config.backend())  # it may have been imported before
if keras.config.image_data_format() != "channels_last":
    raise ValueError("Keras is set to put channels first, as by its keras.json: camlib has them last, so say "
                     "keras.config.set_image_data_format('channels_last'), or correct keras.json")
# A .h5 file names what is no layer, as in `lenet_gap`, by its class alone
_expand = keras.ops.expand_dims(keras.KerasTensor((1,)), -1)._keras_history.operation
keras.saving.get_custom_objects().setdefault("ExpandDims", type(_expand))
