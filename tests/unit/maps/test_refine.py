import numpy as np
import pytest

from camlib.maps.refine import on_ink


def test_against_a_loop_over_pixels():
    random = np.random.default_rng(0)
    maps = random.normal(size=(2, 3, 4)).astype(np.float32)
    images = random.choice([0, 0, 1, 200], (2, 12, 16)).astype(np.uint8)
    found = on_ink(maps, images)
    assert found.shape == images.shape and found.dtype == np.float32
    for n, y, x in np.ndindex(images.shape):
        row, column = np.clip([(y + 0.5) / 4 - 0.5, (x + 0.5) / 4 - 0.5], 0, [2, 3])
        top, left = min(int(row), 1), min(int(column), 2)
        down, right = row - top, column - left
        evidence = ((1 - down) * (1 - right) * maps[n, top, left] + (1 - down) * right * maps[n, top, left + 1]
                    + down * (1 - right) * maps[n, top + 1, left] + down * right * maps[n, top + 1, left + 1])
        expected = max(evidence, 0) if images[n, y, x] else 0
        assert found[n, y, x] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("maps, images", [
    (np.zeros((1, 2, 2)), np.zeros((1, 8, 8))),
    (np.zeros((1, 2, 2)), np.zeros((2, 8, 8), np.uint8)),
    (np.zeros((1, 2, 2, 10)), np.zeros((1, 8, 8), np.uint8)),
    (np.zeros((1, 2, 2)), np.zeros((1, 8, 8, 3), np.uint8)),
])
def test_other_shapes_are_refused(maps, images):
    with pytest.raises(ValueError, match="one map"):
        on_ink(maps, images)
