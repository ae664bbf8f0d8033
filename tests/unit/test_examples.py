"""The examples in docstrings run, and say what they show."""

import doctest
import importlib
import pkgutil

import pytest

import camlib.maps
import camlib.measure

ROOMS = [
    module.name for room in (camlib.maps, camlib.measure)
    for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
]
MODULES = ["camlib.boxes", "camlib.data.box_table", "camlib.data.scenes", "camlib.networks.vit", *ROOMS]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted and not outcome.failed
