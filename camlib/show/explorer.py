"""The explorer: class activation maps under the reader's fingers.

One class per picture is an illustration; every class, training step and image at the move of a slider is an
experiment. All maps are computed beforehand, travel once, as compressed 8-bit numbers, and are drawn by
`explorer.js` in the browser, so a control answers within a frame, with a kernel or without.

What a notebook shows is always the explorer's page form (`text/html`): self-contained, alive wherever scripts run,
and a still picture where they do not. In JupyterLab that page finds its widget and is driven by it, and drives it.
(A widget view would instead read "model not found" as soon as the kernel that made it has gone.)
"""

import base64
import gzip
import hashlib
import html
import io
import json
import os
from collections import Counter
from pathlib import Path

import anywidget
import numpy as np
import traitlets as t

from ..boxes import iou, largest_box
from ..maps.arrays import softmax, upsample

COLORMAPS = ("diverging", "viridis", "magma", "jet")
# Evidence against is blue, for is red; both grow lighter as they grow stronger, so they show on dark scenes too.
DIVERGING = ("#9be0ff", "#48a8ff", "#2c6be0", "#d8352a", "#ff6a3a", "#ffb95c")
CONTROLS = ("image_index", "class_index", "step_index", "opacity", "colormap", "threshold", "smooth", "show_box",
            "scale", "order", "cell")
PAGE_BYTES = 440_000  # two explorers and a dozen figures fit in a notebook of 1 MB

_SCRIPT = Path(__file__).with_name("explorer.js")
_made = Counter()  # explorers of the same content in this kernel, told apart by their number


class Index(t.Int):
    """A whole number, NumPy's too."""

    def validate(self, widget, value):
        return super().validate(widget, value.item() if isinstance(value, np.integer) else value)


class Explorer(anywidget.AnyWidget):
    """One interactive view of maps[step, image, row, column, class]; made by `explorer`.

    Every control is a trait: set it to move the control, `observe` it to hear the reader.

    image_index, class_index, step_index: which map. See also `step`.
    opacity: 0 to 1.
    colormap: "diverging" (centred at zero, for signed maps), "viridis", "magma" or "jet".
    threshold: fraction of the map's maximum, 0 to 1, above which the box is drawn (the paper takes 0.2).
    smooth: bilinear upsampling rather than raw cells. show_box: draw the box and, if known, the truth.
    scale: what the colours span: "classes", all classes of this image at this step, so that heat compares across
        classes; or "map", each map its own range.
    order: of the classes, "class" or "score". cell: the pinned cell as [row, column], or None.

    Where scripts in an output can not meet the widget (VS Code, Colab), `ipywidgets.VBox([explorer])` links them.
    """

    _esm = _SCRIPT
    _key = t.Unicode().tag(sync=True)
    _packed = t.Bytes().tag(sync=True)

    image_index = Index(0).tag(sync=True)
    class_index = Index(0).tag(sync=True)
    step_index = Index(0).tag(sync=True)
    opacity = t.Float(0.75, min=0, max=1).tag(sync=True)
    colormap = t.Enum(COLORMAPS, "viridis").tag(sync=True)
    threshold = t.Float(0.2, min=0, max=1).tag(sync=True)
    smooth = t.Bool(True).tag(sync=True)
    show_box = t.Bool(True).tag(sync=True)
    scale = t.Enum(("classes", "map"), "classes").tag(sync=True)
    order = t.Enum(("class", "score"), "class").tag(sync=True)
    cell = t.List(Index(), None, allow_none=True, minlen=2, maxlen=2).tag(sync=True)

    def __init__(self, content, **traits):
        self._content = content
        packed = content.packed()
        identity = hashlib.sha256(packed + os.environ.get("JPY_SESSION_NAME", "").encode()).hexdigest()[:12]
        _made[identity] += 1
        super().__init__(_key=f"{identity}-{_made[identity]}", _packed=_compressed(packed), **traits)

    @t.validate("image_index", "class_index", "step_index")
    def _check_index(self, proposal):
        name = proposal["trait"].name
        axis = {"step_index": 0, "image_index": 1, "class_index": 4}[name]
        return _index(proposal["value"], self._content.maps.shape[axis], name)

    @t.validate("cell")
    def _check_cell(self, proposal):
        if proposal["value"] is not None:
            for value, count, name in zip(proposal["value"], self._content.maps.shape[2:4], ("row", "column")):
                _index(value, count, f"the cell's {name}")
        return proposal["value"]

    @property
    def step(self):
        """The training step shown, by value (`explorer.step = 300` moves the slider), or None without steps."""
        return self._content.steps[self.step_index] if self._content.steps else None

    @step.setter
    def step(self, value):
        if value not in (self._content.steps or ()):
            known = ", ".join(map(str, self._content.steps or ())) or "none, these maps have no training steps"
            raise ValueError(f"there is no map of step {value}: the steps are {known}")
        self.step_index = self._content.steps.index(value)

    @property
    def logit(self):
        """The shown class's logit: the mean of its map, plus its bias."""
        return float(self._content.logits[self.step_index, self.image_index, self.class_index])

    @property
    def probability(self):
        """Softmax of the logits of the shown image and step, at the shown class."""
        return float(softmax(self._content.logits[self.step_index, self.image_index])[self.class_index])

    @property
    def box(self):
        """(x0, y0, x1, y1), half-open pixels: the largest connected part (eight neighbours) of the upsampled map
        above `threshold` times its maximum, as in the paper's section 3.2; None where nothing is positive.

        Read off the 8-bit map that the browser draws, so that Python and the picture say the same.
        """
        c = self._content
        return largest_box(upsample(c.seen(self.step_index, self.image_index, self.class_index), c.size),
                           self.threshold)

    @property
    def iou(self):
        """Intersection over union of `box` with the best of the image's true boxes; None where either is missing."""
        truths = self._content.boxes[self.image_index] if self._content.boxes else []
        return float(iou(self.box, truths).max()) if self.box and len(truths) else None

    def save_html(self, path):
        """Write one self-contained page, with every image and no need of a network; returns its path."""
        title = html.escape(self._content.title or "Class activation maps")
        page = _PAGE.format(title=title, body=self._fragment(self._packed, self._state(), self._still()))
        Path(path).write_text(page, encoding="utf-8")
        return Path(path)

    def __repr__(self):
        c, (steps, images, rows, columns, classes) = self._content, self._content.maps.shape
        step = "" if self.step is None else f" × {steps} steps"
        at = "" if self.step is None else f", step {self.step}"
        return (f"Explorer of {images} images × {classes} classes{step}, {rows}×{columns} cells; "
                f"image {self.image_index}, class {c.class_names[self.class_index]}{at}")

    def _repr_mimebundle_(self, **kwargs):
        still = self._still()
        return {"text/plain": repr(self), "image/jpeg": still, "text/html": self._page_form(still)}

    def _page_form(self, still):
        """What the notebook keeps: all images, or as many, with the one shown, as `PAGE_BYTES` allow."""
        page, count = self._fragment(self._packed, self._state(), still), len(self._content.images)
        while len(page) > PAGE_BYTES and count > 1:
            count = max(1, min(count - 1, int(count * PAGE_BYTES / len(page))))
            others = [i for i in range(len(self._content.images)) if i != self.image_index]
            kept = sorted([self.image_index, *others[: count - 1]])
            state = self._state() | {"image_index": kept.index(self.image_index)}
            page = self._fragment(_compressed(self._content.subset(kept).packed()), state, still)
        return page

    def _fragment(self, packed, state, still):
        return _FRAGMENT.format(key=self._key, state=html.escape(json.dumps(state)), label=html.escape(repr(self)),
                                still=still, data=base64.b64encode(packed).decode(),
                                script=_SCRIPT.read_text(encoding="utf-8"))

    def _state(self):
        return {name: getattr(self, name) for name in CONTROLS}

    def _still(self):
        """A JPEG in base64 for where scripts do not run: the image, and four classes' maps on one scale."""
        from matplotlib.colors import ListedColormap
        from matplotlib.figure import Figure

        c, step, image = self._content, self.step_index, self.image_index
        chances = softmax(c.logits[step, image])
        shown = [self.class_index, *(k for k in np.argsort(-chances) if k != self.class_index)][:4]
        maps = [upsample(c.seen(step, image, k), c.size) for k in shown]
        limit = max(abs(heat).max() for heat in maps) or 1
        diverging = self.colormap == "diverging"
        low = -limit if diverging else min(heat.min() for heat in maps)
        table = ListedColormap(_tables()[COLORMAPS.index(self.colormap)] / 255)
        figure = Figure(figsize=(8, 1.9), dpi=96, layout="constrained")
        first, *rest = figure.subplots(1, 1 + len(shown))
        for axes in (first, *rest):
            axes.imshow(c.images[image], cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
        first.set_title(f"image {image}" if self.step is None else f"step {self.step}", fontsize=9)
        for axes, k, heat in zip(rest, shown, maps):
            fade = np.minimum(1, 1.25 * abs(heat) / limit) if diverging else np.ones(c.size)
            axes.imshow(heat, cmap=table, vmin=low, vmax=limit, alpha=self.opacity * fade)
            axes.set_title(f"{c.class_names[k]}: {100 * chances[k]:.1f} %", fontsize=9,
                           fontweight="bold" if k == self.class_index else "normal")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="jpeg", pil_kwargs={"quality": 80})
        return base64.b64encode(buffer.getvalue()).decode()


def explorer(images, maps, *, bias=None, steps=None, accuracy=None, labels=None, boxes=None, class_names=None,
             title=None, **traits):
    """An `Explorer` of the maps of some images, for all classes and, optionally, along training.

    images: uint8, (n, height, width) grey or (n, height, width, 3) RGB.
    maps: float, (steps, n, rows, columns, classes), or (n, rows, columns, classes) of one trained model; raw and
        signed, as `camlib.explain` returns them. Logits and probabilities are derived from them: maps' means + bias.
    bias: (classes,) or (steps, classes); None stands for zeros.
    steps: the training step of each snapshot, increasing. accuracy: the same length, 0 to 1.
    labels: int, (n,), the true classes. boxes: int, (n, 4), true boxes (x0, y0, x1, y1), half-open pixels, or a list
        of n arrays (k, 4). class_names: one per class, "0", "1", … by default. title: shown above.
    traits: where the controls start, such as class_index=3 or threshold=0.5; by default the first image, the last
        step, the predicted class.

    Raises ValueError for shapes that do not agree, for NaN or infinite maps, and for an unknown control.
    """
    content = Content(images, maps, bias, steps, accuracy, labels, boxes, class_names, title)
    unknown = sorted(set(traits) - set(CONTROLS) - {"layout"})
    if unknown:
        raise ValueError(f"unknown control {unknown[0]!r}: expected one of {', '.join(CONTROLS)}")
    steps_count, count = content.maps.shape[:2]
    step = _index(traits.setdefault("step_index", steps_count - 1), steps_count, "step_index")
    image = _index(traits.setdefault("image_index", 0), count, "image_index")
    traits.setdefault("class_index", int(content.logits[step, image].argmax()))
    traits.setdefault("colormap", "diverging" if content.maps.min() < 0 else "viridis")
    traits.setdefault("order", "class" if content.steps else "score")
    return Explorer(content, **traits)


class Content:
    """What an explorer shows, checked, and the 8-bit form in which it travels."""

    def __init__(self, images, maps, bias=None, steps=None, accuracy=None, labels=None, boxes=None,
                 class_names=None, title=None):
        self.images, maps = np.asarray(images), np.asarray(maps, np.float32)
        if maps.ndim not in (4, 5) or 0 in maps.shape:
            raise ValueError(f"maps have shape {maps.shape}: expected (steps, n, rows, columns, classes) or "
                             "(n, rows, columns, classes)")
        if not np.isfinite(maps).all():
            raise ValueError("maps hold NaN or infinite values: look for them in the model's weights or its images")
        if steps is None and maps.ndim == 5:
            steps = range(len(maps))
        self.maps = maps if maps.ndim == 5 else maps[None]
        count, n, rows, columns, classes = self.maps.shape
        if self.images.dtype != np.uint8 or self.images.shape[3:] not in ((), (3,)) or self.images.ndim < 3:
            raise ValueError(f"images are {self.images.dtype} of shape {self.images.shape}: expected uint8, "
                             "(n, height, width) or (n, height, width, 3)")
        if len(self.images) != n:
            raise ValueError(f"there are {len(self.images)} images, but maps of {n}: expected as many")
        self.size = self.images.shape[1:3]
        self.steps = None if steps is None else [int(step) for step in _line(steps, count, "steps", "map")]
        if self.steps and any(b <= a for a, b in zip(self.steps, self.steps[1:])):
            raise ValueError(f"steps are {self.steps}: expected increasing numbers")
        self.accuracy = None if accuracy is None else [float(a) for a in _line(accuracy, count, "accuracy", "step")]
        if self.accuracy and not all(0 <= a <= 1 for a in self.accuracy):
            raise ValueError("accuracy has values outside 0 to 1 (divide percentages by 100)")
        self.labels = None if labels is None else [_index(k, classes, "a label")
                                                   for k in _line(labels, n, "labels", "image")]
        names = range(classes) if class_names is None else class_names
        self.class_names = [str(name) for name in _line(names, classes, "class_names", "class")]
        self.boxes = None if boxes is None else [
            _truths(box, i) for i, box in enumerate(_line(boxes, n, "boxes", "image"))]
        self.title = title
        bias = np.zeros(classes) if bias is None else np.asarray(bias, np.float64)
        if bias.shape not in ((classes,), (count, classes)) or not np.isfinite(bias).all():
            raise ValueError(f"bias has shape {bias.shape}: expected finite numbers, ({classes},) or "
                             f"({count}, {classes})")
        self.bias = np.broadcast_to(bias, (count, classes))
        self.logits = self.maps.mean(axis=(2, 3), dtype=np.float64) + self.bias[:, None]

        self.codes, self.low, self.high, self.levels = _coded(np.moveaxis(self.maps, 4, 2))
        self.of = n

    def subset(self, kept):
        """The same content with the images of these indices alone."""
        pick = lambda values: None if values is None else [values[i] for i in kept]  # noqa: E731
        part = Content(self.images[kept], self.maps[:, kept], self.bias, self.steps, self.accuracy,
                       pick(self.labels), pick(self.boxes), self.class_names, self.title)
        part.of = self.of
        return part

    def seen(self, step, image, k):
        """The (rows, columns) map as the browser has it, after coding."""
        low, high = (float(ends[step, image, k]) for ends in (self.low, self.high))
        return low + (high - low) / float(self.levels[step, image, k]) * self.codes[step, image, k]

    def packed(self):
        """Length of the header, JSON header, arrays: what `unpack` in explorer.js reads, before compression.

        Each row of a map is coded as its difference from the row above, modulo 256, which compresses better.
        """
        arrays = {"low": self.low, "high": self.high, "logits": self.logits, "bias": self.bias,
                  "positive": self.maps.clip(0).mean(axis=(2, 3), dtype=np.float64)}
        arrays = {name: np.ascontiguousarray(a, "<f4") for name, a in arrays.items()}
        differences = np.diff(self.codes, axis=3, prepend=np.uint8(0))
        arrays |= {"levels": self.levels, "codes": differences, "tables": _tables()}
        header = {
            "shape": self.codes.shape, "size": self.size, "steps": self.steps, "accuracy": self.accuracy,
            "labels": self.labels, "boxes": self.boxes, "class_names": self.class_names, "title": self.title,
            "of": self.of, "colormaps": COLORMAPS, "images": [_data_address(image) for image in self.images],
            "arrays": [(name, a.dtype.name, a.size) for name, a in arrays.items()],
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 4)  # float arrays begin at a multiple of four bytes
        return len(text).to_bytes(4, "little") + text + b"".join(a.tobytes() for a in arrays.values())


def _coded(maps):
    """Maps (steps, n, classes, rows, columns) as uint8 codes between each map's own ends.

    Returns codes and low, high, levels, (steps, n, classes): map ≈ low + (high − low) · code / levels. A map that
    spans all that the image's classes share gets 256 levels; a fainter one levels as fine, but at least 64 (a
    quarter fewer bytes than 256 for all). So the error is at most 1/510 of the shared range.
    """
    low, high = maps.min(axis=(3, 4)), maps.max(axis=(3, 4))
    own = (high - low).astype(np.float64)
    shared = (high.max(axis=2) - low.min(axis=2))[..., None]
    levels = np.ceil(np.clip(255 * own / np.where(shared > 0, shared, 1), 63, 255))
    units = np.where(own > 0, own, 1) / levels
    codes = np.rint((maps - low[..., None, None]) / units[..., None, None])
    return codes.astype(np.uint8), low, high, levels.astype(np.uint8)


def _compressed(packed):
    return gzip.compress(packed, 6, mtime=0)  # level 9 saves 2 % and takes six times as long; no time inside


def _index(value, count, name):
    if int(value) != value or not 0 <= value < count:
        raise ValueError(f"{name} is {value}: expected a whole number, 0 to {count - 1}")
    return int(value)


def _line(values, count, name, owner):
    values = list(values)
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries: expected {count}, one per {owner}")
    return values


def _truths(boxes, image):
    boxes = np.asarray(boxes).reshape(-1, 4) if np.size(boxes) % 4 == 0 else np.zeros(0)
    if boxes.ndim != 2 or (boxes[:, :2] >= boxes[:, 2:]).any():
        raise ValueError(f"the boxes of image {image} are not (x0, y0, x1, y1) with x0 < x1 and y0 < y1, in pixels")
    return boxes.astype(int).tolist()


def _data_address(image):
    """An image as a data: address, PNG (lossless) if grey, JPEG if a photograph."""
    from PIL import Image

    buffer = io.BytesIO()
    kind, options = ("png", {"optimize": True}) if image.ndim == 2 else ("jpeg", {"quality": 88})
    Image.fromarray(image).save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _tables():
    """The colour maps: uint8, (maps, 256, 3)."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    evidence = LinearSegmentedColormap.from_list("evidence", DIVERGING)
    maps = [evidence, *(colormaps[name] for name in COLORMAPS[1:])]
    return np.stack([table(np.arange(256), bytes=True)[:, :3] for table in maps])


_FRAGMENT = """<div class="camlib-explorer" data-key="{key}" data-state="{state}">
<img alt="{label}" src="data:image/jpeg;base64,{still}" style="max-width: 100%">
<p>A still picture. Where scripts may run (after running the cell or trusting the notebook), this is an explorer.</p>
<script type="application/x-camlib">{data}</script>
</div>
<script type="module">
{script}
mountPage("{key}");
</script>"""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ margin: 0 auto; padding: clamp(12px, 3vw, 40px); max-width: 1700px; background: #fff; }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #14171b; }} }}
</style>
{body}
</html>
"""
