"""What tests share: digits and scenes."""

import pytest

from camlib.data import digits
from camlib.data.scenes import make_scenes


@pytest.fixture(scope="session")
def split():
    """(train, test) of the embedded digits."""
    return digits.load_split()


@pytest.fixture(scope="session")
def scenes(split):
    """200 scenes of test digits at the defaults."""
    return make_scenes(split[1], 200, seed=1)
