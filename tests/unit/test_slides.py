"""Decks from tagged cells: what is on a slide, what is not, and what is refused."""

import base64
import hashlib
import re
import tarfile
from html.parser import HTMLParser

import nbformat
import pytest

from course import build, slides
from course.edition import edition

SOURCE = '''\
# %% [markdown] tags=["slide"]
# # A title
# [04](04_next.ipynb) and [elsewhere](https://example.org/), $a < b$.

# %% [markdown]
# Not for the deck.

# %% [markdown] tags=["notes"]
# Ask *first*.

# %% [markdown] tags=["guide"]
# For teachers.

# %% [markdown] tags=["guide", "fragment"]
# Short *words*.

# %% tags=["slide"]
print(6 * 7)

# %% tags=["fragment"]
from IPython.display import HTML
HTML("<b>alive</b>")
'''


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """The learner's notebook of SOURCE with its notes, its outputs written by hand."""
    source = tmp_path_factory.mktemp("source") / "09_two.py"
    source.write_text(SOURCE)
    made = slides.with_guides(source)
    printed, alive = (cell for cell in made.cells if cell.cell_type == "code" and cell.id != "colab")
    printed.outputs = [nbformat.v4.new_output("stream", text="42\n")]
    alive.outputs = [nbformat.v4.new_output("execute_result", {"text/html": "<b>alive</b>", "text/plain": "HTML"})]
    return made


class Outline(HTMLParser):
    """The texts of a page by the nearest enclosing section, fragment or notes."""

    def __init__(self, page):
        super().__init__()
        self.open, self.found = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "section":
            self.found.append({"slide": "", "fragment": "", "notes": ""})
        if tag in ("section", "aside", "div"):
            self.open.append("slide" if tag == "section" else attributes.get("class"))

    def handle_endtag(self, tag):
        if tag in ("section", "aside", "div"):
            self.open.pop()

    def handle_data(self, data):
        if "slide" in self.open:
            place = next((name for name in self.open if name in ("fragment", "notes")), "slide")
            self.found[-1][place] += data


def test_each_cell_lies_where_its_tag_says(notebook):
    first, second = Outline(slides.page("Session 9", slides.slides(notebook))).found
    assert "A title" in first["slide"] and "$a < b$" in first["slide"]
    assert first["notes"].split() == ["Ask", "first."]
    assert first["fragment"].split() == ["Short", "words."]  # the guide's, and yet on a slide
    assert second["slide"].split() == ["print(6", "*", "7)", "42"]  # text comes with its code
    assert second["fragment"].split() == ["alive"]  # a page or a picture without


def test_cells_without_a_tag_and_the_guide_are_not_in_the_deck(notebook):
    page = slides.page("Session 9", slides.slides(notebook))
    assert "Not for the deck" not in page and "For teachers" not in page


def test_links_to_notebooks_are_text_and_others_stay(notebook):
    page = slides.page("Session 9", slides.slides(notebook))
    assert ".ipynb" not in page and '<a href="https://example.org/">' in page


def test_a_figure_on_a_slide_has_its_text_alternative():
    figure = nbformat.v4.new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": "Two “3”s"}})
    assert 'alt="Two “3”s"' in slides.html(nbformat.v4.new_code_cell("plot()", outputs=[figure]))


def test_a_deck_asks_nothing_of_a_network(notebook):
    page = slides.page("Session 9", slides.slides(notebook))
    asked = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', page)
    assert asked and all(address.startswith("reveal/") for address in asked)


@pytest.mark.parametrize("tags, message", [
    (["fragment"], "tagged fragment stands before the first slide: 'Words'"),
    (["notes"], "tagged notes stands before the first slide"),
    (["slide", "notes"], "tagged notes and slide, expected one: 'Words'"),
])
def test_tags_that_make_no_deck(tags, message):
    cell = nbformat.v4.new_markdown_cell("Words", metadata={"tags": tags})
    with pytest.raises(ValueError, match=message):
        slides.slides(nbformat.v4.new_notebook(cells=[cell]))


def test_every_notebook_belongs_to_one_session():
    belongs = [start for starts in slides.SESSIONS.values() for start in starts]
    assert len(belongs) == len(set(belongs)) and {path.stem[:2] for path in build.sources()} <= set(belongs)


@pytest.mark.parametrize("number", slides.sessions(edition()))
def test_the_course_has_its_decks_in_order(number):
    """Tags are where they can be, and outputs those of the code that is there."""
    assert all(slide[0][0] == "slide" for slide in slides.of_session(number))


def fake_npm(folder, script):
    npm = folder / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    return str(npm.parent)


def test_without_npm_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="there is no npm: install Node.js, then run make slides again"):
        slides.fetch_reveal(tmp_path / "reveal")


def test_without_a_connection_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", fake_npm(tmp_path, "echo no address >&2; exit 1"), prepend=":")
    with pytest.raises(OSError, match="needs a connection once: no address"):
        slides.fetch_reveal(tmp_path / "reveal")


@pytest.mark.parametrize("intact", [True, False])
def test_what_npm_delivers_is_checked_and_only_the_needed_files_kept(tmp_path, monkeypatch, intact):
    for name in (*slides.REVEAL_FILES, "demo.html"):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    with tarfile.open(tmp_path / "reveal.tgz", "w:gz") as tar:
        tar.add(tmp_path / "package", "package")
    digest = base64.b64encode(hashlib.sha512((tmp_path / "reveal.tgz").read_bytes()).digest()).decode()
    monkeypatch.setattr(slides, "INTEGRITY", f"sha512-{digest if intact else 'another'}")
    monkeypatch.setenv("PATH", fake_npm(tmp_path, f"cp {tmp_path}/reveal.tgz . && echo reveal.tgz"), prepend=":")
    kept = tmp_path / "kept" / "reveal"
    if not intact:
        with pytest.raises(ValueError, match="npm delivered another reveal.js"):
            slides.fetch_reveal(kept)
        return
    slides.fetch_reveal(kept)
    names = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    assert names == set(slides.REVEAL_FILES) and list(kept.parent.iterdir()) == [kept]
    monkeypatch.setenv("PATH", "")
    slides.fetch_reveal(kept)  # once is enough
