#!/bin/sh
# Believed: a checking cell whose asserts all pass earns its points.
# So: if its last line shows a number, that number is the grade: an error of 0, shown below passed asserts, earns
# nothing.
# With nbgrader 0.9.6, ipykernel 7.4.0, setuptools 84.2.1; about 42 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check \
    nbgrader==0.9.6 ipykernel==7.4.0 setuptools==84.2.1
venv/bin/python - <<'END'
import os
import subprocess
import sys
from importlib.metadata import version

import nbformat

os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def cell(source, name, **more):
    about = dict(grade=False, locked=False, solution=False, task=False, schema_version=3, grade_id=name) | more
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": about})


checks = {"asserts alone": "assert f(3) == 9", "and shows its error": "assert f(3) == 9\nabs(f(3) - 9)",
          "and shows f(0.5)": "assert f(3) == 9\nf(0.5)", "and prints it": "assert f(3) == 9\nprint(f(3) - 9)"}
cells = [cell("def f(x):\n    return x * x", "answer", solution=True)]
cells += [cell(source, f"check{i}", grade=True, locked=True, points=2) for i, source in enumerate(checks.values())]
kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
for folder in ("source/sheet", "submitted/ada/sheet"):
    os.makedirs(folder)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), f"{folder}/sheet.ipynb")
for step in ("generate_assignment", "autograde"):
    subprocess.run([sys.executable, "-m", "nbgrader", step, "sheet"], check=True, capture_output=True)
from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as book:
    points = {grade.name: grade.auto_score for grade in book.find_submission("sheet", "ada").notebooks[0].grades}
print(f"nbgrader {version('nbgrader')}; a right answer, four checks of 2 points")
print("expected: 2 points each")
for i, name in enumerate(checks):
    print(f"seen: {name:20} {points[f'check{i}']}")
if [points[f"check{i}"] for i in range(4)] != [2, 0, 0.25, 2]:
    raise SystemExit("this has changed")
END
