"""Networks, untrained or with ImageNet's weights, and their heads."""

import importlib
import inspect

NETWORKS = {  # the functions that make one, and their modules
    "lenet_gap": "lenet",
    "lenet_gap_original": "lenet",
    "lenet_dense": "lenet",
    "vit_gap": "vit",
    "alexnet_gap": "alexnet",
    "vgg16_gap": "vgg",
}


def maker(name, options=None):
    """The function that makes the network of this name. Raises ValueError where there is none, or where `options`, a
    dict of its arguments but for the seed, has others."""
    if not isinstance(name, str) or name not in NETWORKS:
        raise ValueError(f"network is {name!r}: expected the name of a function that makes one: {', '.join(NETWORKS)}")
    function = getattr(importlib.import_module(f".{NETWORKS[name]}", __name__), name)
    known = [known for known in inspect.signature(function).parameters if known != "seed"]
    if not isinstance(options, dict | None) or not set(options or {}) <= set(known):
        raise ValueError(f"options of {name} are {options}: expected some of {', '.join(known)}")
    return function
