"""Class activation mapping, from scratch: the code behind the notebooks.

Importing this package or any of its modules does not import TensorFlow; the first function that needs it does.
"""

import importlib

_MODULE_OF = {
    "load_split": "digits",
    "make_scenes": "clutter",
    "scene_dataset": "clutter",
    "lenet_gap": "models",
    "lenet_gap_original": "models",
    "lenet_dense": "models",
    "open_run": "runs",
    "shipped_run": "runs",
    "explain": "cam",
    "explain_run": "cam",
    "upsample": "cam",
    "normalise": "cam",
    "explorer": "explore",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    raise AttributeError(f"camlib has no {name!r}: it has {', '.join(__all__)}, and its modules")


def __dir__():
    return __all__
