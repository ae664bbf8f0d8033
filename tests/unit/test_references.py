"""docs/references.bib: it has what the course cites, and each entry what a citation needs."""

import re

import pytest

from course.build import SOURCES, sources

ROOT = SOURCES.parent
NUMBER = re.compile(r"arXiv[: ]\s*(\d{4}\.\d{4,5})|(?:doi[: ]\s*|doi\.org/)(10\.\d+/[^\s,;)\]]*[^\s,;.)\]])", re.I)
ENTRIES = re.split(r"^@", (ROOT / "docs" / "references.bib").read_text(encoding="utf-8"), flags=re.M)[1:]
CITING = [*sources(), *(ROOT / "camlib").rglob("*.py"),
          *(ROOT / name for name in ("docs/cam_card.md", "README.md", "TEACHING.md"))]


def cited(text):
    """arXiv numbers and DOIs of a text, a set."""
    return {number for pair in NUMBER.findall(text) for number in pair if number}


def field(entry, name):
    found = re.search(rf"^\s+{name}\s*= {{(.+)}},$", entry, re.M)
    return found and found[1]


KNOWN = {field(entry, name) for entry in ENTRIES for name in ("eprint", "doi")}


def test_numbers_are_found():
    assert cited("A, arXiv:1512.04150. B (arXiv 2007.04178), doi:10.22002/D1.20087, C.") == {
        "1512.04150", "2007.04178", "10.22002/D1.20087"}


@pytest.mark.parametrize("path", CITING, ids=lambda path: path.name)
def test_whatever_is_cited_is_there(path):
    missing = cited(path.read_text(encoding="utf-8")) - KNOWN
    assert not missing, f"{path.name} cites {sorted(missing)}: add them to docs/references.bib"


def test_entries_are_whole_in_order_and_none_comes_twice():
    keys = [re.match(r"\w+{(\w+),", entry)[1] for entry in ENTRIES]
    assert len(keys) > 40 and len(set(keys)) == len(keys) and keys == sorted(keys)
    for entry in ENTRIES:
        assert all(field(entry, name) for name in ("title", "author", "year")) and entry.count("{") == entry.count("}")
    for name in ("eprint", "doi"):
        numbers = [number for entry in ENTRIES if (number := field(entry, name))]
        assert len(set(numbers)) == len(numbers)
