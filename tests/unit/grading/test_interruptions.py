"""What is graded stays, and what was started ends, whatever becomes of the grader."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from camlib import cli
from camlib.grading import grade, gradebook, sandbox
from camlib.grading.notebooks import Cell, Exercise
from camlib.grading.sandbox import LearnersFunction, Limits

from .conftest import HEADS, NAME, cells_of

PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may have been told to ignore these, as by nohup
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from camlib import cli
cli.main()
"""
DEADLINE = 300  # seconds
SLEEPS = """import subprocess, time
subprocess.Popen(["sh", "-c", "sleep 1000 & echo $! > {0}.part; mv {0}.part {0}; wait"], start_new_session=True)
time.sleep(1000)
"""


@pytest.fixture
def submit(tmp_path, course):
    """A function (learner, text of the first exercise's cell) that hands in notebook 04."""
    def submit(learner, source):
        notebook = json.loads((course / f"{NAME}.ipynb").read_text())
        cells_of(notebook)[0]["source"] = source
        path = tmp_path / "collected" / f"{learner}_{NAME}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook))

    return submit


@pytest.fixture
def grader(tmp_path):
    """A function that starts the command, with its temporary files in `tmp_path`/temporary; killed after minutes."""
    (tmp_path / "temporary").mkdir()
    started, deadlines = [], []

    def start(*arguments, **environment):
        started.append(subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "grade", tmp_path / "collected", "--csv", tmp_path / "grades.csv",
             *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(tmp_path / "temporary")} | environment))
        deadlines.append(threading.Timer(DEADLINE, started[-1].kill))
        deadlines[-1].start()
        return started[-1]

    yield start
    for process, deadline in zip(started, deadlines):
        deadline.cancel()
        process.kill()
        process.communicate()


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {line["learner"]: line for line in csv.DictReader(file)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_grader_that_is_told_to_end_keeps_its_rows_and_leaves_nothing_running(tmp_path, submit, grader, number):
    submit("ana", HEADS["maps_by_hand"] + "    return features @ kernel")
    submit("bo", SLEEPS.format(tmp_path / "pid") + HEADS["maps_by_hand"] + "    pass")
    submit("cy", HEADS["maps_by_hand"] + "    import time\n    time.sleep(1000)")
    process = grader("--seconds", "900")
    while "ana" not in process.stdout.readline():
        assert process.poll() is None
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.1)
    sleep = psutil.Process(int((tmp_path / "pid").read_text()))
    process.send_signal(number)
    said = process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 128 + number
    assert not sleep.is_running() or sleep.status() == psutil.STATUS_ZOMBIE
    assert list((tmp_path / "temporary").iterdir()) == [] and not (tmp_path / "grades.csv").exists()
    unfinished, = tmp_path.glob("*.csv")
    assert str(unfinished) in said and "Traceback" not in said
    assert table(unfinished)["ana"]["04 maps_by_hand"] == "✔ right"


def test_a_reader_who_has_gone_and_a_name_that_nobody_can_print_cost_no_table(tmp_path, submit, grader):
    submit("zoë ✔", "1 +")
    process = grader(PYTHONIOENCODING="ascii:strict")
    process.stdout.close()
    assert process.wait(timeout=DEADLINE) == 0
    assert list(table(tmp_path / "grades.csv")) == ["zoë ✔"] and len(list(tmp_path.glob("*.csv"))) == 1
    process = grader(PYTHONIOENCODING="ascii:strict")
    said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0 and r"zo\xeb \u2714_04" in said[0] and said[1] == ""


def test_a_second_interrupted_table_does_not_replace_the_first(tmp_path, submit, monkeypatch):
    submit("ana", "1 +")

    def interrupted(*_, **__):
        yield grade.Row("ana", NAME, "ana.ipynb", {"maps_by_hand": "right"})
        raise KeyboardInterrupt

    monkeypatch.setattr(grade, "grade", interrupted)
    for number in (1, 2):
        with pytest.raises(SystemExit):
            cli.main(["grade", str(tmp_path / "collected"), "--csv", str(tmp_path / "grades.csv")])
        assert "✔ right" in (tmp_path / f"grades-unfinished-{number}.csv").read_text("utf-8-sig")


def test_a_device_takes_the_table_at_the_end(tmp_path, submit, capsys):
    submit("ana", "1 +")
    cli.main(["grade", str(tmp_path / "collected"), "--csv", os.devnull])
    assert f"ana_{NAME}.ipynb: 0 of 4 right" in capsys.readouterr().out


@pytest.mark.parametrize("judge", ["while True: pass", "time.sleep(30)"])
def test_a_judge_that_takes_too_long_is_left_behind(monkeypatch, judge):
    def endless(*_):
        exec(judge, {"time": time})

    monkeypatch.setattr(sandbox, "JUDGING", 0)
    monkeypatch.setattr(grade, "hint", endless)
    said = grade.verdicts([Cell("def f(x): return x", True)], [Exercise("f", "erased", {})], set(), Limits(seconds=1))
    assert said == {"f": "not graded: judging what it returned took more than 0 s"}


def test_what_an_exception_says_of_itself_is_cut():
    cell = "def f():\n    raise type('A' * 10**6, (Exception,), {})('b' * 10**6)"
    with LearnersFunction(cell, "f", [], Limits()) as answer, pytest.raises(Exception) as caught:
        answer()
    assert caught.typename == "A" * 99 and str(caught.value) == "b" * 1000


@pytest.mark.parametrize("text", ["=1+1", "x;=1+1", "x; @a", "x,+a", "x\t-a", "a =cmd|'/C calc'!A0", 'x;"=1', " =1",
                                  "x|＝1", "x\n=1", "x;-2+3", "x ;; =1"])
def test_no_text_is_a_formula_wherever_a_spreadsheet_splits(tmp_path, text):
    row = grade.Row(text, NAME, text, {"one": text}, text)
    grade.write_csv([row], tmp_path / "grades.csv")
    for separator in ",;\t| ":
        with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
            cells = [cell.strip(' "') for line in csv.reader(file, delimiter=separator) for cell in line]
        assert [cell for cell in cells if cell[:1] and cell[0] in "=+-@＝＋－＠"] == []


def test_a_number_below_zero_in_a_sentence_stays_as_it_is(tmp_path):
    grade.write_csv([grade.Row("ana", NAME, "x", {"one": "expected array([1, -2]) = a - 4"})], tmp_path / "grades.csv")
    assert "✘ expected array([1, -2]) = a - 4" in (tmp_path / "grades.csv").read_text("utf-8-sig")


def other_database(path):
    with sqlite3.connect(path) as book:
        book.execute("CREATE TABLE recipes (name)")
    book.close()


@pytest.mark.parametrize("make", [lambda path: path.write_text("learner,points\n" * 99), other_database,
                                  lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(500))])
def test_another_file_than_a_gradebook_is_told_before_grading(tmp_path, monkeypatch, make, submit):
    monkeypatch.setattr(gradebook, "nbgrader", lambda: SimpleNamespace())
    monkeypatch.setattr(grade, "grade", lambda *_: pytest.fail("it grades"))
    make(tmp_path / "grades.db")
    before = (tmp_path / "grades.db").read_bytes()
    submit("ana", "1 +")
    with pytest.raises(SystemExit, match="is no gradebook of nbgrader 0.9 .*: expected one, or a name that is free"):
        cli.main(["grade", str(tmp_path / "collected"), "--csv", str(tmp_path / "grades.csv"),
                  "--nbgrader", str(tmp_path / "grades.db")])
    assert (tmp_path / "grades.db").read_bytes() == before


def test_the_table_and_the_gradebook_are_two_files(tmp_path):
    path = str(tmp_path / "grades")
    with pytest.raises(SystemExit, match="cannot be the table and the gradebook: expected two files"):
        cli.main(["grade", str(tmp_path), "--csv", path, "--nbgrader", path])
