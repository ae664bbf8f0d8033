"""The colours of figures and of the explorer: one table for each use of colour, the same in both."""

import numpy as np

INK, QUIET, ACCENT = "#222222", "#8a8a8a", "#b5431f"  # text and lines; what stays behind; what stands out
TRUTH, FOUND = "#e8710a", "#1d2126"  # a true box, dashed; a box that was found, solid
# Evidence against is blue, for is red: ColorBrewer's RdBu, which the colour-blind can tell apart.
# Both grow darker as they grow stronger, so they show on paper, in grey too; fading out at zero makes the paler half.
DIVERGING = ("#2166ac", "#4393c3", "#d6604d", "#b2182b")
COLORMAPS = ("diverging", "heat", "viridis", "magma", "jet")  # those of the explorer


def photo_heat():
    """The matplotlib colour map of heat over photographs, from nothing, dark violet, to strong, a pale pink.

    Of those looked at over the sample's photographs this is the one that shows on snow and on black, in grey and to
    the colour-blind, and is told apart from what is orange itself, goldfish and balloons, as inferno is not. Black
    would be taken for a shadow, and white for nothing.
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("photo heat", ("#4a0e78", "#c2188f", "#ff4fd8", "#ffcaf3"))


def tables():
    """The explorer's colour maps: uint8, (maps, 256, 3), in the order of `COLORMAPS`."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    evidence = LinearSegmentedColormap.from_list("evidence", DIVERGING)
    maps = [evidence, photo_heat(), *(colormaps[name] for name in COLORMAPS[2:])]
    return np.stack([table(np.arange(256), bytes=True)[:, :3] for table in maps])
