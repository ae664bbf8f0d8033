import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageOps

from camlib.data import photos, pixels


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
    assert np.bincount(found.labels).tolist() == [4, 5, 6]
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


@pytest.fixture
def sample(monkeypatch, tmp_path):
    """What there is where nobody has named a folder or downloaded a thing."""
    monkeypatch.delenv(photos.VARIABLE, raising=False)
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path))
    return photos.find()


def test_find_takes_a_download_before_the_sample(sample, folder, monkeypatch):
    monkeypatch.setattr(photos.caltech, "downloaded", lambda: folder)
    assert photos.find().folder == folder


def test_find_falls_back_on_the_sample(sample):
    assert sample.about == "483 photographs of 20 categories: the sample of Caltech-256 that the course ships"
    assert sample.names[:2] == ("bear", "binoculars") and photos.find(3).names == ("bear", "binoculars", "butterfly")
    counts = np.bincount(sample.labels)
    assert counts.min() == 22 and counts.max() == 26


def test_every_photograph_of_the_sample_can_be_read_and_is_small(sample):
    """As its README says: at most 256 px on the shorter side and 512 px on the longer."""
    for file in (*sample.files, *photos.clutter(sample)):
        sides = photos.read(file).shape[:2]
        assert min(sides) <= 256 and max(sides) <= 512


def test_clutter_lies_beside_the_categories_and_is_none(sample, folder, tmp_path):
    assert len(photos.clutter(sample)) == 25 and not set(photos.clutter(sample)) & set(sample.files)
    found = photos.open_folder(folder, 2)
    assert photos.clutter(found) == (folder / "257.clutter" / "257_0001.jpg",)
    for name in ("cats", "dogs"):
        write(tmp_path / "own" / name / "1.png")
    assert photos.clutter(photos.open_folder(tmp_path / "own")) == ()


def test_a_folder_of_ones_own_is_called_by_its_name(folder):
    assert photos.open_folder(folder).about == f"15 photographs of 3 categories: {folder}"


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


@pytest.mark.parametrize("sizes, expected", [((31, 90), 30), ((30, 90), 15), ((4, 5), 2), ((1, 5), 1)])
def test_thirty_are_trained_on_or_half_of_the_smallest_category(sizes, expected):
    labels = np.repeat([0, 1], sizes)
    found = photos.Photos(tuple(range(len(labels))), labels, ("cat", "dog"), Path("nowhere"))
    assert photos.usual_per_class(found) == expected
    if min(sizes) > 1:
        assert np.bincount(labels[photos.split(found)[0]]).tolist() == [expected, expected]


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
    monkeypatch.setattr(pixels, "MOST_PIXELS", 1000)
    with pytest.raises(photos.Unreadable, match="40×30 pixels"):
        photos.read(write(tmp_path / "a.jpg"))


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        photos.read(tmp_path / "a.jpg")


def test_a_picture_within_keeps_its_proportions_and_is_never_enlarged(tmp_path):
    large = write(tmp_path / "a.jpg", (1600, 800))
    assert photos.read(large, within=300).shape == (150, 300, 3) and photos.read(large, within=9000).shape[0] == 800


def test_categories_of_one_name_keep_their_numbers(tmp_path):
    for folder in ("001.dog", "002.dog", "003.cat", "004.001.dog", "bird"):
        for k in range(9):
            write(tmp_path / folder / f"{k}.png", (2, 2))
    found = photos.open_folder(tmp_path)
    assert found.names == ("001.dog", "002.dog", "cat", "004.001.dog", "bird")
    train, _ = photos.split(found, 4)
    drawn = [[int(found.files[i].stem) for i in train if found.labels[i] == label] for label in (0, 1)]
    assert drawn[0] != drawn[1]  # each has a draw of its own


def test_a_link_to_itself_and_a_closed_folder_are_left_out(folder, monkeypatch):
    (folder / "005.loop").symlink_to(folder / "005.loop")
    write(folder / "006.closed" / "006_0001.jpg")
    opened = os.listdir

    def listdir(path):
        if Path(path).name == "006.closed":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path)

    monkeypatch.setattr(os, "listdir", listdir)  # permissions do not hold back a superuser
    with pytest.warns(UserWarning, match="006.closed is left out: Permission denied"):
        assert photos.open_folder(folder).names == ("ak47", "dog", "the thing é")


def test_photographs_of_a_kind_that_is_not_read_are_told(tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for k in range(3):
            (tmp_path / name / f"{k}.HEIC").write_bytes(b"heic")
    with pytest.raises(ValueError, match=r"holds 0 categories.*6 files \.heic.*convert"):
        photos.open_folder(tmp_path)


def test_pictures_that_are_not_read_are_counted_beside_those_that_are(folder):
    for name in ("001.ak47/a.HEIC", "001.ak47/b.heic", "002.dog/c.dng", "004.empty/d.heics", "002.dog/._e.heic",
                 "257.clutter/f.jxl"):
        (folder / name).write_bytes(b"")
    told = r"4 pictures are left out, of kinds that are not read here \(1 \.dng, 2 \.heic, 1 \.heics\): convert"
    with pytest.warns(UserWarning, match=told):
        found = photos.open_folder(folder)
    assert len(found.files) == 15
    with pytest.warns(UserWarning, match=r"1 pictures are left out.*1 \.jxl"):
        photos.clutter(found)


def test_what_a_system_keeps_for_itself_is_no_category(folder):
    names = photos.open_folder(folder).names
    for name in ("@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX", "@Recently-Snapshot", "@tmp", "@__thumb",
                 "~snapshot", "System Volume Information", "found.000", "001.ak47/@eaDir/001_0001.jpg"):
        write(folder / name / "SYNOPHOTO_THUMB_M.jpg")
    found = photos.open_folder(folder)
    assert found.names == names and len(found.files) == 15


def test_a_folder_that_is_called_a_photograph_is_none(folder):
    write(folder / "001.ak47" / "dir.jpg" / "1.jpg")
    assert len(photos.open_folder(folder).files) == 15


def test_folders_that_only_begin_like_those_of_systems_are_categories(tmp_path):
    for name in ("@tmpx", "found.objects", "~birds", "snapshot"):
        write(tmp_path / name / "1.jpg")
    assert len(photos.open_folder(tmp_path).names) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of any bytes")
def test_names_that_are_not_utf_8_are_told_apart_and_can_be_shown(tmp_path):
    root = tmp_path / os.fsdecode(b"f\xfcr")
    for name in (b"1.caf\xe9", b"2.caf\xe8", "3.café".encode()):
        for number in range(3):
            write(root / os.fsdecode(name) / f"{number}.png")
    lines = b"file,x0,y0,x1,y1,group\n1.caf\xe9/0.png,1,2,3,4,0\n"
    (root / "boxes.csv").write_bytes(lines)
    found = photos.open_folder(root)
    assert found.names == ("caf\\xe9", "caf\\xe8", "café") and found.about.endswith(r"f\xfcr")
    found.about.encode()
    train, _ = photos.split(found, 2)
    assert photos.read(found.files[0]).shape == (30, 40, 3) and len(train) == 6
    assert [len(boxes) for boxes in photos.boxes(found)] == [1] + 8 * [0]


@pytest.mark.parametrize("categories", [1, 0, -1])
def test_too_few_categories_are_refused(folder, categories):
    with pytest.raises(ValueError, match=f"categories is {categories}: expected 2 or more"):
        photos.open_folder(folder, categories)


def test_a_home_that_is_not_there_is_no_folder():
    with pytest.raises(ValueError, match="is not a folder"):
        photos.open_folder("~nobody_of_that_name/photographs")


@pytest.mark.parametrize("value", [0, 100, 257 * 60, 65535])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_are_sixteen_bits_however_dark(tmp_path, name, value):
    Image.fromarray(np.full((4, 5), value, np.uint16)).save(tmp_path / name)
    assert (photos.read(tmp_path / name) == round(value / 257)).all()


@pytest.mark.parametrize("value, expected", [(0.0, 0), (0.5, 128), (1.0, 255), (1.02, 255), (-0.02, 0)])
def test_floats_of_one_are_white(tmp_path, value, expected):
    Image.fromarray(np.full((4, 5), value, np.float32)).save(tmp_path / "a.tif")
    assert (abs(photos.read(tmp_path / "a.tif").astype(int) - expected) <= 1).all()


@pytest.mark.parametrize("value, kind, complaint", [
    (200, np.float32, "floats from 200 to 200"), (np.nan, np.float32, "floats from nan"), (7, np.int32, "32-bit"),
])
def test_numbers_without_a_white_are_refused(tmp_path, value, kind, complaint):
    Image.fromarray(np.full((4, 5), value, kind)).save(tmp_path / "a.tif")
    with pytest.raises(photos.Unreadable, match=f"a.tif holds {complaint}"):
        photos.read(tmp_path / "a.tif")


def test_a_transparent_picture_is_blended_with_white(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    alpha = pixels[:, :, 3:] / 255
    assert abs(photos.read(tmp_path / "a.png") - (pixels[:, :, :3] * alpha + 255 * (1 - alpha))).max() <= 1


def test_a_file_of_another_format_starts_no_program(tmp_path, monkeypatch):
    """Pillow hands an EPS to the program `gs` that it finds, whatever the file is called."""
    gs, path = tmp_path / "gs", tmp_path / "a.jpg"
    gs.write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\nexit 1\n")
    gs.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # look for it again
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(photos.Unreadable, match="a.jpg cannot be read.*expected JPEG, PNG"):
        photos.read(path)
    assert not (tmp_path / "started").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_a_folder_and_a_link_to_itself_are_unreadable(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    for name in ("pipe.jpg", "folder.jpg", "loop.jpg"):
        with pytest.raises(photos.Unreadable, match=name):
            photos.read(tmp_path / name)


def test_a_picture_of_pictures_is_its_first(tmp_path):
    """Cameras write MPO, a JPEG with more JPEGs behind it, and call it .jpg."""
    first, second = Image.new("RGB", (40, 30), (200, 30, 60)), Image.new("RGB", (40, 30), (0, 0, 0))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert abs(photos.read(tmp_path / "a.jpg").astype(int) - (200, 30, 60)).max() < 6


def test_the_documented_limit_is_the_limit(tmp_path):
    """A PNG of a few bytes: its first say how large it is, and no others are read."""
    header = struct.pack(">IIBBBBB", 8000, pixels.MOST_PIXELS // 8000 + 1, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
                                     + struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 99) + b"IDAT")
    with pytest.raises(photos.Unreadable, match="8000×10001 pixels, more than 80,000,000"):
        photos.read(tmp_path / "a.png")
    assert "80 megapixels" in photos.read.__doc__ and pixels.MOST_PIXELS < Image.MAX_IMAGE_PIXELS


def test_damaged_notes_of_a_camera_make_it_unreadable(tmp_path, monkeypatch):
    def turn(*arguments, **options):
        raise struct.error("required argument is not an integer")  # one damaged file in a few thousand

    monkeypatch.setattr(ImageOps, "exif_transpose", turn)
    with pytest.raises(photos.Unreadable, match="a.jpg cannot be read"):
        photos.read(write(tmp_path / "a.jpg"))
