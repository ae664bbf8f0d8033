"""The explorer: class activation maps under the reader's fingers.

One class per picture is an illustration; every class, training step and image at the move of a slider is an
experiment. All maps are computed beforehand, travel once, as compressed 8-bit numbers (`packing`), and are drawn in
the browser by the modules in `web`, so a control answers within a frame, with a kernel or without. Only the picture
that the reader draws on is looked at there and then, by the network itself (`drawing`).

What a notebook shows is always the explorer's page form (`text/html`): self-contained, alive wherever scripts run,
and a still picture where they do not. In JupyterLab that page finds its widget and is driven by it, and drives it.
(A widget view would instead read "model not found" as soon as the kernel that made it has gone.)
"""

import base64
import hashlib
import html
import json
import os
import sys
from collections import Counter

import anywidget
import numpy as np
import traitlets as t
from IPython.display import display
from ipywidgets import VBox

from ..boxes import iou
from ..colours import COLORMAPS
from ..files import expanded, whole_file
from ..maps.arrays import probabilities
from .drawing import FEATURES, SIDE
from .kinds import AS_BYTES, Fraction, Index, Picture
from .packing import CONTROLS, Content, checked_index, compressed
from .page import FRAGMENT, PAGE, SCRIPT, STYLE
from .still import still

# Two explorers and a dozen figures fit in a notebook of 1 MB, or one with a network
PAGE_BYTES, WITH_NETWORK = 440_000, 620_000
_made = Counter()  # explorers of the same content in this kernel, told apart by their number


class Explorer(anywidget.AnyWidget):
    """One interactive view of maps[step, image, row, column, class]; made by `explorer`.

    Every control is a trait: set it to move the control, `observe` it to hear the reader.

    image_index, class_index, step_index: which map. See also `step`.
    opacity: 0 to 1.
    colormap: "diverging" (centred at zero, for signed maps), "heat" (the positive part, for photographs), "viridis",
        "magma" or "jet".
    threshold: fraction of the map's maximum, 0 to 1, above which the box is drawn (the paper takes 0.2).
    smooth: bilinear upsampling rather than raw cells. show_box: draw the box, solid and dark, and, if known, the
        truth, dashed and orange.
    scale: what the colours span: "classes", all classes of this image at this step, so that heat compares across
        classes; or "map", each map its own range.
    order: of the classes, "class" or "score". cell: the pinned cell as [row, column], or None.
    against: a class whose map and logit are taken off all others', or None for maps and logits as handed in. Softmax
        does not hear what all logits share, so only such differences of two classes mean something by themselves.
        Where maps and logits add up to zero over the classes, None is "against the average class", and the page says
        so.
    show_terms: with a network, open the sum of the cell pointed at: weight × feature, the largest eight and the rest.
    feature: with a network, the feature of its last convolution, 0 to 63, whose map the picture in the page shows, and
        the sum beside it; or None. Both are for the steps whose weights travel; see `own_image`.
    own_image: with a network, what the reader has drawn, uint8, (100, 100), ink from 0 to 255: read it, observe it,
        or set it. It is the image after the last, `image_index` n, and is seen at the few steps whose weights travel
        with the page, each step by the nearest of them.

    Where scripts in an output can not meet the widget, `ipywidgets.VBox([explorer])` links them; on Colab, by itself.
    """

    _esm, _css = SCRIPT, STYLE
    _key = t.Unicode().tag(sync=True)
    _packed = t.Bytes().tag(sync=True)

    image_index = Index(0).tag(sync=True)
    class_index = Index(0).tag(sync=True)
    step_index = Index(0).tag(sync=True)
    opacity = Fraction(0.75).tag(sync=True)
    colormap = t.Enum(COLORMAPS, "viridis").tag(sync=True)
    threshold = Fraction(0.2).tag(sync=True)
    smooth = t.Bool(True).tag(sync=True)
    show_box = t.Bool(True).tag(sync=True)
    scale = t.Enum(("classes", "map"), "classes").tag(sync=True)
    order = t.Enum(("class", "score"), "class").tag(sync=True)
    cell = t.List(Index(), None, allow_none=True, minlen=2, maxlen=2).tag(sync=True)
    against = Index(None, allow_none=True).tag(sync=True)
    show_terms = t.Bool(False).tag(sync=True)
    feature = Index(None, allow_none=True).tag(sync=True)
    own_image = Picture(None).tag(sync=True, **AS_BYTES)

    def __init__(self, content, **traits):
        self._scenes = content
        packed = content.packed()
        identity = hashlib.sha256(packed + os.environ.get("JPY_SESSION_NAME", "").encode()).hexdigest()[:12]
        _made[identity] += 1
        super().__init__(_key=f"{identity}-{_made[identity]}", _packed=compressed(packed), **traits)

    @property
    def _content(self):
        """The images handed in and, while it is shown, the reader's own."""
        shows_own = self.image_index == len(self._scenes.pictures)
        return self._scenes.own.joined(self._scenes, self.own_image) if shows_own else self._scenes

    @t.validate("image_index", "class_index", "step_index", "against")
    def _check_index(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        axis = {"step_index": 0, "image_index": 1}.get(name, 4)
        count = self._scenes.maps.shape[axis] + (axis == 1 and self._scenes.own is not None)
        return value if value is None else checked_index(value, count, name)

    @t.validate("own_image")
    def _check_own_image(self, proposal):
        if (proposal["value"] is None) != (self._scenes.own is None):
            raise t.TraitError("own_image needs a network to look at it: make the explorer with network=run"
                               if self._scenes.own is None else
                               "own_image is None: expected a picture, np.zeros((100, 100), np.uint8) for a blank one")
        return proposal["value"]

    @t.validate("show_terms", "feature")
    def _check_terms(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        if value is None or value is False:
            return value
        if self._scenes.own is None:
            raise t.TraitError(f"{name} needs the weights of a network: make the explorer with network=run")
        return value if value is True else checked_index(value, FEATURES, name)

    @t.validate("cell")
    def _check_cell(self, proposal):
        if proposal["value"] is not None:
            for value, count, name in zip(proposal["value"], self._scenes.maps.shape[2:4], ("row", "column")):
                checked_index(value, count, f"the cell's {name}")
        return proposal["value"]

    @property
    def step(self):
        """The training step shown, by value (`explorer.step = 300` moves the slider), or None without steps."""
        return self._content.step(self.step_index, self.image_index)

    @step.setter
    def step(self, value):
        if value not in (self._scenes.steps or ()):
            known = ", ".join(map(str, self._scenes.steps or ())) or "none, these maps have no training steps"
            raise ValueError(f"there is no map of step {value}: the steps are {known}")
        self.step_index = self._scenes.steps.index(value)

    @property
    def logit(self):
        """The shown class's logit, less that of `against`: the mean of the map shown, plus the biases' difference."""
        logits = self._content.logits[self.step_index, self.image_index]
        return float(logits[self.class_index] - (0 if self.against is None else logits[self.against]))

    @property
    def probability(self):
        """Of the shown class, for the shown image and step, by the network's ending; the same whatever against."""
        logits = self._content.logits[self.step_index, self.image_index]
        return float(probabilities(logits, self._scenes.ending)[self.class_index])

    @property
    def box(self):
        """(x0, y0, x1, y1), half-open pixels: the largest connected part (eight neighbours) of the upsampled map
        above `threshold` times its maximum, as in the paper's section 3.2; None where nothing is positive, or on the
        own image hardly anything (`drawing.FAINT`).

        Read off the 8-bit map that the browser draws, so that Python and the picture say the same. On a picture that
        travels smaller than it is, the edges are as fine as the pixels that travel.
        """
        return self._content.box(self.step_index, self.image_index, self.class_index, self.against, self.threshold)

    @property
    def iou(self):
        """Intersection over union of `box` with the best of the true boxes shown; None where either is missing."""
        truths = self._content.truths(self.image_index, self.class_index)
        return float(iou(self.box, truths).max()) if self.box and len(truths) else None

    def save_html(self, path):
        """Write one self-contained page, with every image and no need of a network; returns its path.

        A page that was there stays as it was until the new one is whole. Raises OSError where none can be written.
        """
        page = PAGE.format(title=html.escape(self._scenes.title or "Class activation maps"),
                           body=self._fragment(self._packed, self._state(), self._still()))
        with whole_file(path) as part:
            part.write_text(page, encoding="utf-8")
        return expanded(path)

    def __repr__(self):
        c, (steps, images, rows, columns, classes) = self._scenes, self._scenes.maps.shape
        step, at = ("", "") if self.step is None else (f" × {steps} steps", f", step {self.step}")
        return (f"Explorer of {images} images × {classes} classes{step}, {rows}×{columns} cells; "
                f"{self._image_name()}, class {c.class_names[self.class_index]}{self._versus(' ')}{at}")

    def _image_name(self):
        return f"image {self.image_index}" if self.image_index < len(self._scenes.pictures) else "the own image"

    def _versus(self, before):
        return "" if self.against is None else f"{before}against {self._scenes.class_names[self.against]}"

    def _ipython_display_(self, **kwargs):
        """On Google Colab show the widget in a box; elsewhere leave it to `_repr_mimebundle_`, as IPython has it."""
        if "google.colab" not in sys.modules:
            raise NotImplementedError
        display(VBox([self]))

    def _repr_mimebundle_(self, **kwargs):
        picture = self._still()
        return {"text/plain": repr(self), "image/jpeg": picture, "text/html": self._page_form(picture)}

    def _page_form(self, picture):
        """What the notebook keeps: all images, or as many, with the one shown, as its bytes allow."""
        most = WITH_NETWORK if self._scenes.own else PAGE_BYTES
        page, n = self._fragment(self._packed, self._state(), picture), len(self._scenes.pictures)
        count, shown = n, self.image_index  # n, which is one more, where that is the reader's own
        while len(page) > most and count > 1:
            count = max(1, min(count - 1, int(count * most / len(page))))
            others = [i for i in range(n) if i != shown][: count - (shown < n)]
            kept = sorted([shown, *others])
            content, state = self._scenes.subset([i for i in kept if i < n]), {"image_index": kept.index(shown)}
            page = self._fragment(compressed(content.packed()), self._state() | state, picture)
        return page

    def _fragment(self, packed, state, picture):
        return FRAGMENT.format(key=self._key, state=html.escape(json.dumps(state)), label=html.escape(repr(self)),
                               still=picture, data=base64.b64encode(packed).decode(), script=SCRIPT,
                               style=STYLE.read_text("utf-8"))

    def _state(self):
        state = {name: getattr(self, name) for name in CONTROLS}
        if self.own_image is not None:
            state["own_image"] = base64.b64encode(compressed(self.own_image.tobytes())).decode()
        return state

    def _still(self):
        content, state, name = self._content, self._state(), self._image_name()
        if content.exact == self.image_index and not self.own_image.any():  # on which nobody can draw
            content, name = content.own.example(self._scenes), "an example"
            state["class_index"] = int(content.logits[self.step_index, self.image_index].argmax())
        return still(content, state, (name if self.step is None else f"step {self.step}") + self._versus(", "))


def explorer(images, maps, *, bias=None, steps=None, accuracy=None, labels=None, boxes=None, class_names=None,
             title=None, network=None, ending=None, tour=(), kind=Explorer, **traits):
    """An `Explorer` of the maps of some images, for all classes and, optionally, along training.

    images: uint8, (n, height, width) grey, shown as ink on paper (inverted), or (n, height, width, 3) RGB.
    maps: float, (steps, n, rows, columns, classes), or (n, rows, columns, classes) of one trained model; raw and
        signed, as `camlib.explain` returns them. Logits and probabilities are derived from them: maps' means + bias.
    bias: (classes,) or (steps, classes); None stands for zeros.
    steps: the training step of each snapshot, increasing. accuracy: the same length, 0 to 1.
    labels: int, (n,), the true classes. boxes: int, (n, 4), true boxes (x0, y0, x1, y1), half-open pixels, or a list
        of n arrays (k, 4). Or of n dicts, class → box or boxes, where an image shows several classes: a box is then
        shown with its own class alone, and these classes come first. class_names: one per class, a list, or a
        dict by class; "0", "1", … by default. title: shown above.
    network: the run of `lenet_gap` that the maps are of, to run in the page: the reader gets a picture of their own,
        after the last, to draw on. Its weights add 300 KB.
    ending: what makes probabilities of the logits, "softmax" or "sigmoid", as `Explanation.ending` has it; None stands
        for softmax, or for sigmoid where there is one class.
    tour: sentences shown beside the pictures, whose buttons set controls, so that text drives the picture: a list of
        (sentence, {control: value}), one part of each sentence in [square brackets], which becomes the button; "step"
        is a control here, too. `("Is it a 5? [Look at the 5].", {"class_index": 5})`. Unless it sets them, a sum, a
        feature, a cell and `against` are closed, and colours span all classes.
    kind: the class of what is made.
    traits: where the controls start, such as class_index=3 or threshold=0.5; by default the first image, the last
        step, the predicted class, and for photographs, which are RGB, "heat" as colours.

    Raises ValueError for shapes that do not agree, for NaN or infinite maps and boxes, for a network that a page can
    not run or whose maps these are not, and for an unknown control; traitlets.TraitError for a control's value out
    of its range.

    >>> maps = np.zeros((1, 4, 4, 2))
    >>> maps[0, 1, 2, 1] = 16
    >>> views = explorer(np.zeros((1, 8, 8), np.uint8), maps, class_names=["cat", "dog"], threshold=0.5)
    >>> views
    Explorer of 1 images × 2 classes, 4×4 cells; image 0, class dog
    >>> views.logit, views.box
    (1.0, (4, 2, 6, 4))
    """
    content = Content(images, maps, bias, steps, accuracy, labels, boxes, class_names, title, network, ending, tour)
    if unknown := sorted(set(traits) - set(CONTROLS) - {"layout"}):
        raise ValueError(f"unknown control {unknown[0]!r}: expected one of {', '.join(CONTROLS)}")
    steps_count, count = content.maps.shape[:2]
    step = checked_index(traits.setdefault("step_index", steps_count - 1), steps_count, "step_index")
    image = checked_index(traits.setdefault("image_index", 0), count + (content.own is not None), "image_index")
    if content.own:
        traits.setdefault("own_image", np.zeros((SIDE, SIDE), np.uint8))
    shown = content if image < count else content.own.joined(content, traits["own_image"])
    traits.setdefault("class_index", int(shown.logits[step, image].argmax()))
    signed = "diverging" if content.maps.min() < 0 else "viridis"
    traits.setdefault("colormap", "heat" if content.pictures[0].ndim == 3 else signed)
    traits.setdefault("order", "class" if content.steps else "score")
    made = kind(content, **traits)
    for number, (*_, changes) in enumerate(content.tour, start=1):
        for name, value in changes.items():
            try:
                made.traits()[name]._validate(made, value)
            except (ValueError, t.TraitError) as error:
                made.close()
                raise ValueError(f"sentence {number} of the tour: {error}") from error
    return made
