"""A learner's function, called from outside: what it returns, and what becomes of the one that does not behave."""

import os
import re
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from camlib.grading.sandbox import LearnersFunction, Limits
from camlib.grading.worker import needed

SMALL = Limits(seconds=60, memory=512)
ABOVE = ["import numpy as np", "side = 5", "def twice(x):\n    return x + side"]


def called(cell, *arguments, limits=SMALL, **options):
    with LearnersFunction(cell, "answer", ABOVE, limits, **options) as answer:
        return answer(*arguments)


def test_values_go_in_and_come_out_of_another_process():
    cell = "import os\ndef answer(a, b):\n    return np.dot(a, b), twice(1), os.getpid(), os.getcwd()"
    dot, six, process, folder = called(cell, np.eye(2), np.arange(2.0))
    assert dot.tolist() == [0, 1] and six == 6 and process != os.getpid()
    assert not Path(folder).exists() and not psutil.pid_exists(process)


def test_a_tensor_comes_out_as_an_array():
    cell = "import tensorflow as tf\ndef answer(x):\n    return tf.nn.softmax(x)"
    after = called(cell, np.array([0.0, np.log(3)]), limits=Limits(seconds=120))
    np.testing.assert_allclose(after, [0.25, 0.75])


def test_secrets_of_the_shell_stay_there(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    names = called("import os\ndef answer():\n    return list(os.environ)")
    assert "PATH" in names and "SECRET_KEY" not in names


def test_what_a_cell_needs_is_what_it_names_and_what_that_names():
    names = {}
    for statement in needed("y = twice(1)", [*ABOVE, "1 +"]):
        exec(statement.code, names)
    assert names["twice"](1) == 6 and "np" not in names
    assert needed("x = 1", ABOVE) == needed("twice(1)", ABOVE) == []


BAD = {
    "def answer(:": "SyntaxError",
    "1 / 0": "ZeroDivisionError: division by zero",
    "def other(): return 1": "KeyError: 'answer'",
    "answer = 7": "TypeError",
    "def answer(): return [][1]": "IndexError: list index out of range",
    "import sys\ndef answer(): sys.exit(0)": "SystemExit",
    "import os\ndef answer(): os._exit(0)": r"ChildProcessError: .* \(status 0\)",
    "import os\ndef answer(): os.kill(os.getpid(), 11)": r"ChildProcessError: .* \(status -11\)",
    "def answer():\n    while True: pass": "TimeoutError: it ran for more than 2 s",
    "import time\ntime.sleep(99)\ndef answer(): return 1": "TimeoutError: it ran for more than 2 s",
    "def answer():\n    while True: print('spam' * 9999)": "OSError: it printed or wrote more than 16 MB",
    "def answer(): return np.zeros(10**7)": "ValueError: it returned more than 16 MB",
    "def answer(): return np.ones(10**9)": "MemoryError",
    "def answer(): return input()": "EOFError",
    "def answer():\n    a = []\n    a.append(a)\n    return a": "RecursionError",
    "import os\ndef answer():\n    while True: os.fork()": "ChildProcessError: it started more than 32 processes",
    "import os\nfor n in range(3, 20):\n    try: os.write(n, b'right, believe me' * 9)\n    except OSError: pass\n"
    "def answer(): return 1": "ValueError",
    "import os\nfor n in range(20):\n    try: os.close(n)\n    except OSError: pass\n"
    "def answer(): return 1": "ChildProcessError",
}


@pytest.mark.parametrize("cell", BAD, ids=BAD.values())
def test_what_goes_wrong_is_an_exception_here_and_nothing_is_left(cell):
    before, start = set(psutil.Process().children(recursive=True)), time.monotonic()
    with pytest.raises(Exception) as caught:
        called(cell, limits=SMALL._replace(seconds=2) if "Timeout" in BAD[cell] else SMALL)
    assert re.match(BAD[cell], f"{caught.typename}: {caught.value}")
    assert time.monotonic() - start < 60 and set(psutil.Process().children(recursive=True)) <= before


def test_a_python_that_does_not_start_is_not_the_learners_fault(monkeypatch):
    monkeypatch.setattr("camlib.grading.sandbox.PROGRAM", "import time; time.sleep(99)")
    monkeypatch.setattr("camlib.grading.sandbox.START", 1)
    with pytest.raises(OSError, match="did not start for a learner's cell .it ran for more than 1 s"):
        called("def answer(): return 1")


def test_a_hog_in_many_processes_is_a_hog():
    cell = ("import os, time\ndef answer():\n    for _ in range(4): os.fork()\n"
            "    x = np.ones(2 * 10**7)\n    time.sleep(9)")
    with pytest.raises(MemoryError, match="more than 512 MB"):
        called(cell)


def test_files_that_it_deletes_are_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("grades.csv").write_text("kept")
    called("import shutil\ndef answer():\n    shutil.rmtree('.', ignore_errors=True)\n    return 1")
    assert Path("grades.csv").read_text() == "kept"


@pytest.mark.parametrize("reflects", [True, False])
def test_an_array_that_is_written_to_is_noticed(reflects):
    given = np.arange(3.0)
    with LearnersFunction("def answer(x):\n    x[0] = 9\n    return x", "answer", ABOVE, SMALL, reflects) as answer:
        assert answer(given).tolist() == [9, 1, 2]
        assert answer.changes and given[0] == (9 if reflects else 0)


def test_globals_live_from_call_to_call():
    with LearnersFunction("calls = []\ndef answer():\n    calls.append(1)\n    return len(calls)", "answer", [],
                          SMALL) as answer:
        assert (answer(), answer()) == (1, 2)
