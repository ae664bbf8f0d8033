"""The follower of links finds each kind of fault, and no other."""

import pytest
from links import follow

FINE = '<p id="top">Up</p> <a href="#top">up</a> <a href="sub/b.html#é">on</a> <a href="https://example.org/x">out</a>'


@pytest.fixture
def folder(tmp_path):
    """Two pages that lead to each other, and a file outside of their folder."""
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / "a.html").write_text(FINE, "utf-8")
    (site / "sub" / "b.html").write_text('<h1 id="é">B</h1> <a href="../a.html">back</a> <img src="data:,">', "utf-8")
    (tmp_path / "outside.html").touch()
    return site


def test_links_that_lead_somewhere_are_counted(folder):
    assert follow(folder) == (3, [])


@pytest.mark.parametrize("fault", [
    '<a href="missing.html">', '<a href="#nowhere">', '<a href="sub/b.html#nowhere">', '<a href="sub">',
    '<a href="../outside.html">', '<img src="missing.png">', '<script src="https://example.org/x.js"></script>',
    '<link href="//example.org/x.css">'])
def test_faults(folder, fault):
    with (folder / "a.html").open("a") as page:
        page.write(fault)
    address = fault.split('"')[1]
    assert follow(folder) == (4, [f"a.html → {address}"])
