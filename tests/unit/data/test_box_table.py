import collections
import csv

import numpy as np
import pytest
from PIL import Image

from camlib.boxes import ink_boxes
from camlib.data import box_table, photos

HEADER = "file,x0,y0,x1,y1,group\n"


@pytest.fixture
def found(tmp_path):
    """Two categories of two photographs of 40×30 px; one of them was taken with the camera on its side."""
    for name in ("001.a/1.png", "001.a/é 2.png", "002.b/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 30)).save(tmp_path / name)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "002.b" / "2.jpg", exif=exif)
    return photos.open_folder(tmp_path)


def write(found, text, **options):
    (found.folder / "boxes.csv").write_text(text, **({"encoding": "utf-8"} | options))


def test_boxes_come_in_the_order_of_the_photographs(found):
    write(found, HEADER + "002.b/1.png,0,0,40,30,1\n001.a/é 2.png,1,2,3,4,0\n\n002.b/1.png,5,6,7,8,0\n")
    boxes = photos.boxes(found)
    assert [some.tolist() for some in boxes] == [[], [[1, 2, 3, 4]], [[0, 0, 40, 30], [5, 6, 7, 8]], []]
    assert {(some.dtype.name, some.shape[1:]) for some in boxes} == {("int64", (4,))}
    assert [some.tolist() for some in photos.groups(found)] == [[], [False], [True, False], []]
    assert [some.tolist() for some in photos.boxes(photos.take(found, [1]))] == [[[1, 2, 3, 4]]]


def test_a_table_from_a_spreadsheet_is_read(found):
    write(found, (HEADER + '"001.a/1.png",1,2,3,4,0\n').replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert photos.boxes(found)[0].tolist() == [[1, 2, 3, 4]]


def test_boxes_are_in_the_pixels_of_the_photograph_turned_upright(found):
    write(found, HEADER + "002.b/2.jpg,0,0,30,40,0\n")
    assert photos.read(found.files[3]).shape == (40, 30, 3)
    assert photos.boxes(found)[3].tolist() == [[0, 0, 30, 40]]
    write(found, HEADER + "002.b/2.jpg,0,0,40,30,0\n")
    with pytest.raises(ValueError, match="x1 <= 30 and 0 <= y0 < y1 <= 40"):
        photos.boxes(found)


@pytest.mark.parametrize("box", [(0, 0, 400, 300), (17, 31, 203, 257), (350, 100, 400, 140)])
@pytest.mark.parametrize("side", [64, 224, 500])
def test_squeezed_boxes_are_where_the_squeezed_object_is(tmp_path, box, side):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        picture = np.zeros((300, 400, 3), np.uint8)
        picture[box[1]:box[3], box[0]:box[2]] = 255
        Image.fromarray(picture).save(tmp_path / name / "x.png")
    found = photos.open_folder(tmp_path)
    write(found, f"{HEADER}a/x.png,{','.join(map(str, box))},0\n")
    seen = ink_boxes(photos.read(found.files[0], side)[None, :, :, 0] > 127)
    assert abs(photos.boxes(found, side)[0] - seen).max() <= 1


def test_a_small_box_keeps_a_pixel():
    small = np.array([[0, 0, 1, 1], [399, 299, 400, 300], [200, 150, 201, 151]])
    made = box_table.squeezed(small, (400, 300), 8)
    assert ((made[:, 2:] - made[:, :2]) == 1).all() and made.min() >= 0 and made.max() <= 8


@pytest.mark.parametrize("text, complaint", [
    ("", "line 1, is ''.*expected file,x0,y0,x1,y1,group"),
    ("file;x0;y0;x1;y1;group\n", "line 1, is 'file;x0"),
    (HEADER + "001.a/1.png,1,2,3,4,0\n001.a/1.png,1,2,3,4\n", "line 3, has 5 values: expected 6"),
    (HEADER + "001.a/1.png,1,2,3,4,0,\n", "line 2, has 7 values"),
    (HEADER + "\n001.a/3.png,1,2,3,4,0\n", "line 3, names '001.a/3.png': expected a photograph in"),
    (HEADER + ",1,2,3,4,0\n", "line 2, names ''"),
    (HEADER + "001.a,1,2,3,4,0\n", "line 2, names '001.a'"),
    (HEADER + "boxes.csv,1,2,3,4,0\n", "line 2, names no photograph"),
    (HEADER + "001.a/1.png,1,2,3.5,4,0\n", "line 2, has '1,2,3.5,4,0' after the file: expected five whole"),
    (HEADER + "001.a/1.png,,2,3,4,0\n", "line 2, has ',2,3,4,0'"),
    (HEADER + "001.a/1.png,3,2,3,4,0\n", "line 2, has a box 3,2,3,4 that is empty"),
    (HEADER + "001.a/1.png,1,4,3,2,0\n", "line 2, has a box 1,4,3,2 that is empty"),
    (HEADER + "001.a/1.png,0,0,41,30,0\n", "line 2, has a box .*leaves the photograph.*x1 <= 40.*y1 <= 30"),
    (HEADER + "001.a/1.png,0,0,40,31,0\n", "line 2, has a box"),
    (HEADER + "001.a/1.png,-1,0,40,30,0\n", "line 2, has a box -1,0,40,30"),
    (HEADER + "001.a/1.png,1,2,3,4,2\n", "line 2, has group 2"),
    (HEADER + "001.a/1.png,1,2,3,4,0\n002.b/1.png,1,2,3,4,0\n001.a/1.png,1,2,3,4,1\n",
     "line 4, has the box of line 2 again"),
    (HEADER + "x" * 200_000, "line 2, field larger than"),
])
def test_bad_rows_are_told_by_line(found, text, complaint):
    write(found, text)
    with pytest.raises(ValueError, match=complaint) as error:
        photos.boxes(found)
    assert str(found.folder / "boxes.csv") in str(error.value) and "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_told_by_line(found):
    (found.folder / "boxes.csv").write_bytes(HEADER.encode() + b"001.a/\xe9 2.png,1,2,3,4,0\n")
    with pytest.raises(ValueError, match="line 2, names"):
        photos.boxes(found)


def test_a_folder_without_boxes_says_what_was_expected(found):
    with pytest.raises(ValueError, match=r"has no boxes.csv: expected a table .*file,x0,y0,x1,y1,group"):
        photos.boxes(found)


def test_every_photograph_of_the_sample_has_one_to_six_boxes():
    """Against the table, read by itself."""
    found = photos.open_folder(photos.SAMPLE)
    boxes, groups = photos.boxes(found), photos.groups(found)
    with open(photos.SAMPLE / "boxes.csv") as stream:
        rows = list(csv.DictReader(stream))
    counts = collections.Counter(row["file"] for row in rows)
    assert [len(some) for some in boxes] == [counts[f"{file.parent.name}/{file.name}"] for file in found.files]
    assert len(boxes) == 483 and sum(map(len, boxes)) == len(rows) == 683
    assert min(map(len, boxes)) == 1 and max(map(len, boxes)) == 6
    assert sum(some.sum() for some in groups) == sum(row["group"] == "1" for row in rows) == 4
