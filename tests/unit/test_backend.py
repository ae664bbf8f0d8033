"""Keras as others have set it: told in a sentence; and files as others save them."""

import importlib
import os
import platform

import numpy as np
import pytest

from camlib import backend
from camlib.networks import lenet

keras = backend.keras
NEEDS = "camlib needs TensorFlow, so set KERAS_BACKEND to tensorflow"


@pytest.mark.parametrize("name", ["torch", "jax", "numpy", "none such"])
def test_another_backend_is_named_before_it_is_imported(monkeypatch, name):
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(ValueError, match=f"Keras is set to compute with '{name}': {NEEDS}"):
        importlib.reload(backend)


def test_a_keras_that_was_imported_with_another_backend_is_named(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(ValueError, match=f"Keras is set to compute with 'torch': {NEEDS}"):
        importlib.reload(backend)


def test_channels_first_are_named_and_can_be_put_last():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="Keras is set to put channels first.*set_image_data_format"):
            importlib.reload(backend)
    finally:
        keras.config.set_image_data_format("channels_last")
    assert importlib.reload(backend).keras is keras


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="oneDNN is there for x86-64 alone")
@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0")])
def test_fast_convolutions_are_asked_for_unless_the_reader_says_no(monkeypatch, before, after):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", before or "")
    if before is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    importlib.reload(backend)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == after


@pytest.mark.parametrize("make", [lenet.lenet_gap, lenet.lenet_gap_original, lenet.lenet_dense])
def test_the_old_file_format_is_loaded(tmp_path, scenes, make):
    network = make(seed=3)
    network.save(tmp_path / "network.h5")
    images = scenes.images[:2]
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "network.h5")(images), network(images))
