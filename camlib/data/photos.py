"""Photographs in Caltech-256's folders: the sample that the course ships, all of it, or a folder of your own.

    256_ObjectCategories/001.ak47/001_0001.jpg …    one folder a category, NNN.name

`find()` says which there are and takes the best. Nothing is read before it is asked for, so that a folder of 30,000
photographs opens in a second; what cannot be read is met, and counted, when it is read.
"""

import os
import re
import stat
import struct
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..files import ROOT
from . import caltech
from .box_table import read_table, squeezed

SAMPLE = ROOT / "data" / "caltech256_sample"
CLUTTER = "257.clutter"  # Caltech-256's pictures of none of its categories
VARIABLE = "CAMLIB_CALTECH256"  # names a folder of photographs that the user has already
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
FORMATS = "JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"  # and no other: for EPS, say, Pillow starts Ghostscript
PROTOCOL = 30  # photographs a category to train on: what Caltech-101 and 256 are reported with, beside 60
MOST_PIXELS = 80_000_000  # a larger picture is refused, not decoded: half a kilobyte of PNG can ask for gigabytes


class Unreadable(ValueError):
    """A file that is called a photograph and is not, or not whole."""


class Photos(NamedTuple):
    """Photographs by category.

    files: tuple of Path, sorted by category, then name.  labels: int64, (n,), numbers into `names`.
    names: tuple of str, the categories, without their numbers where that leaves them distinct.
    folder: Path, that holds the categories.
    """

    files: tuple
    labels: np.ndarray
    names: tuple
    folder: Path

    @property
    def about(self):
        """One line for a figure's title or a table."""
        where = "the sample of Caltech-256 that the course ships" if self.folder == SAMPLE else self.folder
        return f"{len(self.files):,} photographs of {len(self.names)} categories: {where}"


def find(categories=None):
    """The photographs at hand: the folder that CAMLIB_CALTECH256 names; else Caltech-256, or the part of it, that
    `download` put in the cache; else the sample that the course ships, 483 photographs of 20 categories. Downloads
    nothing.

    categories: how many to take, from the first; None for all.
    """
    if named := os.environ.get(VARIABLE):
        return open_folder(named, categories)
    return open_folder(caltech.downloaded() or SAMPLE, categories)


def download(categories=None, *, progress=True):
    """Caltech-256 from its archive, into the cache: all of it (1.2 GB), or the first `categories` (5 MB each).

    Goes on where an interrupted download stopped. Raises `registry.FetchError` when the archive cannot be had.
    """
    return open_folder(caltech.download(categories, progress=progress), categories)


def open_folder(folder, categories=None):
    """The photographs in a folder of categories: any folder of folders of photographs.

    folder: the one with the categories, one above it that holds 256_ObjectCategories, or one of the NNN.name in it.
    categories: how many to take, from the first, 2 or more; None for all. Caltech-256's 257.clutter is never one, see
    `clutter`. Folders without a photograph are left out, and so are folders inside a category (056.dog/greg) and files
    of other kinds; a folder that cannot be opened is left out with a warning.
    Raises ValueError where there is no folder, or fewer than two categories in it.
    """
    if categories is not None and categories < 2:
        raise ValueError(f"categories is {categories}: expected 2 or more, or None for all")
    root = _category_folder(Path(os.path.expanduser(folder)))
    shelves = [(shelf, _photographs(shelf)) for shelf in _shelves(root)]
    kept = [(shelf, files) for shelf, files in shelves if files][:categories]
    if len(kept) < 2:
        raise ValueError(
            f"{root} holds {len(kept)} categories with photographs: expected at least 2 folders in it, such as "
            f"001.ak47 and 002.american-flag, with photographs inside{_other_kinds(shelf for shelf, _ in shelves)}"
        )
    labels = np.repeat(np.arange(len(kept)), [len(files) for _, files in kept])
    files = tuple(file for _, found in kept for file in found)
    return Photos(files, labels, _names([shelf.name for shelf, _ in kept]), root)


def clutter(photos):
    """The files of 257.clutter beside the categories of `photos`: tuple of Path, empty where there is no such folder.

    They show none of Caltech-256's categories: what does a network name that must name one? A download of the first
    categories brings none.
    """
    shelf = photos.folder / CLUTTER
    return tuple(_photographs(shelf)) if shelf.is_dir() else ()


def take(photos, indices):
    """The photographs at `indices` (or where a boolean array is True), with the same categories."""
    indices = np.arange(len(photos.files))[np.asarray(indices)]
    return photos._replace(files=tuple(photos.files[i] for i in indices), labels=photos.labels[indices])


def usual_per_class(photos):
    """How many photographs a category to train on: 30, as is usual with Caltech-101 and 256, where each category has
    more than that; else half of the smallest category."""
    smallest = np.bincount(photos.labels, minlength=len(photos.names)).min()
    return PROTOCOL if smallest > PROTOCOL else max(int(smallest) // 2, 1)


def split(photos, per_class=None, seed=0):
    """Indices of (training, test) photographs: `per_class` of every category drawn by `seed`, and the rest.

    per_class: by default `usual_per_class`. Each category is drawn by itself, so another category more changes
    nothing in those there are. Raises ValueError for a category with no photograph left to test on.
    """
    per_class = usual_per_class(photos) if per_class is None else per_class
    if per_class < 1:
        raise ValueError(f"per_class is {per_class}: expected at least 1")
    counts = np.bincount(photos.labels, minlength=len(photos.names))
    if (counts <= per_class).any():
        short = ", ".join(f"{photos.names[i]} ({counts[i]})" for i in np.flatnonzero(counts <= per_class)[:5])
        raise ValueError(
            f"{per_class} photographs a category to train on leave none to test on in: {short}. Use at most "
            f"{max(counts.min() - 1, 0)}, or take these categories out of the folder"
        )
    train = np.zeros(len(photos.labels), bool)
    for label, name in enumerate(photos.names):
        random = np.random.default_rng([seed, *name.encode()])
        train[random.permutation(np.flatnonzero(photos.labels == label))[:per_class]] = True
    return np.flatnonzero(train), np.flatnonzero(~train)


def boxes(photos, side=None):
    """Where the objects are: for each photograph int64, (k, 4), (x0, y0, x1, y1), half-open, in pixels of the file.

    They are read from the table boxes.csv in the folder of categories (`box_table`), which may be your own. k is 0 for
    a photograph without a row. side: px, for boxes in photographs squeezed to side×side, as `read` squeezes them:
    rounded to whole pixels, one at least.
    Raises ValueError for a folder without the table, and for a bad row, with its line.
    """
    return [rows[:, :4] if side is None else squeezed(rows[:, :4], size, side) for size, rows in _box_rows(photos)]


def groups(photos):
    """Which of the `boxes` are around a heap of objects rather than one: for each photograph bool, (k,)."""
    return [rows[:, 4] == 1 for _, rows in _box_rows(photos)]


def _box_rows(photos):
    table = read_table(photos.folder, _size)
    nothing = (1, 1), np.zeros((0, 5), np.int64)
    return [table.get(file.relative_to(photos.folder).as_posix(), nothing) for file in photos.files]


def _size(path):
    """(width, height) of a photograph as `read` gives it, from its first bytes. Raises ValueError for what is none."""
    from PIL import ExifTags, Image

    try:
        with Image.open(path, formats=FORMATS) as picture:
            lies = picture.getexif().get(ExifTags.Base.Orientation, 1) > 4
            return picture.size[::-1] if lies else picture.size
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise Unreadable(f"{path} cannot be read as a photograph: {error}") from error


def read(path, side=None, within=None):
    """A photograph as uint8 RGB: (height, width, 3), or with `side` squeezed to (side, side, 3).

    path: of a file; or a file itself, open for reading bytes, whose `name` the errors then say, read from its start.
    side: px; a picture is squeezed, not cropped, so that nothing in it is lost and boxes scale along. within: px, for
    a picture to look at: a larger one is shrunk, as it is in proportion, until no side is longer.
    Grey, palette, CMYK and transparent pictures (on white) too, 16 bits (65,535 is white) and floats (1 is white);
    turned upright as the camera noted. Of a GIF or WebP that moves, the first frame.
    Raises FileNotFoundError, and Unreadable (a ValueError) for what is not a whole picture in one of FORMATS, or has
    more than 80 megapixels, which its first bytes tell: at that limit one takes up to 1.2 GB for a moment.
    """
    from PIL import Image, ImageOps

    source = path
    try:
        if hasattr(path, "read"):
            path.seek(0)
            path = getattr(path, "name", "the upload")
        elif not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            raise Unreadable(f"{path} is not a file: expected a photograph")
        with Image.open(source, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Unreadable(f"{path} has {picture.width}×{picture.height} pixels, more than {MOST_PIXELS:,}: "
                                 "make it smaller first")
            if least := side or within:
                picture.draft(None, (2 * least, 2 * least))  # a large JPEG is decoded at ½, ¼ or ⅛
            ImageOps.exif_transpose(picture, in_place=True)
            picture = _rgb(picture, path)
            if side:
                picture = picture.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3)
            elif within:
                picture.thumbnail((within, within), reducing_gap=3)
            return np.array(picture)
    except (FileNotFoundError, Unreadable):
        raise
    except Image.UnidentifiedImageError as error:
        raise Unreadable(f"{path} cannot be read as a photograph: expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]} "
                         "inside, whatever its name says: convert it") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:
        raise Unreadable(f"{path} cannot be read as a photograph: {error}") from error


def _rgb(picture, path):
    """A Pillow picture in RGB, 8 bits; what its numbers mean is its mode's to say, not theirs."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        picture = Image.fromarray(cv2.convertScaleAbs(np.asarray(picture, np.uint16), alpha=1 / 257))
    elif picture.mode == "F":
        values = np.asarray(picture)
        if not -1 <= values.min() <= values.max() <= 2:  # a little beyond is resampling's; NaN is refused, too
            raise Unreadable(f"{path} holds floats from {values.min():g} to {values.max():g}: expected 0, black, to "
                             "1, white; save it with 8 bits")
        picture = Image.fromarray(cv2.convertScaleAbs(values.clip(0, 1), alpha=255))
    elif picture.mode == "I":
        raise Unreadable(f"{path} holds 32-bit or signed integers, of which nothing says what is white: "
                         "save it with 8 or 16 bits")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture, white = picture.convert("RGBA"), Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture)
    return white


def _category_folder(folder):
    """The folder of categories that the user means by `folder`."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: expected one that holds categories, such as 001.ak47")
    for inner in (folder / "256_ObjectCategories", *sorted(folder.glob("*/256_ObjectCategories"))):
        if inner.is_dir():
            return inner
    if re.match(r"\d{3}\.", folder.name) and _photographs(folder):
        return folder.parent
    return folder


def _shelves(root):
    """The folders of categories, in order, without Caltech-256's clutter and hidden ones."""
    names = sorted(name for name in os.listdir(root) if name != CLUTTER and not name.startswith("."))
    return [root / name for name in names if os.path.isdir(root / name)]  # False for a link that leads to itself


def _photographs(shelf):
    try:
        names = sorted(os.listdir(shelf))
    except OSError as error:
        warnings.warn(f"{shelf} is left out: {error.strerror}", stacklevel=3)
        return []
    return [shelf / name for name in names
            if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")]


def _names(folders):
    """Names of categories for their folders': without the number, but where that would make two of one name."""
    short = [re.sub(r"^\d+\.", "", folder) for folder in folders]
    taken = Counter([*short, *folders])
    return tuple(name if taken[name] == 1 else folder for name, folder in zip(short, folders))


def _other_kinds(shelves):
    """The end of a sentence: what lies in these folders instead of photographs, the commonest kind of file."""
    kinds = Counter(file.suffix.lower() for shelf in shelves for file in shelf.glob("*.*") if file.suffix)
    if not (kinds := Counter({kind: count for kind, count in kinds.items() if kind not in SUFFIXES})):
        return ""
    kind, count = kinds.most_common(1)[0]
    return f". There are {count} files {kind}, which are not read here: convert them to JPEG or PNG"
