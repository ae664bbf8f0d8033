"""Keras on TensorFlow, imported without the start-up log that no TensorFlow setting silences.

`from camlib.backend import keras, tf` in place of the plain imports; takes about two seconds, once.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


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


keras, tf = _import_quietly()
