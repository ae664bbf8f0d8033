import numpy as np
import pytest

from camlib.data.scenes import make_scenes
from camlib.maps.arrays import upsample
from camlib.measure.heat import heat_in_boxes


def test_heat_is_counted_pixel_by_pixel(split):
    """By loops, and of all scenes together: a scene with more heat counts more."""
    scenes = make_scenes(split[1], 6, seed=4)
    maps = np.random.default_rng(0).normal(scale=np.arange(1, 7)[:, None, None, None], size=(6, 25, 25, 10))
    inside = everywhere = 0
    for map_, label, (x0, y0, x1, y1) in zip(maps, scenes.labels, scenes.boxes):
        large = upsample(map_[:, :, label], (100, 100))
        for y in range(100):
            for x in range(100):
                everywhere += max(large[y, x], 0)
                inside += max(large[y, x], 0) * (x0 - 4 <= x < x1 + 4 and y0 - 4 <= y < y1 + 4)
    found = heat_in_boxes(maps, scenes, margin=4)
    assert found.value == pytest.approx(100 * inside / everywhere, rel=1e-4) and found.low < found.value < found.high
