"""Photographs in Caltech-256's folders: the real ones, a folder of your own laid out like them, or the stand-in.

    256_ObjectCategories/001.ak47/001_0001.jpg …    one folder a category, NNN.name

`find()` says which there are and takes the best. Nothing is read before it is asked for, so that a folder of 30,000
photographs opens in a second; what cannot be read is met, and counted, when it is read.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import caltech, registry, stand_in

VARIABLE = "CAMLIB_CALTECH256"  # names a folder of photographs that the user has already
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
MOST_PIXELS = 200_000_000  # a larger picture is refused, not decoded


class Unreadable(ValueError):
    """A file that is called a photograph and is not, or not whole."""


class Photos(NamedTuple):
    """Photographs by category.

    files: tuple of Path, sorted by category, then name.  labels: int64, (n,), numbers into `names`.
    names: tuple of str, the categories, without their numbers.  folder: Path, that holds the categories.
    stand_in: True for the collages that stand in for photographs; say so wherever a number made from them is shown.
    """

    files: tuple
    labels: np.ndarray
    names: tuple
    folder: Path
    stand_in: bool = False

    @property
    def about(self):
        """One line for a figure's title or a table."""
        kind = "STAND-IN (photo collages, not Caltech-256)" if self.stand_in else str(self.folder)
        return f"{len(self.files):,} photographs of {len(self.names)} categories: {kind}"


def find(categories=None):
    """The photographs at hand: the folder that CAMLIB_CALTECH256 names; else Caltech-256, or the part of it, that
    `download` put in the cache; else the stand-in, made now if need be. Downloads nothing.

    categories: how many to take, from the first; None for all.
    """
    if named := os.environ.get(VARIABLE):
        return open_folder(named, categories)
    if downloaded := caltech.downloaded():
        return open_folder(downloaded, categories)
    folder = stand_in.make(registry.cache_folder() / f"stand_in_{stand_in.VERSION}")
    return open_folder(folder, categories)


def download(categories=None, *, progress=True):
    """Caltech-256 from its archive, into the cache: all of it (1.2 GB), or the first `categories` (5 MB each, on average).

    Goes on where an interrupted download stopped. Raises `registry.FetchError` when the archive cannot be had.
    """
    return open_folder(caltech.download(categories, progress=progress), categories)


def open_folder(folder, categories=None):
    """The photographs in a folder of categories: any folder of folders of photographs.

    folder: the one with the categories, one above it that holds 256_ObjectCategories, or one of the NNN.name in it.
    categories: how many to take, from the first; None for all. Caltech-256's 257.clutter is never one, folders
    without a photograph are left out, and so are folders inside a category (056.dog/greg) and files of other kinds.
    Raises ValueError where there is no folder, or fewer than two categories in it.
    """
    root = _category_folder(Path(folder).expanduser())
    shelves = [(shelf, _photographs(shelf)) for shelf in _shelves(root)]
    shelves = [(shelf, files) for shelf, files in shelves if files][:categories]
    if len(shelves) < 2:
        raise ValueError(
            f"{root} holds {len(shelves)} categories with photographs: expected at least 2 folders in it, such as "
            "001.ak47 and 002.american-flag, with photographs inside"
        )
    labels = np.repeat(np.arange(len(shelves)), [len(files) for _, files in shelves])
    names = tuple(re.sub(r"^\d+\.", "", shelf.name) for shelf, _ in shelves)
    files = tuple(file for _, found in shelves for file in found)
    return Photos(files, labels, names, root, stand_in.is_stand_in(root))


def take(photos, indices):
    """The photographs at `indices` (or where a boolean array is True), with the same categories."""
    indices = np.arange(len(photos.files))[np.asarray(indices)]
    return photos._replace(files=tuple(photos.files[i] for i in indices), labels=photos.labels[indices])


def split(photos, per_class=30, seed=0):
    """Indices of (training, test) photographs: `per_class` of every category drawn by `seed`, and the rest.

    The usual protocol of Caltech-101 and 256. Each category is drawn by itself, so another category more changes
    nothing in those there are. Raises ValueError for a category with no photograph left to test on.
    """
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


def read(path, side=None):
    """A photograph as uint8 RGB: (height, width, 3), or with `side` squeezed to (side, side, 3).

    Grey, palette, CMYK, 16-bit and transparent pictures (on white) too; turned upright as the camera noted.
    A picture is squeezed, not cropped, so that nothing in it is lost and boxes scale along.
    Raises Unreadable (a ValueError) for a file that is not a whole picture, or of more than 200 megapixels.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Unreadable(f"{path} has {picture.width}×{picture.height} pixels: make it smaller first")
            if side:
                picture.draft(None, (2 * side, 2 * side))  # a large JPEG is decoded at ½, ¼ or ⅛
            picture = _rgb(ImageOps.exif_transpose(picture))
            if side:
                picture = picture.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3)
            return np.array(picture)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, EOFError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{path} cannot be read as a photograph: {error}") from error


def _rgb(picture):
    from PIL import Image

    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        grey = np.asarray(picture).astype(np.float64)
        grey = grey / 257 if grey.max(initial=0) > 255 else grey  # 16 bits: 65,535 is white
        picture = Image.fromarray(grey.clip(0, 255).round().astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


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
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir())
    return [root / name for name in names if name != "257.clutter" and not name.startswith(".")]


def _photographs(shelf):
    with os.scandir(shelf) as entries:
        names = sorted(entry.name for entry in entries
                       if os.path.splitext(entry.name)[1].lower() in SUFFIXES and not entry.name.startswith("."))
    return [shelf / name for name in names]
