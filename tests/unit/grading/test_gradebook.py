import csv
import sys

import pytest

from camlib.grading import gradebook
from camlib.grading.grade import Row

PROGRAM = """
import os, sys
os.environ["PATH"] += os.pathsep + os.path.join(os.environ["PYTHONPATH"], "bin")  # nbgrader runs alembic from there
from nbgrader.api import Gradebook
from nbgrader.plugins.export import CsvExportPlugin
from camlib.grading import gradebook
from camlib.grading.grade import Row

def rows(second):
    return [Row("ana", "04_maps", "ana/04_maps.ipynb", {"one": "right", "two": second}),
            Row("ben", "04_maps", "ben/04_maps.ipynb", {}, "not a notebook"),
            Row("cai", "", "cai/x.ipynb", {}, "the file's name holds no name")]

path, table = sys.argv[1:]
gradebook.write(rows("the shape is ()"), path)
gradebook.write(rows("right" if "better" in table else "the shape is ()"), path)
book = Gradebook("sqlite:///" + path)
assert book.find_comment("two", "04_maps", "04_maps", "ana").comment.startswith(("✘ the shape is ()", "✔ right"))
assert book.find_submission("04_maps", "ben").needs_manual_grade
assert not book.find_submission("04_maps", "ana").needs_manual_grade
CsvExportPlugin(to=table).export(book)
book.close()
"""


@pytest.mark.peers
@pytest.mark.parametrize("name, points", [("grades.csv", "1.0"), ("better.csv", "2.0")])
def test_nbgrader_exports_the_points(peer, tmp_path, name, points):
    """By nbgrader's own exporter, from its own database."""
    peer(PROGRAM, tmp_path / "gradebook.db", tmp_path / name)
    with (tmp_path / name).open() as file:
        table = {line["student_id"]: line for line in csv.DictReader(file)}
    assert sorted(table) == ["ana", "ben"]
    assert table["ana"]["score"] == points and table["ben"]["score"] == "0.0"
    assert {line["max_score"] for line in table.values()} == {"2.0"}


def test_without_nbgrader_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    with pytest.raises(ValueError, match="a gradebook needs nbgrader .*: pip install nbgrader"):
        gradebook.write([Row("ana", "04_maps", "x", {"one": "right"})], tmp_path / "gradebook.db")
