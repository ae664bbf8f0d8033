"""A photograph of the reader's own: uploaded, or found at a path, named, and explored."""

import html
import io

import numpy as np
from ipywidgets import HTML, FileUpload, VBox

from ..data import photos
from ..maps.cam import explain
from ..networks.outputs import name_list
from .widget import explorer

SEEN = 800  # px, the longer side of the photograph as it is shown
LEAST = 16  # px, the shorter side: on less there is nothing to see
WELCOME = "A photograph of your own, of less than 10 MB (Jupyter drops more). It goes to this kernel and nowhere else."


class _Box(VBox):
    """What a page shows in its place, where no kernel runs, is a sentence."""

    def __repr__(self):
        return "A button to upload a photograph: it is here after the cell has run."


def own_photo(network, names, *, path=None, side=224, **traits):
    """A widget that takes a photograph, and shows what a network sees in it: its top classes, and an explorer.

    network: a model that ends GAP → dense, of uint8 RGB photographs, (n, side, side, 3). names: of its classes,
    a list, or a dict by class.
    path: a photograph, for where there are no widgets; then the explorer itself is returned. side: px, to which the
    network has it squeezed; it is shown as it is, upright. traits: where the explorer's controls start.

    The widget is a VBox of a FileUpload, a line of text, and once there is one the explorer; another photograph takes
    its place. What cannot be read is answered in that line. With a path, raises FileNotFoundError, and
    `photos.Unreadable` (a ValueError) for what `photos.read` cannot read, and for less than 16 px.
    """
    if path is not None:
        return _explored(network, names, path, side, traits)[0]
    upload = FileUpload(accept="image/*", description="Your photograph", layout={"width": "max-content"})
    text, box = HTML(WELCOME), _Box()
    box.children = (upload, text)

    def answer(change):
        if not change.new:
            return
        before, file = box.children[2:], io.BytesIO(change.new[0]["content"])
        file.name = change.new[0]["name"]
        try:
            view, said = _explored(network, names, file, side, traits)
            box.children = (upload, text, view)
        except photos.Unreadable as error:
            said, box.children = str(error), (upload, text)
        text.value = html.escape(said)
        for gone in before:
            gone.close()

    upload.observe(answer, "value")
    return box


def _explored(network, names, file, side, traits):
    """(an explorer of one photograph, a sentence with its most probable classes)."""
    picture = photos.read(file, within=SEEN)
    if min(picture.shape[:2]) < LEAST:
        raise photos.Unreadable(f"{getattr(file, 'name', file)} has {picture.shape[1]}×{picture.shape[0]} pixels: "
                                f"expected a photograph of at least {LEAST}×{LEAST}")
    seen = explain(network, photos.read(file, side)[None])
    names, chances = name_list(names, len(seen.bias), "names"), seen.probabilities[0]
    likely = ", ".join(f"{names[k]} {chances[k]:.0%}" for k in np.argsort(-chances)[:5])
    view = explorer(picture[None], seen.maps, bias=seen.bias, class_names=names, ending=seen.ending, **traits)
    return view, f"Of the {len(names)} classes that the network knows: {likely}."
