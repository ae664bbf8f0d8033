"""What tests share: digits, a small trained network's worth of scenes, and what nbval need not compare."""

import pytest

from camlib import clutter, digits


def pytest_collectstart(collector):
    """Warnings and page forms differ between machines; the cells' own checks are what notebooks are held to."""
    if collector.path.suffix == ".ipynb":
        collector.skip_compare += ("stderr", "text/html", "image/jpeg", "image/png")


@pytest.fixture(scope="session")
def split():
    """(train, test) of the embedded digits."""
    return digits.load_split()


@pytest.fixture(scope="session")
def scenes(split):
    """200 scenes of test digits at the defaults."""
    return clutter.make_scenes(split[1], 200, seed=1)
