"""Colours that survive greyscale, and mean the same in figures and in the explorer."""

import colorsys

import numpy as np
import pytest

from camlib import colours

GREY = (0.2126, 0.7152, 0.0722)  # what red, green and blue add to luminance (ITU-R BT.709)


def luminance(table):
    linear = np.where(table <= 10, table / 255 / 12.92, ((table / 255 + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    return linear @ GREY


@pytest.mark.parametrize("name", ["heat", "viridis", "magma"])
def test_more_evidence_is_lighter_in_grey(name):
    grey = luminance(colours.tables()[colours.COLORMAPS.index(name)].astype(float))
    assert (np.diff(grey) > -1e-3).all() and grey[-1] - grey[0] > 0.5


def test_for_and_against_grow_darker_away_from_zero():
    grey = luminance(colours.tables()[0].astype(float))
    assert grey[96] > grey[0] and grey[159] > grey[255]


def test_heat_over_photographs_is_neither_orange_nor_white():
    for red, green, blue in colours.tables()[colours.COLORMAPS.index("heat")] / 255:
        hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
        assert 0.7 < hue < 0.93 and saturation > 0.2  # of 1: orange is 0.05 to 0.13
