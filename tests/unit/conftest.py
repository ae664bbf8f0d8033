"""What tests share: digits, scenes, and a Python with the libraries that ours must agree with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from camlib.data import digits
from camlib.data.scenes import make_scenes


@pytest.fixture(autouse=True)
def same_networks_every_time():
    """Networks that a test draws are those of yesterday, so that no draw fails by chance: an empty map, say."""
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def split():
    """(train, test) of the embedded digits."""
    return digits.load_split()


@pytest.fixture(scope="session")
def scenes(split):
    """200 scenes of test digits at the defaults."""
    return make_scenes(split[1], 200, seed=1)


@pytest.fixture(scope="session")
def peer():
    """A function (program, *arguments) that runs a program in a Python with PyTorch, pytorch-grad-cam, nbgrader."""
    folder = os.environ.get("CAMLIB_PEERS")
    if not folder:
        pytest.skip("make peers installs PyTorch, pytorch-grad-cam and nbgrader (1 to 6 GB), and runs this test")
    environment = os.environ | {"PYTHONPATH": str(Path(folder).resolve(strict=True))}
    return lambda program, *arguments: subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], check=True, env=environment)
