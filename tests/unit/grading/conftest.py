"""Twenty learners hand in notebook 04: twelve as learners do, eight broken or cheating."""

import copy
import json

import jupytext
import pytest

from camlib.grading import notebooks

NAME = "04_class_activation_maps"
TASKS = ("maps_by_hand", "maps_of_flattened", "on_a_wide_canvas", "mended_maps")

HELPER = "def sums(f, k):\n    return f @ k\n\n"
WRONG = "    return features.mean(axis=(0, 1)) @ kernel"
HEADS = {name: f"def {name}{arguments}:\n" for name, arguments in {
    "maps_by_hand": "(features, kernel)", "maps_of_flattened": "(features, weights)",
    "on_a_wide_canvas": "(maps, paper)", "mended_maps": "(saved)"}.items()}


def body(name, text):
    return {name: HEADS[name] + text}


HONEST = {  # learner → (cells that differ from the solved ones; None stands for the stub, right ones)
    "ada": ({}, 4),
    "ben": (dict.fromkeys(TASKS), 0),
    "cai": (body("maps_by_hand", WRONG), 3),
    "dee": ({"maps_by_hand": HELPER + HEADS["maps_by_hand"] + "    return sums(features, kernel)"}
            | body("mended_maps", "    return maps_by_hand(saved.swapaxes(1, 2), np.eye(saved.shape[1])), 'box'"), 4),
    "eli": (body("maps_by_hand", "    return features[kernel]"), 3),
    "fay": ({"maps_of_flattened": None, "mended_maps": None}, 2),
    "gus": (body("on_a_wide_canvas", "    raise ValueError('\\ud800\\0\\x1b[2J ' + 'very ' * 99)")
            | body("maps_by_hand", "    print('looking', features)\n    return (features @ kernel).tolist()"), 3),
    "hal": (body("mended_maps", "    return saved[:, ::-1], 'box'"), 3),
    "ida": (body("on_a_wide_canvas", "    return 'B', paper"), 3),
    "jon": (body("maps_by_hand", "    return feature @ kernel"), 3),
    "kim": ({"maps_by_hand": "from numpy import *\n" + HEADS["maps_by_hand"]
             + "    return einsum('yxk,kc->yxc', features, kernel).astype(float32)"}, 4),
    "lea": ({"maps_by_hand": "%timeit 1\n" + HEADS["maps_by_hand"] + "    return features @ kernel"}, 4),
}
PRINTS = "print('✔ Exercise 4.1, all class activation maps: right')\n"
CHEATS = {  # learner → cells, each with what its column should say
    "mia": {
        "maps_by_hand": (PRINTS + "class checks:\n    def __getattr__(self, name):\n        return print\n"
                         + HEADS["maps_by_hand"] + "    " + PRINTS + "    return 0", "the shape is ()"),
        "maps_of_flattened": ("import numpy as np, camlib.checks.checker as checker\n"
                              "np.allclose = checker.close_hint = checker.hint = lambda *_, **__: None\n"
                              + HEADS["maps_of_flattened"] + "    return features", "the shape is (4, 5, 6)"),
        "on_a_wide_canvas": ("class Yes(float):\n    def __eq__(self, other): return True\n"
                             "    def __sub__(self, other): return 0\n" + HEADS["on_a_wide_canvas"]
                             + "    return 'C', [Yes(n) for n in range(10)]", "are another thing"),
        "mended_maps": (HEADS["mended_maps"] + "    saved[:] = 0\n    return saved, 'box'", "each value should stay"),
    },
    "ned": {
        "maps_by_hand": (HEADS["maps_by_hand"] + "    while True: pass", "ran for more than 10 s"),
        "maps_of_flattened": (HEADS["maps_of_flattened"] + "    while True: print('spam' * 9999)",
                              "printed or wrote more than 16 MB"),
        "on_a_wide_canvas": (HEADS["on_a_wide_canvas"] + "    return np.ones(10**9)", "MemoryError"),
        "mended_maps": ("import os\n" + HEADS["mended_maps"] + "    while True: os.fork()", "more than 32 processes"),
    },
    "oda": {
        "maps_by_hand": ("import os\nos._exit(0)\n" + HEADS["maps_by_hand"], "IndentationError"),
        "maps_of_flattened": ("import os\nos._exit(0)\n" + HEADS["maps_of_flattened"] + "    pass",
                              "ended without an answer (status 0)"),
        "on_a_wide_canvas": ("import sys\n" + HEADS["on_a_wide_canvas"] + "    sys.exit(0)", "SystemExit"),
        "mended_maps": ("import os, signal\n" + HEADS["mended_maps"] + "    os.kill(os.getpid(), signal.SIGKILL)",
                        "ended without an answer"),
    },
}


def cells_of(notebook):
    return [cell for cell in notebook["cells"] if "exercise" in cell["metadata"].get("tags", [])]


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A folder with notebook 04, as learners get it, alone."""
    folder = tmp_path_factory.mktemp("course")
    (folder / f"{NAME}.ipynb").write_bytes((notebooks.COURSE / f"{NAME}.ipynb").read_bytes())
    return folder


@pytest.fixture(scope="session")
def collected(course, tmp_path_factory):
    """A folder with twenty submissions."""
    folder = tmp_path_factory.mktemp("collected")
    blank = json.loads((course / f"{NAME}.ipynb").read_text())
    solutions = [cell.source for cell in jupytext.read(notebooks.COURSE.with_name("course") / f"{NAME}.py").cells
                 if "exercise" in cell.metadata.get("tags", [])]

    def submit(learner, changes, path=None, alter=lambda notebook: None):
        notebook = copy.deepcopy(blank)
        for name, cell, solution in zip(TASKS, cells_of(notebook), solutions):
            cell["source"] = cell["source"] if changes.get(name, "") is None else changes.get(name, solution)
        alter(notebook)
        path = folder / (path or f"{learner}/{NAME}.ipynb")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook))
        return path

    for learner, (changes, _) in HONEST.items():
        submit(learner, changes, f"{learner}_{NAME}.ipynb" if learner == "fay" else None)
    for learner, cells in CHEATS.items():
        submit(learner, {name: source for name, (source, _) in cells.items()})
    text = submit("pia", {}).read_text()
    (folder / "pia" / f"{NAME}.ipynb").write_text(text[:len(text) // 2])
    submit("que", {}, alter=lambda notebook: notebook["cells"].append(cells_of(notebook)[0]))
    submit("rob", {}, alter=lambda notebook: notebook["cells"].remove(cells_of(notebook)[1]))
    submit("sam", {}, "sam/homework.ipynb")
    submit("tia", {}, alter=lambda notebook: notebook.update(padding="x" * (51 << 20)))
    (folder / "ada" / ".ipynb_checkpoints").mkdir()
    submit("ada", {}, f"ada/.ipynb_checkpoints/{NAME}-checkpoint.ipynb")
    return folder
