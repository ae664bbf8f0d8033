"""Class activation mapping, from scratch: the code behind the notebooks.

The folders are the pipeline: `data` → `networks` → `training` → `maps` → `measure`, `plot` and `explore`. The names
below are there without them: `camlib.explain`, `from camlib import plot`. Importing this package or any of its modules
does not import TensorFlow; the first function that needs it does.
"""

import importlib

__version__ = "1.0.0"
_FUNCTIONS = {
    "load_split": "data.digits",
    "make_scenes": "data.scenes",
    "pair_scenes": "data.scenes",
    "scene_dataset": "data.scenes",
    "Scenes": "data.scenes",
    "lenet_gap": "networks.lenet",
    "lenet_gap_original": "networks.lenet",
    "lenet_dense": "networks.lenet",
    "alexnet_gap": "networks.alexnet",
    "vgg16_gap": "networks.vgg",
    "vit_gap": "networks.vit",
    "open_run": "training.runs",
    "shipped_run": "training.runs",
    "explain": "maps.cam",
    "explain_run": "maps.cam",
    "attribute": "maps.attribution",
    "on_ink": "maps.refine",
    "propagate": "maps.refine",
    "bootstrap": "measure.intervals",
    "heat_in_boxes": "measure.heat",
    "effects": "measure.effects",
    "upsample": "maps.arrays",
    "normalise": "maps.arrays",
    "softmax": "maps.arrays",
    "explorer": "explore.widget",
    "own_photo": "explore.photograph",
    "iou": "boxes",
    "accuracy": "training.accuracy",
    "class_accuracy": "training.accuracy",
    "gap_features": "training.features",
    "fit_head": "training.fit",
}
_MODULES = {
    "digits": "data.digits",
    "photos": "data.photos",
    "registry": "data.registry",
    "head": "networks.head",
    "lenet": "networks.lenet",
    "alexnet": "networks.alexnet",
    "vgg": "networks.vgg",
    "vit": "networks.vit",
    "audit": "training.audit",
    "runs": "training.runs",
    "train": "training.train",
    "transfer": "training.transfer",
    "vgg_sample": "training.vgg_sample",
    "cam": "maps.cam",
    "attention": "maps.attention",
    "attribution": "maps.attribution",
    "localize": "measure.localize",
    "faithfulness": "measure.faithfulness",
    "table": "measure.table",
    "grid": "measure.grid",
    "photo_boxes": "measure.photo_boxes",
    "plot": "plot",
}
__all__ = sorted([*_FUNCTIONS, *_MODULES, "checks"])


def __getattr__(name):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f".{_FUNCTIONS[name]}", __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{_MODULES[name]}", __name__)
    if name == "checks":
        return importlib.import_module(".checks", __name__)
    raise AttributeError(f"camlib has no {name!r}: it has {', '.join(__all__)}, and its folders")


def __dir__():
    return __all__
