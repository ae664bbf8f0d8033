"""Photographs in Caltech-256's folders: the sample that the course ships, all of it, or a folder of your own.

    256_ObjectCategories/001.ak47/001_0001.jpg …    one folder a category, NNN.name

`find()` says which there are and takes the best. Nothing is read before it is asked for, so that a folder of 30,000
photographs opens in a second; what cannot be read is met, and counted, when it is read.
"""

import os
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..files import DATA, expanded, readable
from . import caltech
from .box_table import read_table, squeezed
from .pixels import Unreadable, read, size_of  # noqa: F401, `photos.read` is how it is called

SAMPLE = DATA / "caltech256_sample"
CLUTTER = "257.clutter"  # Caltech-256's pictures of none of its categories
VARIABLE = "CAMLIB_CALTECH256"  # names a folder of photographs that the user has already
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo", ".png", ".apng", ".webp", ".avif", ".avifs",
            ".bmp", ".tif", ".tiff", ".gif", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm"}
NOT_READ = {".heic", ".heics", ".heif", ".heifs", ".hif", ".jxl", ".jp2", ".jpf", ".jpx", ".j2k", ".jxr", ".dng",
            ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".x3f",
            ".psd", ".xcf", ".tga", ".pcx", ".dib", ".ico", ".exr", ".hdr", ".dcm", ".svg", ".eps"}  # told of
SYSTEMS = re.compile(  # their own folders: Synology's, QNAP's, NetApp's, Windows's, macOS's and Linux's
    r"@eadir|[@#]recycle|@tmp|@__thumb|@recently-snapshot|[#~]snapshot|\$recycle\.bin|system volume information|"
    r"found\.\d{3}|__macosx|lost\+found", re.IGNORECASE)
PROTOCOL = 30  # photographs a category to train on: what Caltech-101 and 256 are reported with, beside 60


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
        where = "the sample of Caltech-256 that the course ships" if self.folder == SAMPLE else readable(self.folder)
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
    `clutter`. Folders without a photograph are left out, and so are folders inside a category (056.dog/greg), those
    that systems make for themselves (@eaDir), and files of other kinds. A folder that cannot be opened, and pictures
    of kinds that are not read here (HEIC), are left out with a warning that counts them.
    Raises ValueError where there is no folder, or fewer than two categories in it.
    """
    if categories is not None and categories < 2:
        raise ValueError(f"categories is {categories}: expected 2 or more, or None for all")
    root = _category_folder(expanded(folder))
    shelves = [(shelf, _photographs(shelf)) for shelf in _shelves(root)]
    kept = [(shelf, files) for shelf, files in shelves if files][:categories]
    if len(kept) < 2:
        raise ValueError(
            f"{root} holds {len(kept)} categories with photographs: expected at least 2 folders in it, such as "
            f"001.ak47 and 002.american-flag, with photographs inside{_other_kinds(shelf for shelf, _ in shelves)}"
        )
    _tell_unread(shelf for shelf, _ in shelves)
    labels = np.repeat(np.arange(len(kept)), [len(files) for _, files in kept])
    files = tuple(file for _, found in kept for file in found)
    return Photos(files, labels, _names([shelf.name for shelf, _ in kept]), root)


def clutter(photos):
    """The files of 257.clutter beside the categories of `photos`: tuple of Path, empty where there is no such folder.

    They show none of Caltech-256's categories: what does a network name that must name one? A download of the first
    categories brings none.
    """
    shelf = photos.folder / CLUTTER
    if not shelf.is_dir():
        return ()
    _tell_unread([shelf])
    return tuple(_photographs(shelf))


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
    table = read_table(photos.folder, size_of)
    nothing = (1, 1), np.zeros((0, 5), np.int64)
    return [table.get(file.relative_to(photos.folder).as_posix(), nothing) for file in photos.files]


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
    """The folders of categories, in order, without Caltech-256's clutter, hidden ones and those of systems."""
    names = sorted(name for name in os.listdir(root)
                   if name != CLUTTER and not name.startswith(".") and not SYSTEMS.fullmatch(name))
    return [root / name for name in names if os.path.isdir(root / name)]  # False for a link that leads to itself


def _photographs(shelf):
    try:
        names = sorted(os.listdir(shelf))
    except OSError as error:
        warnings.warn(f"{shelf} is left out: {error.strerror}", stacklevel=3)
        return []
    return [shelf / name for name in names
            if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")
            and not os.path.isdir(shelf / name)]


def _names(folders):
    """Names of categories for their folders': without the number, but where that would make two of one name."""
    folders = [readable(folder) for folder in folders]
    short = [re.sub(r"^\d+\.", "", folder) for folder in folders]
    taken = Counter([*short, *folders])
    return tuple(name if taken[name] == 1 else folder for name, folder in zip(short, folders))


def _kinds(shelves):
    """How many files there are of each kind, ".heic" for one, in these folders: a Counter."""
    return Counter(file.suffix.lower() for shelf in shelves for file in shelf.glob("[!.]*.*"))


def _tell_unread(shelves):
    """Warn of the pictures in these folders that are of kinds which are not read."""
    if unread := {kind: count for kind, count in sorted(_kinds(shelves).items()) if kind in NOT_READ}:
        kinds = ", ".join(f"{count} {kind}" for kind, count in unread.items())
        warnings.warn(f"{sum(unread.values())} pictures are left out, of kinds that are not read here ({kinds}): "
                      "convert them to JPEG or PNG", stacklevel=3)


def _other_kinds(shelves):
    """The end of a sentence: what lies in these folders instead of photographs, the commonest kind of file."""
    kinds = Counter({kind: count for kind, count in _kinds(shelves).items() if kind and kind not in SUFFIXES})
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return f". There are {count} files {kind}, which are not read here: convert them to JPEG or PNG"
