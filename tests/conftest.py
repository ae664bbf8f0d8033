"""What tests share: digits and scenes."""

import pytest

from camlib import clutter, digits


@pytest.fixture(scope="session")
def split():
    """(train, test) of the embedded digits."""
    return digits.load_split()


@pytest.fixture(scope="session")
def scenes(split):
    """200 scenes of test digits at the defaults."""
    return clutter.make_scenes(split[1], 200, seed=1)
