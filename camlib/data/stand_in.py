"""The offline stand-in for Caltech-256: photo collages, laid out like it, with the truth beside each.

Objects cut from scikit-image's photographs are pasted on other photographs at random places, sizes, turns, flips and
brightness. It is a stand-in and is always called one: eight classes, and every picture of a class shows the same
object, so its accuracies say nothing of real photographs. What it is good for is pointing: it knows where things are.

    FOLDER/256_ObjectCategories/001.astronaut/001_0001.jpg …    one object each
    FOLDER/several/scene_0001.jpg …                             two or three objects of different classes
    FOLDER/truth/001_0001.png, scene_0001.png …                 per pixel: 0, or the class of the object, plus 1
"""

import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..boxes import ink_boxes

VERSION = 1  # of the recipe: another one makes other pictures
SIDES = 240, 361  # px: width and height of a picture are drawn from this range
BACKGROUNDS = ("brick", "grass", "gravel", "hubble_deep_field", "moon")


class Circle(NamedTuple):
    """An ellipse in a photograph: its centre and half axes, in px."""

    x: int
    y: int
    across: int
    down: int


# What is cut out of which photograph: ellipses, and polygons as [(x, y), …] in px. Coins: one of four each time.
OUTLINES = {
    "astronaut": ("astronaut", [[Circle(226, 98, 74, 88)]]),
    "cat": ("chelsea", [[[(88, 2), (269, 9), (351, 18), (372, 70), (357, 140), (328, 193), (298, 263), (252, 292),
                          (176, 275), (94, 234), (47, 164), (35, 82)]]]),
    "coffee-cup": ("coffee", [[Circle(278, 238, 199, 145), Circle(288, 115, 117, 100)]]),
    "rocket": ("rocket", [[[(318, 128), (326, 128), (333, 145), (337, 160), (337, 405), (309, 405), (309, 160),
                            (312, 145)]]]),
    "cameraman": ("camera", [[[(160, 70), (185, 63), (215, 62), (245, 70), (265, 85), (268, 140), (323, 140),
                               (328, 165), (333, 195), (320, 250), (290, 250), (275, 285), (205, 300), (165, 330),
                               (10, 330), (12, 300), (20, 250), (60, 180), (110, 140), (160, 125), (158, 95)]]]),
    "coin": ("coins", [[Circle(335, 43, 28, 28)], [Circle(347, 186, 31, 31)], [Circle(46, 260, 27, 27)],
                       [Circle(271, 119, 24, 24)]]),
    "motorcycle": ("stereo_motorcycle", [[[(96, 202), (144, 173), (250, 169), (356, 192), (413, 163), (471, 115),
                                           (504, 73), (538, 87), (587, 119), (577, 154), (558, 183), (577, 231),
                                           (635, 269), (683, 356), (677, 433), (635, 452), (577, 438), (538, 385),
                                           (504, 337), (462, 365), (385, 375), (327, 438), (317, 375), (269, 394),
                                           (212, 404), (144, 375), (119, 308), (125, 250), (96, 240)]]]),
    "retina": ("retina", [[Circle(702, 702, 680, 680)]]),
}
NAMES = tuple(OUTLINES)


class Cutting(NamedTuple):
    """An object cut from its photograph. rgb: uint8, (h, w, 3). alpha: float32, (h, w), 0 to 1, its soft outline."""

    rgb: np.ndarray
    alpha: np.ndarray


def make(folder, *, per_class=60, several=80, seed=0):
    """Write the stand-in into `folder`, whole or not at all; an existing folder is left as it is. Returns its Path.

    per_class: pictures of one object for each of the 8 classes. several: pictures of two or three.
    Takes about 15 s and 12 MB at the defaults. Pictures depend on `seed` and their number alone.
    """
    folder = Path(folder)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write_all(part, per_class, several, seed)
        part.chmod(0o755)
        os.replace(part, folder)
    except OSError:
        if not folder.exists():  # else another process made it meanwhile
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def is_stand_in(folder):
    """Whether a folder of categories is one that `make` wrote."""
    return (Path(folder).parent / "truth" / "README.txt").is_file()


def several(folder):
    """The pictures of two or three objects in a stand-in, by the folder of its categories: list of Path."""
    return sorted((Path(folder).parent / "several").glob("*.jpg"))


def truth(photo):
    """What each pixel of a stand-in picture shows: uint8, (height, width), 0 or the class plus 1.

    photo: the path of the picture. Raises ValueError for a photo that is not of the stand-in.
    """
    from PIL import Image

    photo = Path(photo)
    for folder in (photo.parent.parent, photo.parent.parent.parent):
        mask = folder / "truth" / f"{photo.stem}.png"
        if mask.is_file():
            with Image.open(mask) as stored:
                return np.array(stored)
    raise ValueError(f"nobody has marked what {photo} shows where: only pictures of the stand-in have a truth")


def boxes(mask):
    """The box of each object in a `truth`: dict of class → int64 (4,), (x0, y0, x1, y1), half-open."""
    return {int(value) - 1: ink_boxes(mask[None] == value)[0] for value in np.unique(mask[mask > 0])}


def draw(classes, seed):
    """One picture with an object of each class: uint8 (h, w, 3), and its truth, uint8 (h, w).

    classes: numbers into `NAMES`, from the background forward; at most three. seed: an int or several.
    """
    random = np.random.default_rng(seed)
    width, height = random.integers(*SIDES, 2)
    while True:
        picture = _background(random, width, height)
        mask = np.zeros((height, width), np.uint8)
        if all(_paste(picture, mask, number, len(classes) > 1, random) for number in classes):
            return picture.clip(0, 255).round().astype(np.uint8), mask


def _write_all(folder, per_class, several, seed):
    (folder / "truth").mkdir()
    (folder / "truth" / "README.txt").write_text(
        "These pictures stand in for Caltech-256. They are collages of scikit-image's photographs, made by camlib.\n"
    )
    for number, name in enumerate(NAMES):
        shelf = folder / "256_ObjectCategories" / f"{number + 1:03}.{name}"
        shelf.mkdir(parents=True)
        for count in range(per_class):
            stem = f"{number + 1:03}_{count + 1:04}"
            _write(shelf / f"{stem}.jpg", folder / "truth" / f"{stem}.png", [number], (seed, number, count))
    (folder / "several").mkdir()
    for count in range(several):
        random = np.random.default_rng((seed, len(NAMES), count))
        classes = random.permutation(len(NAMES))[: 2 + count % 2]
        stem = f"scene_{count + 1:04}"
        _write(folder / "several" / f"{stem}.jpg", folder / "truth" / f"{stem}.png", classes,
               (seed, len(NAMES), count, 1))


def _write(photo, mask_file, classes, seed):
    from PIL import Image

    picture, mask = draw(classes, seed)
    Image.fromarray(picture).save(photo, quality=90)
    Image.fromarray(mask).save(mask_file)


def _background(random, width, height):
    """A random piece of a background, tinted: float32, (height, width, 3)."""
    photo = _photograph(BACKGROUNDS[random.integers(len(BACKGROUNDS))])
    tall, wide = photo.shape[:2]
    scale = random.uniform(1, 1.6) * max(width / wide, height / tall)
    photo = _scaled(photo, scale)
    top, left = (random.integers(0, have - want + 1) for have, want in zip(photo.shape, (height, width)))
    piece = photo[top:top + height, left:left + width][:, ::random.choice((-1, 1))]
    return piece * random.uniform(0.6, 1.2, 3).astype(np.float32)


def _scaled(picture, scale):
    import cv2

    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=smooth)


def _paste(picture, mask, number, small, random):
    """Put one object on picture and mask, in place; False when no free place was found."""
    height, width = mask.shape
    longest = random.uniform(0.3, 0.5) if small else random.uniform(0.35, 0.8)
    cutting = _turned(_cutting(number, random), longest * min(width, height), random)
    tall, wide = cutting.alpha.shape
    for _ in range(50 if tall <= height and wide <= width else 0):
        top, left = random.integers(0, height - tall + 1), random.integers(0, width - wide + 1)
        window = np.s_[top:top + tall, left:left + wide]
        if not mask[window].any():
            alpha = cutting.alpha[..., None]
            picture[window] += alpha * (cutting.rgb * np.float32(random.uniform(0.7, 1.2)) - picture[window])
            mask[window][cutting.alpha > 0.5] = number + 1
            return True
    return False


def _cutting(number, random):
    photo_name, choices = OUTLINES[NAMES[number]]
    return _cut(photo_name, int(random.integers(len(choices))), number)


def _cut(photo_name, choice, number):
    """The object inside its outline, cropped to it."""
    import cv2

    photo = _photograph(photo_name)
    alpha = np.zeros(photo.shape[:2], np.uint8)
    for shape in OUTLINES[NAMES[number]][1][choice]:
        if isinstance(shape, Circle):
            cv2.ellipse(alpha, (shape.x, shape.y), (shape.across, shape.down), 0, 0, 360, 255, -1)
        else:
            cv2.fillPoly(alpha, [np.array(shape)], 255)
    x0, y0, x1, y1 = ink_boxes(alpha[None])[0]
    return Cutting(photo[y0:y1, x0:x1], alpha[y0:y1, x0:x1].astype(np.float32) / 255)


def _turned(cutting, longest, random):
    """Turned by up to 20°, perhaps flipped, its longer side about `longest` px, with a soft edge of 1 px."""
    import cv2

    tall, wide = cutting.alpha.shape
    scale = longest / max(tall, wide)
    small = [_scaled(part, scale) for part in cutting]
    tall, wide = small[1].shape
    side = int(np.ceil(np.hypot(tall, wide))) + 4
    turn = cv2.getRotationMatrix2D((wide / 2, tall / 2), random.uniform(-20, 20), 1)
    turn[:, 2] += side / 2 - np.array([wide, tall]) / 2
    rgb, alpha = (cv2.warpAffine(part, turn, (side, side)) for part in small)
    rgb = np.where(alpha[..., None] > 0, rgb, 0)
    alpha = cv2.GaussianBlur(cv2.erode(alpha, np.ones((3, 3), np.uint8)), (3, 3), 0)
    x0, y0, x1, y1 = ink_boxes(alpha[None] > 0.01)[0]
    flip = random.choice((-1, 1))
    return Cutting(rgb[y0:y1, x0:x1][:, ::flip], alpha[y0:y1, x0:x1][:, ::flip])


@functools.cache
def _photograph(name):
    """A photograph of scikit-image: float32 RGB, 0 to 255. All are in its wheel; nothing is downloaded."""
    from skimage import data

    photo = getattr(data, name)()
    photo = photo[0] if name == "stereo_motorcycle" else photo
    return np.ascontiguousarray(np.broadcast_to(np.atleast_3d(photo), (*photo.shape[:2], 3)), np.float32)
