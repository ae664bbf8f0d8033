"""The page that runs Python in the browser: what its Python is given, and its cells, run by the Python at hand.

`tests/browser/test_try.py` runs them where they belong.
"""

import json
import re
import subprocess
import sys
import zipfile

import jupytext
import numpy as np
import pytest

from course import build
from docs import in_browser

PAGE = (in_browser.PAGE / "try.md").read_text("utf-8")
CELLS = re.findall(r"^```python\n(.*?)\n```$", PAGE, re.M | re.S)
EXERCISES = {"maps_by_hand", "hottest_cell", "added_by_each_cell"}
NEEDED = "show draws (rows, columns) of numbers, as maps[:, :, 7]; this is"
IN_A_BROWSER = """
import ast, contextlib, importlib.abc, io, json, sys, types

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] not in {"numpy", "camlib", "run", *sys.stdlib_module_names}:
            raise ImportError(f"a browser has no {name}")

def eval_code(code, names, filename):
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, filename, "exec"), names)
    return last and eval(compile(last, filename, "eval"), names)

drawn = []
page, code = types.ModuleType("page"), types.ModuleType("pyodide.code")
page.draw, code.eval_code = lambda *picture: drawn.append([list(picture[0]), *picture[1:]]), eval_code
sys.modules |= {"page": page, "pyodide": code, "pyodide.code": code}
sys.meta_path.insert(0, Nothing())
sys.path.insert(0, "")
from run import run

seen = []
for number, cell in enumerate(json.load(sys.stdin), 1):
    drawn.clear()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        well = run(cell, f"cell {number}")
    seen.append([well, output.getvalue(), list(drawn)])
json.dump(seen, sys.stdout)
"""


@pytest.fixture(scope="module")
def in_a_browser(tmp_path_factory):
    """Runs cells in a Python that has NumPy and `course.zip` alone: a list of (went well, printed, pictures)."""
    folder = tmp_path_factory.mktemp("browser")
    in_browser.write_course(folder / "course.zip")
    zipfile.ZipFile(folder / "course.zip").extractall(folder)

    def run(cells):
        done = subprocess.run([sys.executable, "-c", IN_A_BROWSER], cwd=folder, input=json.dumps(cells), text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def test_every_cell_runs_as_it_stands_and_begins_with_exercises_to_do(in_a_browser):
    seen = in_a_browser(CELLS)
    assert len(seen) == len(CELLS) > 8
    assert all(well for well, _, _ in seen), [printed for well, printed, _ in seen if not well]
    printed = "".join(printed for _, printed, _ in seen)
    assert printed.count("not attempted yet") == len(EXERCISES) and "✔" not in printed


@pytest.mark.parametrize("scene", range(6))
def test_the_courses_answers_are_right_there_in_each_scene(in_a_browser, scene):
    solved = [cell.source for source in build.sources()[:5] for cell in jupytext.read(source).cells]
    answers = {name: text for text in solved for name in EXERCISES if text.startswith(f"def {name}(")}
    assert set(answers) == EXERCISES
    cells = [CELLS[0].replace("scene = 0", f"scene = {scene}")]
    for cell in CELLS[1:]:
        stub = re.search(r"def (\w+)\(.*return None", cell, re.S)
        cells.append(cell.replace(stub[0], answers[stub[1]]) if stub else cell)
    seen = in_a_browser(cells)
    assert all(well for well, _, _ in seen)
    assert "".join(printed for _, printed, _ in seen).count("✔ Exercise") == len(EXERCISES)


def test_a_map_is_drawn_around_white_and_a_scene_as_ink_on_paper(in_a_browser):
    (_, _, [signed]), (_, _, [scene]) = in_a_browser(["import numpy as np; show(np.array([[0., -2.], [4., 1.]]))",
                                                      "show(np.array([[0, 255]], np.uint8))"])
    colours = np.reshape(signed[0], (2, 2, 4))
    assert signed[1:3] == [2, 2] and "from -2.0 to 4.0, in row 1, column 0" in signed[3]
    assert colours[0, 0, :3].min() > 240 and (colours[..., 3] == 255).all()  # white
    assert colours[0, 1].argmax() and colours[0, 1, 2] > colours[0, 1, 0]  # blue
    assert colours[1, 0, 0] > 2 * colours[1, 0, 1:3].max()  # dark red
    assert scene[0] == [255, 255, 255, 255, 0, 0, 0, 255] and scene[3] == "A picture of 1 × 2 pixels."


@pytest.mark.parametrize("cell, said", [
    ("x = 1\nx / 0", "cell 1, line 2: x / 0\nZeroDivisionError: division by zero\n"),
    ("import sys\nsys.exit(1)", "cell 1, line 2: sys.exit(1)\nSystemExit: 1\n"),
    ("show([1, 2, 3])", f"cell 1, line 1: show([1, 2, 3])\nValueError: {NEEDED} (3,)\n"),
    ("show([[float('nan')]])", "cell 1, line 1: show([[float('nan')]])\nValueError: show draws finite numbers; among "
                               "these there are NaN or infinite ones\n")])
def test_an_error_is_told_with_its_line_and_without_what_lies_beneath(in_a_browser, cell, said):
    assert in_a_browser([cell, "7"]) == [[False, said, []], [True, "7\n", []]]


def test_a_slip_of_the_pen_is_shown_with_its_place(in_a_browser):
    [[well, printed, _]] = in_a_browser(["x = (1"])
    assert not well and "SyntaxError: '(' was never closed" in printed and "x = (1" in printed


def test_without_a_file_of_pyodide_nothing_looks_made(tmp_path):
    (tmp_path / "pyodide").mkdir()
    with pytest.raises(FileNotFoundError, match="pyodide.mjs"):
        in_browser.add(tmp_path / "pages", tmp_path / "pyodide")
