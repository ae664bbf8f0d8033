"""What figures have in common: how a number is written, a text is made safe, a figure is closed and described."""

import unicodedata

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

FEATURE = "magma"  # feature maps: light is large
HEAT = "YlOrRd"  # evidence for, on a scene: from paper to dark red
SIGNED = LinearSegmentedColormap.from_list("signed", ("#053061", "#2166ac", "#4393c3", "#a6d0e6", "white",
                                                      "#f6b89b", "#d6604d", "#b2182b", "#67001f"))  # RdBu, 0 white
PIXELS = 100  # an inch of a figure on a page, px
SHARP = 150  # px an inch of line charts, which are shown in `PIXELS`


class Described(Figure):
    """A figure with a text alternative, which notebooks, decks and web pages read from its output's metadata."""

    alt = ""

    def _repr_mimebundle_(self, **kwargs):
        width = {"width": round(PIXELS * self.get_figwidth())} if self.dpi != PIXELS else {}
        return {}, {kind: {"alt": self.alt, **width} for kind in ("image/png", "image/jpeg")}


def subplots(rows=1, columns=1, *, size, sharp=False, **options):
    """A closed figure and its panels, (rows, columns): a notebook shows it once, as the value of its cell.

    size: (width, height) in inches. sharp: for lines, which need more pixels than pictures do.
    """
    figure, panels = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False,
                                  dpi=SHARP if sharp else PIXELS, FigureClass=Described, **options)
    plt.close(figure)
    return figure, panels


def described(figure, alt):
    """The figure, with `alt`, a sentence, for who does not see it."""
    figure.alt = printable(alt).replace("\n", " ")
    return figure


def number(value, digits=3):
    """A number as it is written in a figure: at most `digits` significant digits, and a true minus.

    >>> number(-12.345), number(1669.8), number(0.0)
    ('−12.3', '1670', '0')
    """
    return np.format_float_positional(value, digits, fractional=False, trim="-").replace("-", "−")


def signed(value, decimals=1):
    """A number with its sign, a true minus or a plus.

    >>> signed(-0.26), signed(3)
    ('−0.3', '+3.0')
    """
    return f"{value:+.{decimals}f}".replace("-", "−")


def value_range(values):
    """The ends of some values as a text.

    >>> value_range([-11, 3, 10])
    '−11 to 10'
    """
    return f"{number(np.min(values))} to {number(np.max(values))}"


def listed(words, most=12):
    """Words as they stand in a text alternative.

    >>> listed(["scene", "map\\nof 3"]), listed(range(20), 2)
    ('scene, map of 3', '0, 1 and 18 more')
    """
    words = [str(word).replace("\n", " ") for word in words]
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def printable(text):
    """Text that can be drawn: control characters, such as NUL, and lone surrogates by their escapes in Python."""
    kept = (c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else repr(c)[1:-1] for c in str(text))
    return "".join(kept)


def plain(panel):
    """Axes as charts have them: no frame above and to the right, faint lines behind."""
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
