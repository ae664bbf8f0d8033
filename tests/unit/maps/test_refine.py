import numpy as np
import pytest

from camlib.maps.refine import on_ink, propagate


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


def test_evidence_is_a_mean_weighed_by_cosines():
    """The formula, pair of cells by pair of cells."""
    random = np.random.default_rng(0)
    maps = random.normal(size=(2, 3, 4)).astype(np.float32)
    features = np.maximum(random.normal(size=(2, 3, 4, 5)), 0).astype(np.float32)
    features[1, 2, 3] = 0
    found = propagate(maps, features)
    assert found.shape == maps.shape and found.dtype == np.float32
    for n, row, column in np.ndindex(maps.shape):
        here, handed, alike = features[n, row, column], 0.0, 0.0
        for there, evidence in zip(features[n].reshape(-1, 5), maps[n].ravel()):
            lengths = np.sqrt(sum(here**2)) * np.sqrt(sum(there**2))
            cosine = sum(here * there) / lengths if lengths else 0
            handed, alike = handed + cosine * max(evidence, 0) ** 0.5, alike + cosine
        assert found[n, row, column] == pytest.approx(handed / alike if alike else 0, abs=1e-5)


def test_neither_length_of_features_nor_order_of_cells_matters():
    random = np.random.default_rng(1)
    maps, features = random.normal(size=(1, 2, 6)), random.uniform(size=(1, 2, 6, 3))
    found = propagate(maps, features)
    np.testing.assert_allclose(propagate(maps, features * random.uniform(1, 1000, (1, 2, 6, 1))), found, rtol=1e-4)
    order = random.permutation(6)
    np.testing.assert_allclose(propagate(maps[:, :, order], features[:, :, order]), found[:, :, order], rtol=1e-5)


@pytest.mark.parametrize("maps, features, why", [
    (np.zeros((2, 2)), np.zeros((2, 2, 3)), "one map"),
    (np.zeros((1, 2, 2)), np.zeros((1, 2, 3, 3)), "one map"),
    (np.zeros((1, 2, 2)), np.zeros((1, 2, 2, 0)), "one map"),
    (np.zeros((1, 2, 2)), np.full((1, 2, 2, 3), -0.5), "after the ReLU"),
    (np.full((1, 2, 2), np.nan), np.zeros((1, 2, 2, 3)), "maps"),
    (np.zeros((1, 2, 2)), np.full((1, 2, 2, 3), np.inf), "features"),
])
def test_what_cannot_be_propagated_is_refused(maps, features, why):
    with pytest.raises(ValueError, match=why):
        propagate(maps, features)
