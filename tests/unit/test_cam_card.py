"""docs/cam_card.md: where it says that a figure comes from, a section speaks of it."""

import re

import pytest

from course.build import SOURCES

CARD = (SOURCES.parent / "docs" / "cam_card.md").read_text("utf-8")
SAYS = {  # how a line begins → a word of the sections that it names
    "- The mean of the map": "logit", "- The mean of $M_c": "softmax", "- Setting one cell": "zero",
    "| **Completeness": "rounding", "| **Erasing a cell": "erasing", "| **Survives": "freedom",
    "| **A value": "stretched", "| **Layers made random": "random", "| **Grid pointing": "mosaic"}


def test_the_lines_are_those_that_name_a_section():
    lines = re.findall(r"^.*\d\d, section.*$", CARD, re.M)
    assert [begins for line in lines for begins in SAYS if line.startswith(begins)] == list(SAYS)
    assert len(lines) == len(SAYS)


@pytest.mark.parametrize("begins, word", SAYS.items())
def test_a_section_is_about_what_is_said_to_come_from_it(begins, word):
    line, = re.findall(rf"^{re.escape(begins)}.*$", CARD, re.M)
    for notebook, *numbers in re.findall(r"(\d\d), sections? (\d)(?: and (\d))?", line):
        source, = SOURCES.glob(f"{notebook}_*.py")
        sections = re.split(r"^# ## (?=\d ·)", source.read_text("utf-8"), flags=re.M)
        for number in filter(None, numbers):
            assert word in "".join(text for text in sections if text.startswith(f"{number} ·")).lower()
