"""A photograph of the reader's own: uploaded, or found at a path, named, and explored."""

import html
import io

import numpy as np
from ipywidgets import HTML, FileUpload, VBox

from ..data import photos
from ..data.pixels import check_pixels
from ..maps.cam import explain
from ..networks.head import find_head
from ..networks.outputs import name_list
from .widget import Explorer, explorer

SEEN = 800  # px, the longer side of the photograph as it is shown
LEAST = 16  # px, the shorter side: on less there is nothing to see
WELCOME = "A photograph of your own, of less than 10 MB (Jupyter drops more). It goes to this kernel and nowhere else."


class _Box(VBox):
    """What a page shows in its place, where no kernel runs, is a sentence."""

    def __repr__(self):
        return "A button to upload a photograph: it is here after the cell has run."


class _Unseen(Explorer):
    """An explorer that refuses what any would, and of which no page hears."""

    def open(self):
        """Open no way to a page."""


def own_photo(network, names, *, path=None, side=224, **traits):
    """A widget that takes a photograph, and shows what a network sees in it: its top classes, and an explorer.

    network: a model that ends GAP → dense, of uint8 RGB photographs, (n, side, side, 3). names: of its classes,
    a list, or a dict by class.
    path: a photograph, for where there are no widgets; then the explorer itself is returned. side: px, to which the
    network has it squeezed; it is shown as it is, upright. traits: where the explorer's controls start.

    The widget is a VBox of a FileUpload, a line of text, and once there is one the explorer; another photograph takes
    its place. What goes wrong with an upload is answered in that line. Raises at the call what any photograph would
    meet: `NotCAMReady` (a ValueError) for a network of another kind, ValueError for names, a side or a control that do
    not fit, traitlets.TraitError for a control's value out of its range. With a path, raises FileNotFoundError, too,
    and `photos.Unreadable` (a ValueError) for what `photos.read` cannot read, and for less than 16 px.
    """
    _check(network, names, side, traits)
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
        text.value, box.children = html.escape(f"Looking at {file.name} …"), (upload, text)
        try:
            view, said = _explored(network, names, file, side, traits)
            box.children = (upload, text, view)
        except photos.Unreadable as error:
            said = str(error)
        except Exception as error:  # a notebook shows nowhere below the cell what a callback raises
            said = f"{file.name} cannot be looked at: {type(error).__name__}, {error}"
        text.value = html.escape(said)
        for gone in before:
            gone.close()

    upload.observe(answer, "value")
    return box


def _check(network, names, side, traits):
    """Look at a grey picture, and raise what any photograph would meet."""
    find_head(network)
    shape = network.inputs[0].shape
    if len(shape) != 4 or shape[-1] not in (3, None):
        raise ValueError(f"{network.name} takes images of shape {shape}: expected a network of RGB photographs, "
                         "(n, side, side, 3); for pictures of another kind use `explain` and `explorer`")
    check_pixels(side, "side")
    try:
        network.compute_output_shape((1, side, side, 3))
    except Exception as error:  # what a layer raises for a size that it cannot have is its own affair
        raise ValueError(f"{network.name} takes no photographs of {side}×{side} px ({error}): choose another side"
                         ) from error
    grey = np.full((side, side, 3), 128, np.uint8)
    _looked_at(network, names, grey, grey, traits | {"kind": _Unseen})


def _explored(network, names, file, side, traits):
    """(an explorer of one photograph, a sentence with its most probable classes)."""
    width, height = photos.size_of(file)
    if min(width, height) < LEAST:
        raise photos.Unreadable(f"{getattr(file, 'name', file)} has {width}×{height} pixels: expected a photograph of "
                                f"at least {LEAST}×{LEAST}")
    return _looked_at(network, names, photos.read(file, within=SEEN), photos.read(file, side), traits)


def _looked_at(network, names, picture, squeezed, traits):
    """The same of a photograph as it is shown, and as the network sees it."""
    seen = explain(network, squeezed[None])
    view = explorer(picture[None], seen.maps, bias=seen.bias, class_names=names, ending=seen.ending, **traits)
    names, chances = name_list(names, len(seen.bias)), seen.probabilities[0]
    likely = ", ".join(f"{names[k]} {chances[k]:.0%}" for k in np.argsort(-chances)[:5])
    return view, f"Of the {len(names)} classes that the network knows: {likely}."
