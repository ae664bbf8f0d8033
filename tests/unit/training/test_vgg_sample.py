"""VGG16-GAP's view of the sample, as it ships."""

import numpy as np
import pytest

from camlib.data import photos
from camlib.training import vgg_sample


@pytest.fixture(scope="module")
def seen():
    return vgg_sample.read()


def test_the_identity_holds_but_for_eight_bits(seen):
    assert seen.features.shape == (483, 512) and seen.maps.shape == (263, 14, 14, 20)
    span = np.ptp(seen.maps, axis=(1, 2))
    assert (abs(seen.maps.mean(axis=(1, 2)) + seen.bias - seen.logits) < 0.01 + span / 510).all()


def test_ten_photographs_are_seen_as_they_were(seen):
    """By the network itself, whose weights come with AlexNet's."""
    found = photos.open_folder(photos.SAMPLE)
    _, test = photos.split(found, 11, seed=0)
    which = np.arange(0, 260, 26)
    cells = vgg_sample.before_gap([found.files[i] for i in test[which]])
    np.testing.assert_allclose(cells.mean(axis=(1, 2)), seen.features[test[which]], rtol=2e-3, atol=2e-5)
    kernel, bias, _ = vgg_sample._head(seen.features)
    maps = cells @ kernel
    step = np.ptp(seen.maps[which], axis=(1, 2), keepdims=True) / 255
    assert (abs(maps - seen.maps[which]) < 0.6 * step + 0.02).all()
    np.testing.assert_allclose(seen.features[test[which]] @ kernel + bias, seen.logits[which], atol=1e-4)


@pytest.mark.parametrize("content", [None, b"", b"PK nothing"])
def test_a_file_that_is_none_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "v.npz").write_bytes(content)
    with pytest.raises(ValueError, match="does not hold VGG16-GAP's maps .*python -m camlib vgg-sample"):
        vgg_sample.read(tmp_path / "v.npz")


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    cells = random.uniform(size=(483, 3, 3, 8)).astype(np.float32)
    monkeypatch.setattr(vgg_sample, "before_gap", lambda files: cells)
    vgg_sample.write(tmp_path / "v.npz")
    again = vgg_sample.read(tmp_path / "v.npz")
    np.testing.assert_allclose(again.features, cells.mean(axis=(1, 2)), rtol=1e-3)
    assert again.maps.shape == (263, 3, 3, 20)
