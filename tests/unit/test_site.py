"""What the site is made of, before Sphinx sees it."""

import runpy
from pathlib import Path

import camlib
from course import build
from docs import pages

ROOT = Path(__file__).parents[2]


def as_list(docstring, monkeypatch):
    """`docstring` as docs/conf.py hands it to Sphinx; MathJax, of which only the place is asked, need not be there."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: type("Spec", (), {"origin": __file__}))
    lines = docstring.splitlines()
    runpy.run_path(str(ROOT / "docs" / "conf.py"))["as_list"](None, "function", "f", None, None, lines)
    return "\n".join(lines)


PLAIN = """\
Twice.
x: a number,
or two. y, z: more
kind, of: x
    or y.
Raises ValueError for f(*a).

>>> 2 * 3"""
LIST = """\
Twice.

- **x**: a number,
  or two. y, z: more
- **kind, of**: x
  or y.

Raises ValueError for f(\\*a).

>>> 2 * 3"""


def test_what_a_docstring_says_of_each_name_becomes_a_list(monkeypatch):
    assert as_list(PLAIN, monkeypatch) == LIST


def test_every_name_of_camlib_is_in_the_api():
    text = "\n".join(pages.api().values())
    for name, home in {**camlib._FUNCTIONS, **camlib._MODULES}.items():
        assert f".. automodule:: camlib.{home}\n" in text
        assert name in camlib._MODULES or f"`{name}`" in text


def test_pages_lead_to_each_part(tmp_path):
    pages.gather(tmp_path / "pages")
    index = (tmp_path / "pages" / "index.md").read_text("utf-8")
    listed = [line for line in index.splitlines() if line.startswith("api/")]
    assert sorted(listed) == sorted(f"api/{name}" for name in pages.api())
    names = {path.stem for path in (tmp_path / "pages" / "notebooks").iterdir()}
    assert names == {source.stem for source in build.sources()}


def test_the_guide_is_the_cells_tagged_so(tmp_path):
    source = tmp_path / "09_two.py"
    source.write_text('# %% [markdown]\n# # A title\n\n# %% tags=["guide"]\nanswer = 42\n\n'
                      '# %% [markdown] tags=["guide", "slide"]\n# for the deck\n\n'
                      '# %% [markdown] tags=["guide"]\n# See [01](01_one.ipynb).\n')
    first, second, third = pages.guide(source).cells
    assert first.source.startswith("# 09 two: the guide") and second.source == "answer = 42"
    assert third.source == "See [01](../notebooks/01_one.ipynb)."
    source.write_text("# %%\nanswer = 42\n")
    assert pages.guide(source) is None
