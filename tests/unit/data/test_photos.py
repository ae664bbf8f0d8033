import numpy as np
import pytest
from PIL import Image

from camlib.data import photos, stand_in


def write(path, size=(40, 30), colour=(200, 30, 60), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Three categories of 4, 5 and 6 photographs, and the oddities of the real archive."""
    root = tmp_path / "data" / "256_ObjectCategories"
    for number, (name, count) in enumerate([("ak47", 4), ("dog", 5), ("the thing é", 6)], start=1):
        for k in range(1, count + 1):
            write(root / f"{number:03}.{name}" / f"{number:03}_{k:04}.jpg", colour=(number * 60, k * 20, 9))
    write(root / "002.dog" / "greg" / "vision309" / "002_0001.jpg")
    (root / "002.dog" / "RENAME2").write_text("not a photograph")
    write(root / "257.clutter" / "257_0001.jpg")
    write(root / ".cache" / "x.jpg")
    (root / "004.empty").mkdir()
    (root / "README").write_text("a file beside the folders")
    return root


@pytest.mark.parametrize("level", ["", "..", "../..", "001.ak47", "003.the thing é"])
def test_any_level_of_the_folder_may_be_named(folder, level):
    found = photos.open_folder((folder / level).resolve())
    assert found.folder.resolve() == folder.resolve()
    assert found.names == ("ak47", "dog", "the thing é")
    assert np.bincount(found.labels).tolist() == [4, 5, 6] and not found.stand_in
    assert all(f".{found.names[label]}" in file.parent.name for file, label in zip(found.files, found.labels))


def test_the_first_categories(folder):
    assert photos.open_folder(folder, 2).names == ("ak47", "dog")


def test_folders_without_numbers_are_categories_too(tmp_path):
    for name in ("cats", "dogs"):
        write(tmp_path / name / "a b.PNG")
    assert photos.open_folder(tmp_path).names == ("cats", "dogs")


@pytest.mark.parametrize("build, complaint", [
    (lambda path: path / "nowhere", "is not a folder"),
    (lambda path: path, "holds 0 categories"),
    (lambda path: write(path / "001.ak47" / "001_0001.jpg").parents[1], "holds 1 categories"),
    (lambda path: write(path / "x.jpg"), "is not a folder"),
])
def test_a_folder_that_will_not_do_hears_why(tmp_path, build, complaint):
    with pytest.raises(ValueError, match=complaint):
        photos.open_folder(build(tmp_path))


def test_find_takes_the_users_folder_first(folder, monkeypatch):
    monkeypatch.setenv(photos.VARIABLE, str(folder.parent))
    assert photos.find().folder == folder


def test_find_falls_back_on_the_stand_in(monkeypatch, tmp_path):
    pytest.importorskip("skimage")
    monkeypatch.delenv(photos.VARIABLE, raising=False)
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path))
    small = stand_in.make(tmp_path / "small", per_class=1, several=0)
    monkeypatch.setattr(stand_in, "make", lambda folder: small)
    found = photos.find()
    assert found.stand_in and "STAND-IN" in found.about and found.names == stand_in.NAMES


def test_the_split_is_the_protocols(folder):
    found = photos.open_folder(folder)
    train, test = photos.split(found, 3, seed=5)
    assert sorted([*train, *test]) == list(range(15)) and np.bincount(found.labels[train]).tolist() == [3, 3, 3]
    assert np.array_equal(photos.split(found, 3, seed=5)[0], train)
    assert any(not np.array_equal(photos.split(found, 3, seed=seed)[0], train) for seed in range(4))
    without_last = photos.open_folder(folder, 2)
    assert np.array_equal(photos.split(without_last, 3, seed=5)[0], train[:6])


def test_every_photograph_is_as_likely_to_be_trained_on(folder):
    found = photos.open_folder(folder)
    times = np.bincount(np.concatenate([photos.split(found, 2, seed)[0] for seed in range(600)]), minlength=15)
    for label, count in enumerate([4, 5, 6]):
        expected, deviation = 600 * 2 / count, np.sqrt(600 * 2 / count * (1 - 2 / count))
        assert (abs(times[found.labels == label] - expected) < 4.5 * deviation).all()


def test_too_many_to_train_on_names_the_categories(folder):
    with pytest.raises(ValueError, match=r"ak47 \(4\).* at most 3"):
        photos.split(photos.open_folder(folder), 4)
    with pytest.raises(ValueError, match="per_class is 0"):
        photos.split(photos.open_folder(folder), 0)


def test_take_keeps_the_categories(folder):
    found = photos.open_folder(folder)
    few = photos.take(found, [14, 0])
    assert few.files == (found.files[14], found.files[0]) and few.labels.tolist() == [2, 0]
    assert photos.take(found, found.labels == 1).labels.tolist() == [1] * 5 and few.names == found.names


@pytest.mark.parametrize("mode, name", [
    ("RGB", "a.jpg"), ("L", "a.jpg"), ("CMYK", "a.jpg"), ("RGBA", "a.png"), ("P", "a.png"), ("1", "a.png"),
    ("RGB", "with space é.jpg"), ("L", "a.tif"), ("RGB", "a.gif"), ("RGB", "a.webp"), ("LA", "a.png"),
])
def test_pictures_of_every_kind(tmp_path, mode, name):
    colour = (255, 255, 255) if mode == "1" else (200, 200, 200) if mode in ("L", "LA") else (200, 30, 60)
    picture = photos.read(write(tmp_path / name, colour=colour, mode=mode))
    assert picture.shape == (30, 40, 3) and picture.dtype == np.uint8
    assert abs(picture.mean(axis=(0, 1)) - colour).max() < 10  # the mean: a palette mixes its colours by dithering
    assert photos.read(tmp_path / name, 50).shape == (50, 50, 3)


@pytest.mark.parametrize("value, expected", [(65535, 255), (0, 0), (32896, 128)])
def test_sixteen_bits_become_eight(tmp_path, value, expected):
    values = np.full((4, 5), 65535, np.uint16)
    values[2, 3] = value
    Image.fromarray(values).save(tmp_path / "a.png")
    picture = photos.read(tmp_path / "a.png")
    assert picture[2, 3].tolist() == [expected] * 3 and picture[0, 0].tolist() == [255] * 3


def test_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (3, 2), (200, 0, 0, 0)).save(tmp_path / "a.png")
    assert (photos.read(tmp_path / "a.png") == 255).all()


def test_a_photograph_is_turned_upright(tmp_path):
    picture = Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 20, 0).repeat(10, 1))  # left dark, right light
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what was right is now at the bottom
    picture.save(tmp_path / "a.jpg", exif=exif)
    upright = photos.read(tmp_path / "a.jpg")
    assert upright.shape[:2] == (20, 20) and upright[2].mean() < 50 and upright[-3].mean() > 200


def test_one_pixel_and_a_panorama(tmp_path):
    assert (photos.read(write(tmp_path / "a.png", (1, 1)), 31) == (200, 30, 60)).all()
    panorama = photos.read(write(tmp_path / "b.jpg", (10_000, 700)), 224)
    assert panorama.shape == (224, 224, 3) and abs(panorama.astype(int) - (200, 30, 60)).max() < 6


def test_a_picture_with_a_side_is_the_whole_picture_squeezed(tmp_path):
    """Quarters of four colours stay quarters, also where a large JPEG is decoded at a fraction of its size."""
    colours = np.array([[[250, 0, 0], [0, 250, 0]], [[0, 0, 250], [250, 250, 250]]], np.uint8)
    Image.fromarray(colours.repeat(600, 0).repeat(900, 1)).save(tmp_path / "a.jpg", quality=95)
    small = photos.read(tmp_path / "a.jpg", 64)
    for row, column in np.ndindex(2, 2):
        middle = small[16 + 32 * row, 16 + 32 * column].astype(int)
        assert abs(middle - colours[row, column]).max() < 8


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "zeros"])
def test_what_is_no_photograph_is_named(tmp_path, damage):
    path = tmp_path / "a.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)).save(path)
    content = {"text": b"I am not a photograph\n", "empty": b"", "cut": path.read_bytes()[:900], "zeros": bytes(2000)}
    path.write_bytes(content[damage])
    with pytest.raises(photos.Unreadable, match="a.jpg cannot be read"):
        photos.read(path)
    with pytest.raises(photos.Unreadable):
        photos.read(path, 30)


def test_a_picture_too_large_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "MOST_PIXELS", 1000)
    with pytest.raises(photos.Unreadable, match="40×30 pixels"):
        photos.read(write(tmp_path / "a.jpg"))


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        photos.read(tmp_path / "a.jpg")
