"""What the explorer shows, checked and packed: the 8-bit form in which maps travel to the browser, once."""

import base64
import copy
import gzip
import io
import json
import math

import numpy as np

from ..boxes import LARGEST_VALUE, largest_box
from ..colours import COLORMAPS, tables
from ..maps.arrays import full_ending, upsample
from ..networks.outputs import name_list
from .drawing import FAINT, OwnPicture
from .tour import kept_stops, stops

CONTROLS = ("image_index", "class_index", "step_index", "opacity", "colormap", "threshold", "smooth", "show_box",
            "scale", "order", "cell", "against", "show_terms", "feature", "own_image")
SIDE = 1200  # pixels of a picture's longer side: twice the 600 that a page shows it in, for screens of high density


class Content:
    """What an explorer shows, checked, and the 8-bit form in which it travels. Arguments are those of `explorer`.

    pictures: the images as they travel, uint8, the longer side at most `SIDE`, grey ones as ink on paper (inverted);
        `travelling` is their (height, width), `size` that of the images handed in. boxes are in pixels of the latter.
    maps: float32, (steps, n, rows, columns, classes). logits: float64, (steps, n, classes).
    own: the `OwnPicture` of the network, or None. ending: "softmax" or "sigmoid".
    centred: whether maps and logits add up to zero over the classes, so that each is "against the average class".
    """

    def __init__(self, images, maps, bias=None, steps=None, accuracy=None, labels=None, boxes=None,
                 class_names=None, title=None, network=None, ending=None, tour=()):
        images, maps = _checked(images, maps)
        if steps is None and maps.ndim == 5:
            steps = range(len(maps))
        self.maps = maps if maps.ndim == 5 else maps[None]
        count, n, *_, classes = self.maps.shape
        self.size = images.shape[1:3]
        self.pictures = _shrunk(255 - images if images.ndim == 3 else images)
        self.travelling = self.pictures[0].shape[:2]
        self.steps = None if steps is None else [int(step) for step in _line(steps, count, "steps", "map")]
        if self.steps and any(b <= a for a, b in zip(self.steps, self.steps[1:])):
            raise ValueError(f"steps are {self.steps}: expected increasing numbers")
        self.accuracy = None if accuracy is None else [float(a) for a in _line(accuracy, count, "accuracy", "step")]
        if self.accuracy and not all(0 <= a <= 1 for a in self.accuracy):
            raise ValueError("accuracy has values outside 0 to 1 (divide percentages by 100)")
        self.labels = None if labels is None else [checked_index(k, classes, "a label")
                                                   for k in _line(labels, n, "labels", "image")]
        names = range(classes) if class_names is None else class_names
        self.class_names = [_text(name) for name in name_list(names, classes)]
        self.ending = full_ending(ending, classes)
        self.boxes = None if boxes is None else [
            _truths(box, i, classes) for i, box in enumerate(_line(boxes, n, "boxes", "image"))]
        self.title = None if title is None else _text(title)
        self.bias = _bias(bias, count, classes)
        self.logits = self.maps.mean(axis=(2, 3), dtype=np.float64) + self.bias[:, None]
        self.centred = _centred(self.maps, (2, 3, 4)) and _centred(self.logits, 2)

        self.codes, self.low, self.high, self.levels = _coded(np.moveaxis(self.maps, 4, 2))
        self.addresses = [_data_address(picture, self.travelling == self.size) for picture in self.pictures]
        self.of, self.kept, self.exact = n, list(range(n)), None
        self.own = None if network is None else OwnPicture(network, self)
        self.tour = stops(tour, self.steps, [name for name in CONTROLS if name != "own_image"])

    def subset(self, kept):
        """The same content with the images of these indices alone."""
        part = copy.copy(self)
        part.kept = kept
        part.tour = kept_stops(self.tour, kept, self.own and len(self.pictures))
        for name in ("maps", "logits", "codes", "low", "high", "levels"):
            setattr(part, name, getattr(self, name)[:, kept])
        for name in ("pictures", "addresses", "labels", "boxes"):
            values = getattr(self, name)
            setattr(part, name, None if values is None else [values[i] for i in kept])
        return part

    def joined(self, picture, logits, maps):
        """The same content with one more image: uint8, (height, width), ink; its logits and maps, (steps, 1, …).

        The page has these maps as they are, not in 8 bits.
        """
        more = copy.copy(self)
        coded = dict(zip(("codes", "low", "high", "levels"), _coded(np.moveaxis(maps, 4, 2))))
        for name, values in {"maps": maps, "logits": logits, **coded}.items():
            setattr(more, name, np.concatenate([getattr(self, name), values], axis=1))
        more.pictures, more.exact = [*self.pictures, 255 - picture], len(self.pictures)
        more.boxes = self.boxes and [*self.boxes, []]
        return more

    def step(self, step, image):
        """The training step at an index, or None without steps; the own image has those of the snapshots alone."""
        if self.own and image == len(self.addresses):
            step = self.own.nearest(step)
        return self.steps[step] if self.steps else None

    def seen(self, step, image, k, against=None):
        """The (rows, columns) map as the browser has it, after coding, less that of the class `against`, if any."""
        low, high = (float(ends[step, image, k]) for ends in (self.low, self.high))
        codes, unit = self.codes[step, image, k], (high - low) / float(self.levels[step, image, k])
        cells = unit * (codes + np.floor(low / unit + 0.5)) if unit else np.full(codes.shape, low)
        if image == self.exact:
            cells = self.maps[step, image, ..., k].astype(float)
        return cells if against is None else cells - self.seen(step, image, against)

    def colour_range(self, step, image, k, scale, against=None):
        """(low, high) that the colours of a map span: its own ends if `scale` is "map", else those of all classes."""
        which = [k] if scale == "map" else range(self.maps.shape[4])
        if against is None:
            ends = self.low[step, image, which], self.high[step, image, which]
        else:
            ends = [self.seen(step, image, j, against) for j in which]
        faint = [self.faint(step), -self.faint(step)] if image == self.exact else []
        return float(np.min([np.min(ends), *faint])), float(np.max([np.max(ends), *faint]))

    def faint(self, step):
        """What is too little to be shown of the own image's maps, and makes no box: a part of the scenes' largest."""
        step, n = self.own.nearest(step), len(self.addresses)
        return FAINT * float(max(abs(self.low[step, :n]).max(), abs(self.high[step, :n]).max()))

    def box(self, step, image, k, against, threshold):
        """(x0, y0, x1, y1), pixels of the image handed in, of the largest part of the map above threshold, or None."""
        cells = self.seen(step, image, k, against)
        if image == self.exact and cells.max() <= self.faint(step):
            return None
        box = largest_box(upsample(cells, self.travelling), threshold)
        return box and self.in_pixels(box)

    def truths(self, image, k):
        """The true boxes of an image, without those that another class than k has to itself."""
        return [box[:4] for box in (self.boxes or {image: []})[image] if box[4:] in ([], [k])]

    def in_pixels(self, box):
        """A box found in a picture as it travels, in whole pixels of the image handed in, rounded."""
        (height, width), (high, wide) = self.size, self.travelling
        return tuple(math.floor(edge * whole / part + 0.5)
                     for edge, whole, part in zip(box, (width, height) * 2, (wide, high) * 2))

    def packed(self):
        """Length of the header, JSON header, arrays: what `unpack` in data.js reads, before compression.

        Each row of a map is coded as its difference from the row above, modulo 256, which compresses better.
        """
        arrays = {"low": self.low, "high": self.high, "logits": self.logits, "bias": self.bias,
                  "positive": self.maps.clip(0).mean(axis=(2, 3), dtype=np.float64)}
        arrays = {name: np.ascontiguousarray(a, "<f4") for name, a in arrays.items()}
        differences = np.diff(self.codes, axis=3, prepend=np.uint8(0))
        arrays |= {"levels": self.levels, "codes": differences, "tables": tables()}
        arrays |= self.own.arrays() if self.own else {}
        header = {
            "shape": self.codes.shape, "size": self.size, "travelling": self.travelling, "steps": self.steps,
            "accuracy": self.accuracy, "labels": self.labels, "boxes": self.boxes, "class_names": self.class_names,
            "title": self.title, "tour": self.tour, "of": self.of, "centred": self.centred,
            "paper": self.pictures[0].ndim == 2, "colormaps": COLORMAPS, "controls": CONTROLS,
            "images": self.addresses,
            "own_steps": self.own and self.own.steps, "kept": self.kept, "ending": self.ending,
            "arrays": [(name, a.dtype.name, a.size) for name, a in arrays.items()],
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 4)  # float arrays begin at a multiple of four bytes
        return len(text).to_bytes(4, "little") + text + b"".join(a.tobytes() for a in arrays.values())


def colourise(values, low, high, colormap, opacity):
    """RGBA bytes for values, uint8 (…, 4), as `colourise` in arithmetic.js has them.

    Between low and high through the table of `colormap`; "diverging" is centred at zero and fades out there; "heat"
    begins at zero and fades out there.
    """
    diverging, limit = colormap == "diverging", max(abs(low), abs(high))
    start, span = (-limit, 2 * limit) if diverging else (0, high) if colormap == "heat" else (low, high - low)
    part = np.clip((values - start) / span, 0, 1) if span > 0 else np.full(np.shape(values), diverging / 2)
    colours = tables()[COLORMAPS.index(colormap)][np.floor(part * 255 + 0.5).astype(int)]
    strength = {"diverging": 1.25 * abs(2 * part - 1), "heat": 2 * part}.get(colormap, np.ones_like(part))
    fade = np.minimum(1, strength)
    return np.concatenate([colours, np.rint(255 * opacity * fade)[..., None].astype(np.uint8)], axis=-1)


def _checked(images, maps):
    """Images and maps as arrays, maps float32. Raises ValueError where one is not as `explorer` has it."""
    images = np.asarray(images)
    with np.errstate(over="ignore"):  # float64 that float32 can not hold is found below
        maps = np.asarray(maps, np.float32)
    if maps.ndim not in (4, 5) or 0 in maps.shape:
        raise ValueError(f"maps have shape {maps.shape}: expected (steps, n, rows, columns, classes) or "
                         "(n, rows, columns, classes)")
    if not (maps.min() >= -LARGEST_VALUE and maps.max() <= LARGEST_VALUE):
        raise ValueError(f"maps hold NaN or infinite values, or some beyond ±{LARGEST_VALUE:g}: look for them in "
                         "the model's weights or its images")
    if images.dtype != np.uint8 or images.shape[3:] not in ((), (3,)) or images.ndim < 3 or 0 in images.shape:
        raise ValueError(f"images are {images.dtype} of shape {images.shape}: expected uint8, "
                         "(n, height, width) or (n, height, width, 3)")
    if len(images) != maps.shape[-4]:
        raise ValueError(f"there are {len(images)} images, but maps of {maps.shape[-4]}: expected as many")
    return images, maps


def _bias(bias, count, classes):
    """The bias at each of `count` steps, (count, classes), float64; zeros for None."""
    bias = np.zeros(classes) if bias is None else np.asarray(bias, np.float64)
    if bias.shape not in ((classes,), (count, classes)) or not (abs(bias) <= LARGEST_VALUE).all():
        raise ValueError(f"bias has shape {bias.shape}: expected finite numbers, ({classes},) or ({count}, {classes})")
    return np.broadcast_to(bias, (count, classes))


def _shrunk(images):
    """The images, with the longer side at most `SIDE`, by averaging over areas."""
    import cv2

    height, width = images.shape[1:3]
    part = SIDE / max(height, width)
    if part >= 1:
        return list(images)
    size = max(1, round(width * part)), max(1, round(height * part))
    return [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]


def _coded(maps):
    """Maps (steps, n, classes, rows, columns) as uint8 codes between each map's own ends.

    Returns codes and low, high, levels, (steps, n, classes): map ≈ unit · (code + round(low / unit)), where unit is
    (high − low) / levels. So zero is one of the levels, and what is silent stays so, also in the difference of two
    maps, where hundreds of cells that are each a little off would add up. A map that spans all that the image's
    classes share gets 256 levels; a fainter one levels as fine, but at least 64 (a quarter fewer bytes than 256 for
    all). So the error is at most 1/510 of the shared range.
    """
    low, high = maps.min(axis=(3, 4)), maps.max(axis=(3, 4))
    own = high.astype(np.float64) - low  # as exact as where it is read, or the levels would begin elsewhere there
    shared = (high.max(axis=2) - low.min(axis=2))[..., None]
    levels = np.ceil(np.clip(255 * own / np.where(shared > 0, shared, 1), 63, 255))
    units = np.where(own > 0, own, 1) / levels
    first = np.floor(low / units + 0.5)
    codes = np.rint(maps / units[..., None, None]) - first[..., None, None]
    return codes.clip(0, levels[..., None, None]).astype(np.uint8), low, high, levels.astype(np.uint8)


def _centred(values, axes):
    """Whether values (steps, n, …, classes) add up to zero over classes, to 1/1000 of their range over `axes`."""
    span = np.ptp(values, axis=axes, keepdims=True)[..., 0]
    return bool((abs(values.mean(axis=-1, dtype=np.float64)) <= span / 1000).all())


def compressed(packed):
    """Bytes as a page has them, gzip; the same bytes give the same."""
    return gzip.compress(packed, 6, mtime=0)  # level 9 saves 2 % and takes six times as long; no time inside


def _text(value):
    """A string that any page can hold: what no text may, half a surrogate pair or NUL, becomes U+FFFD."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def checked_index(value, count, name):
    """A value as int. Raises ValueError where it is no whole number from 0 to count − 1."""
    if int(value) != value or not 0 <= value < count:
        raise ValueError(f"{name} is {value}: expected a whole number, 0 to {count - 1}")
    return int(value)


def _line(values, count, name, owner):
    values = list(values)
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries: expected {count}, one per {owner}")
    return values


def _truths(boxes, image, classes):
    """An image's true boxes as lists of four numbers, or of five, the last the class that has the box to itself."""
    if isinstance(boxes, dict):
        return [[*box, checked_index(k, classes, "the class of a box")] for k, some in boxes.items()
                for box in _truths(some, image, classes)]
    boxes = np.asarray(boxes).reshape(-1, 4) if np.size(boxes) % 4 == 0 else np.zeros(0)
    if boxes.ndim != 2 or not (boxes[:, :2] < boxes[:, 2:]).all() or not (abs(boxes) < 2**31).all():
        raise ValueError(f"the boxes of image {image} are not (x0, y0, x1, y1) with x0 < x1 and y0 < y1, in pixels")
    return boxes.astype(int).tolist()


def _data_address(picture, exact):
    """A picture as a data: address, PNG (lossless) if grey and `exact`, that is as handed in; otherwise JPEG."""
    from PIL import Image

    buffer = io.BytesIO()
    lossless = exact and picture.ndim == 2
    kind, options = ("png", {"optimize": True}) if lossless else ("jpeg", {"quality": 88 if exact else 80})
    Image.fromarray(picture).save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
