import numpy as np
import pytest

from camlib.data import photos
from camlib.data import stand_in as collages

pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    folder = collages.make(tmp_path_factory.mktemp("stand_in") / "small", per_class=2, several=6)
    return photos.open_folder(folder)


def test_it_is_laid_out_like_caltech_and_called_a_stand_in(stand_in):
    assert stand_in.names == collages.NAMES and np.bincount(stand_in.labels).tolist() == [2] * 8
    assert stand_in.stand_in and stand_in.files[0].name == "001_0001.jpg"
    assert stand_in.files[0].parent.name == "001.astronaut"
    assert len(collages.several(stand_in.folder)) == 6


def test_every_picture_has_its_truth(stand_in):
    for file, label in zip(stand_in.files, stand_in.labels):
        mask = collages.truth(file)
        assert mask.shape == photos.read(file).shape[:2] and set(np.unique(mask)) == {0, label + 1}
    for number, file in enumerate(collages.several(stand_in.folder)):
        assert len(collages.boxes(collages.truth(file))) == 2 + number % 2


def test_boxes_are_tight_by_a_loop(stand_in):
    mask = collages.truth(collages.several(stand_in.folder)[1])
    for label, box in collages.boxes(mask).items():
        places = [(x, y) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x] == label + 1]
        xs, ys = zip(*places)
        assert box.tolist() == [min(xs), min(ys), max(xs) + 1, max(ys) + 1]


@pytest.mark.parametrize("label", range(8))
def test_the_object_is_where_the_truth_says(label):
    """The same seed without an object: only inside its mask, and its soft edge, does the picture differ."""
    picture, mask = collages.draw([label], (3, label))
    bare, nothing = collages.draw([], (3, label))
    assert picture.shape == bare.shape and not nothing.any()
    differs = abs(picture.astype(int) - bare).max(axis=-1) > 12
    rows, columns = np.nonzero(differs)
    x0, y0, x1, y1 = collages.boxes(mask)[label]
    assert rows.min() >= y0 - 3 and rows.max() < y1 + 3 and columns.min() >= x0 - 3 and columns.max() < x1 + 3
    assert differs[mask > 0].mean() > 0.5


def test_objects_of_one_picture_do_not_overlap():
    for seed in range(5):
        _, mask = collages.draw([0, 6, 7], seed)
        assert set(np.unique(mask)) == {0, 1, 7, 8}
        for label, box in collages.boxes(mask).items():
            x0, y0, x1, y1 = box
            others = np.isin(mask, [1, 7, 8]) & (mask != label + 1)
            assert (mask[y0:y1, x0:x1] == label + 1).mean() > 0.3 and others.any()


def test_a_seed_makes_the_same_picture():
    first, again, other = (collages.draw([1, 5], seed) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert first[0].shape != other[0].shape or not np.array_equal(first[0], other[0])


def test_more_pictures_leave_the_first_as_they_are(stand_in, tmp_path):
    more = photos.open_folder(collages.make(tmp_path / "more", per_class=3, several=0))
    assert more.files[0].read_bytes() == stand_in.files[0].read_bytes()
    assert more.files[3].read_bytes() == stand_in.files[2].read_bytes()


def test_it_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    write, written = collages._write, []

    def fail_late(*arguments):
        written.append(write(*arguments))
        if len(written) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(collages, "_write", fail_late)
    with pytest.raises(KeyboardInterrupt):
        collages.make(tmp_path / "x", per_class=1, several=1)
    assert not list(tmp_path.iterdir())


def test_an_existing_one_is_kept(tmp_path):
    (tmp_path / "x").mkdir()
    assert collages.make(tmp_path / "x") == tmp_path / "x" and not list((tmp_path / "x").iterdir())


def test_a_photograph_has_no_truth(tmp_path):
    with pytest.raises(ValueError, match="only pictures of the stand-in"):
        collages.truth(tmp_path / "001.ak47" / "001_0001.jpg")
