"""`make`: an installation that was cut short, moved or copied is made anew. Nothing is installed here.

A substitute for Python's `venv` makes an environment whose Python is a shell script that writes down what it is asked.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT_PYTHON = """#!/bin/sh
echo "$@" >> asked
case "$*" in
    "-c import pip") test -e .venv/pip ;;
    *"--target .venv/peers"*) mkdir -p .venv/peers ;;
    *"--target .venv/hub"*) mkdir -p .venv/hub ;;
    *--requirement*)
        echo "$PIP_NO_INDEX $PIP_FIND_LINKS" > settings
        if test -e said; then cat said; fi
        if test -e stall; then echo $PPID > stalling; mv stalling stalled; exec sleep 60; fi
        ! test -e fail ;;
esac
"""
VENV = f"""
import pathlib, shutil, sys
folder = pathlib.Path(sys.argv[-1])
with open("asked", "a") as asked:
    print("venv", *sys.argv[1:-1], file=asked)
if "--clear" in sys.argv:
    shutil.rmtree(folder, ignore_errors=True)
(folder / "bin").mkdir(parents=True, exist_ok=True)
python = folder / "bin" / "python"
python.write_text({ENVIRONMENT_PYTHON!r})
python.chmod(0o755)
if pathlib.Path("no_ensurepip").exists() and "--without-pip" not in sys.argv:
    sys.exit(1)
if "--without-pip" not in sys.argv:
    (folder / "pip").touch()
"""
PIP = """
import pathlib, sys
with open("asked", "a") as asked:
    print("our pip", sys.argv[1:], file=asked)
if pathlib.Path("no_pip").exists():
    sys.exit(1)
(pathlib.Path(sys.argv[2]).parents[1] / "pip").touch()
"""
MADE = ["venv --clear", "pip --requirement", "pip --editable"]


class Checkout:
    """A folder with the Makefile, and what was asked of the Pythons in it."""

    def __init__(self, folder, fakes):
        self.folder = Path(folder)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self.environment |= {"PYTHONPATH": str(fakes), "PYTHON": sys.executable}

    def start(self, *arguments, **options):
        """make, as in a terminal, wherever these tests run: in the background Ctrl-C is ignored."""
        stdout = options.pop("stdout", subprocess.PIPE)
        return subprocess.Popen(["make", *arguments], cwd=self.folder, env=self.environment | options, text=True,
                                stdout=stdout, stderr=subprocess.STDOUT, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def make(self, *arguments, **options):
        """What make says, and what was asked of Python: environments made, packages installed."""
        process = self.start(*arguments, **options)
        said = process.communicate(timeout=60)[0]
        return process.returncode, said, self.installed()

    def asked(self):
        """The lines since the last call."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def installed(self):
        """Of `asked`, environments and packages."""
        short = []
        for line in self.asked():
            short += [line] if line.startswith(("venv", "our pip")) else []
            short += [f"pip {word}" for word in ("--requirement", "--editable") if f" {word} " in line]
        return short

    def stopped(self, how):
        """Have the installation of packages stopped by `how(process)`; wait until nothing of it runs."""
        (self.folder / "stall").touch()
        process = self.start("fetch")
        wait_for((self.folder / "stalled").exists)
        how(process)
        said = process.communicate(timeout=20)[0]  # ends when the last process of the installation has
        for name in ("stall", "stalled"):
            (self.folder / name).unlink()
        self.asked()
        return process.returncode, said


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def checkout(tmp_path):
    fakes, folder = tmp_path / "fakes", tmp_path / "a folder"
    fakes.mkdir()
    folder.mkdir()
    (fakes / "venv.py").write_text(VENV)
    (fakes / "pip.py").write_text(PIP)
    for name in ("Makefile", "install.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return Checkout(folder, fakes)


@pytest.fixture
def ready(checkout):
    """A checkout that is installed."""
    assert checkout.make("fetch")[::2] == (0, MADE)
    return checkout


def test_findings_of_no_such_name_are_told(checkout):
    """And those of a name are run."""
    (checkout.folder / "findings").mkdir()
    (checkout.folder / "findings" / "one.sh").write_text("echo seen")
    code, said, _ = checkout.make("findings", "ONLY=nosuch")
    assert code == 2 and "findings/ has no script with nosuch in its name" in said and "findings/*" not in said
    assert checkout.make("findings", "ONLY=on")[:2] == (0, "== findings/one.sh\nseen\n")


def test_the_second_make_installs_nothing(ready):
    assert ready.make("fetch")[::2] == (0, [])
    assert "-m camlib fetch alexnet.ckpt" in ready.make("fetch", "ARGS=alexnet.ckpt")[1]


@pytest.mark.parametrize("named", [False, True])
def test_packages_and_data_come_from_a_folder_of_wheels(checkout, tmp_path, named):
    folder = tmp_path / "a stick" if named else checkout.folder / "out" / "wheels"
    folder.mkdir(parents=True)
    (folder / "some.whl").touch()
    process = checkout.start("fetch", *[f"WHEELS={folder}"] * named)
    said, asked = process.communicate(timeout=60)[0], checkout.asked()
    assert process.returncode == 0 and f"from {folder}" in said
    editable = next(line for line in asked if " --editable " in line)  # is built with what requirements.txt has
    assert " --no-build-isolation " in editable and any("--requirement" in line for line in asked)
    assert (checkout.folder / "settings").read_text() == f"1 {folder.as_uri()}\n"


PIP_SAYS = """\
Looking in indexes: https://somebody:secret@example.org/simple
Ignoring appnope: markers 'sys_platform == "darwin"' don't match your environment
{collecting}
  Downloading tqdm-4.67.0-py3-none-any.whl (78 kB)
Processing /a stick/typing_extensions-4.16.0-py3-none-any.whl (from -r requirements.txt (line 3))
Requirement already satisfied: charset-normalizer==3.5.2 in ./.venv (from -r requirements.txt (line 4)) (3.5.2)
Installing collected packages: tqdm, idna
Successfully installed tqdm-4.67.0
"""


@pytest.fixture
def talkative(checkout):
    """A checkout of 29 packages, one of them for another system, whose pip says what pip says."""
    (checkout.folder / "requirements.txt").write_text("tqdm==4.67.0\n" * 29)
    collecting = "\n".join(["Collecting tqdm==4.67.0 (from -r requirements.txt (line 2))"] * 26)
    (checkout.folder / "said").write_text(PIP_SAYS.format(collecting=collecting))
    return checkout


def test_a_log_tells_of_some_packages(talkative):
    told = talkative.make("install")[1].splitlines()
    assert told[1:] == ["  25 of 28 packages", "Unpacking them: a minute or two."]


def test_a_terminal_tells_of_each_package_in_one_line(talkative):
    ours, theirs = os.openpty()
    process = talkative.start("install", stdout=theirs)
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while more := os.read(ours, 4096):
            told += more
    os.close(ours)
    assert process.wait(20) == 0
    _, line, *_ = told.decode().replace("\r\n", "\n").split("\n")
    steps = [step.split() for step in line.split("\r")[1:]]
    assert [step[0] for step in steps] == [str(n) for n in range(1, 29)] and "secret" not in told.decode()
    assert [step[-1] for step in steps[-3:]] == ["tqdm", "typing_extensions", "charset-normalizer"]


def test_without_wheels_pip_is_left_alone(ready):
    assert (ready.folder / "settings").read_text().split() == os.environ.get("PIP_FIND_LINKS", "").split()


def test_a_folder_without_wheels_is_refused_in_a_sentence(checkout, tmp_path):
    code, said, installed = checkout.make("fetch", f"WHEELS={tmp_path}")
    assert code and installed == [] and f"WHEELS is {tmp_path}, where no packages are" in said


def test_wheels_of_another_kind_are_named_where_the_installation_fails(checkout):
    (checkout.folder / "out" / "wheels").mkdir(parents=True)
    (checkout.folder / "out" / "wheels" / "some.whl").touch()
    (checkout.folder / "fail").touch()
    code, said, _ = checkout.make("fetch")
    assert code and "Packages were to come from" in said and "move that folder away" in said


def test_clean_leaves_the_wheels(ready):
    for name in ("wheels", "slides"):
        (ready.folder / "out" / name).mkdir(parents=True)
    assert ready.start("clean").wait(20) == 0
    assert [path.name for path in (ready.folder / "out").iterdir()] == ["wheels"]
    assert not (ready.folder / ".venv").exists()


def test_changed_requirements_are_installed_into_what_is_there(ready):
    with (ready.folder / "requirements.txt").open("a") as text:
        text.write("# changed\n")
    assert ready.make("fetch")[::2] == (0, MADE[1:])
    assert ready.make("fetch")[::2] == (0, [])


@pytest.mark.parametrize("how", [
    lambda make: os.killpg(make.pid, signal.SIGINT), lambda make: os.killpg(make.pid, signal.SIGKILL),
    lambda make: make.terminate(),
], ids=["ctrl-c", "kill -9", "terminate"])
def test_an_installation_cut_short_is_made_anew(checkout, how):
    code, said = checkout.stopped(how)
    assert code and "Traceback" not in said
    assert checkout.make("fetch")[::2] == (0, MADE)
    assert checkout.make("fetch")[::2] == (0, [])


def test_an_update_cut_short_is_made_anew(ready):
    with (ready.folder / "requirements.txt").open("a") as text:
        text.write("# changed\n")
    ready.stopped(lambda make: os.killpg(make.pid, signal.SIGKILL))
    assert ready.make("fetch")[::2] == (0, MADE)


def test_packages_that_fail_to_install_fail_make(checkout):
    (checkout.folder / "fail").touch()
    code, said, _ = checkout.make("fetch")
    assert code and "The installation failed" in said and "Traceback" not in said and "camlib fetch" not in said
    (checkout.folder / "fail").unlink()
    assert checkout.make("fetch")[::2] == (0, MADE)


def test_an_environment_cut_short_before_pip_is_made_anew(checkout):
    (checkout.folder / "no_ensurepip").touch()  # leaves a Python and no pip, as a kill within `python -m venv` does
    (checkout.folder / "no_pip").touch()
    assert checkout.make("fetch")[0] and (checkout.folder / ".venv" / "bin" / "python").exists()
    for name in ("no_ensurepip", "no_pip"):
        (checkout.folder / name).unlink()
    assert checkout.make("fetch")[::2] == (0, MADE)


def test_a_pip_that_outlives_a_killed_make_is_waited_for(checkout):
    """It would go on writing into the environment that the next make makes."""
    (checkout.folder / "stall").touch()
    first = checkout.start("fetch")
    wait_for((checkout.folder / "stalled").exists)
    for pid in (first.pid, int((checkout.folder / "stalled").read_text())):  # make and install.py, not the pip below
        os.kill(pid, signal.SIGKILL)
    (checkout.folder / "stall").unlink()
    checkout.asked()
    second = checkout.start("fetch")
    assert "waiting for it to end" in second.stdout.readline()
    time.sleep(0.2)
    assert second.poll() is None and checkout.installed() == []
    os.killpg(first.pid, signal.SIGKILL)
    second.communicate(timeout=20)
    first.communicate(timeout=20)
    assert second.returncode == 0 and checkout.installed() == MADE


def test_two_makes_at_once_install_once(checkout):
    makes = [checkout.start("fetch") for _ in range(2)]
    for make in makes:
        make.communicate(timeout=20)
    assert [make.returncode for make in makes] == [0, 0] and checkout.installed() == MADE


def test_a_moved_checkout_is_made_anew(ready):
    moved = ready.folder.rename(ready.folder.parent / "moved")
    assert Checkout(moved, ready.environment["PYTHONPATH"]).make("fetch")[::2] == (0, MADE)


def test_a_copied_checkout_gets_its_own_environment(ready):
    copied = shutil.copytree(ready.folder, ready.folder.parent / "copied", symlinks=True)
    assert Checkout(copied, ready.environment["PYTHONPATH"]).make("fetch")[::2] == (0, MADE)
    assert ready.make("fetch")[::2] == (0, [])


def test_an_environment_that_lost_its_pip_is_made_anew(ready):
    """As when the system's Python is upgraded below it."""
    (ready.folder / ".venv" / "pip").unlink()
    assert ready.make("fetch")[::2] == (0, MADE)


def test_an_environment_that_lost_its_python_is_made_anew(ready):
    python = ready.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert ready.make("fetch")[::2] == (0, MADE)


def test_without_ensurepip_the_pip_at_hand_serves(checkout):
    (checkout.folder / "no_ensurepip").touch()
    code, _, installed = checkout.make("fetch")
    assert code == 0 and installed[:2] == ["venv --clear", "venv --clear --without-pip"]
    assert installed[2].startswith("our pip ['--python'") and installed[3:] == MADE[1:]
    assert checkout.make("fetch")[::2] == (0, [])


def test_without_any_pip_make_says_what_to_install(checkout):
    (checkout.folder / "no_ensurepip").touch()
    (checkout.folder / "no_pip").touch()
    code, said, _ = checkout.make("fetch")
    assert code and "apt-get install python3-venv" in said and "Traceback" not in said


def test_a_python_too_old_is_refused_in_a_sentence(checkout, tmp_path):
    (tmp_path / "fakes" / "sitecustomize.py").write_text("import sys; sys.version_info = (3, 10, 2)")
    code, said, installed = checkout.make("fetch")
    assert code and installed == []
    assert "needs Python 3.11 to 3.13, and this is 3.10" in said and "make PYTHON=python3.12" in said


def test_a_folder_that_cannot_be_written_is_named(checkout):
    (checkout.folder / ".venv.lock").mkdir()  # root may write where permissions forbid it
    code, said, _ = checkout.make("fetch")
    assert code and ".venv.lock" in said and "Traceback" not in said


@pytest.mark.parametrize("user, allowed", [("0", True), ("1000", False)])
def test_lab_runs_as_root_and_is_told_only_then(ready, tmp_path, user, allowed):
    (tmp_path / "fakes" / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (tmp_path / "fakes" / "id").chmod(0o755)
    ready.start("lab", "PORT=9000", "ARGS=--no-browser",
                PATH=f"{tmp_path / 'fakes'}{os.pathsep}{os.environ['PATH']}").communicate(timeout=20)
    lab = next(line for line in ready.asked() if line.startswith("-m jupyterlab"))
    assert ("--allow-root" in lab) == allowed and "--port=9000" in lab and "--no-browser" in lab


def test_a_skipped_browser_is_told_with_the_command_that_helps(tmp_path, monkeypatch):
    def said(*command):
        return subprocess.run([sys.executable, *command], text=True, capture_output=True, check=True, cwd=ROOT).stdout

    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    for name in ("PATH", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "browser"))
    test = "tests/browser/test_slides.py::test_the_speaker_sees_notes_that_the_room_does_not"
    lines = said("-m", "pytest", "-p", "no:cacheprovider", "-rs", "-m", "slow", test).splitlines()
    assert any(line.startswith("SKIPPED [1]") and "-m playwright install chromium" in line for line in lines)
    with playwright.sync_playwright() as driver:
        browser = Path(driver.chromium.executable_path)  # where that command puts it
    browser.parent.mkdir(parents=True)
    browser.touch(mode=0o755)
    assert said("-c", "import lab; print(lab.find_chromium())").strip() == str(browser)


def test_make_test_is_ruff_then_one_run_of_all_suites_that_names_what_was_skipped(ready):
    assert ready.start("test", "ARGS=-k scenes").wait(20) == 0
    ruff, *_, tests = [line for line in ready.asked() if line != "-c import pip"]
    assert ruff == "-m ruff check" and tests.startswith("-m pytest ") and " -rs " in tests
    assert tests.endswith(" tests/unit tests/browser tests/nbval -k scenes")


def test_peers_are_installed_once_for_an_environment(ready):
    (ready.folder / "tests").mkdir()
    (ready.folder / "tests" / "peers.txt").touch()

    def installs():
        assert ready.start("peers").wait(20) == 0
        asked = ready.asked()
        assert asked[-1].startswith("-m pytest -m peers")
        return sum("--target .venv/peers" in line for line in asked)

    assert [installs(), installs()] == [2, 0]
    (ready.folder / ".venv" / "pip").unlink()
    assert [installs(), installs()] == [2, 0]


def test_the_hub_is_installed_once_and_started_where_its_files_go(ready, tmp_path):
    (ready.folder / "deploy").mkdir()
    (ready.folder / "deploy" / "requirements.txt").touch()
    (tmp_path / "fakes" / "npm").write_text('#!/bin/sh\necho npm "$@" >> asked\n')
    (tmp_path / "fakes" / "npm").chmod(0o755)
    path = f"{tmp_path / 'fakes'}{os.pathsep}{os.environ['PATH']}"

    def installs():
        assert ready.start("hub", PATH=path).wait(20) == 0
        return [line for line in ready.asked() if line.startswith("npm ") or "--target .venv/hub" in line]

    first, again = installs(), installs()
    assert len(first) == 2 and again == []
    assert "--constraint requirements.txt" in first[0] and ".venv/proxy" in first[1]
    started = (ready.folder / "out" / "hub" / "asked").read_text().splitlines()
    assert len(started) == 2 and f"-m jupyterhub --config {ready.folder}/deploy/try_hub.py" in started[0]


def test_the_lab_lists_what_a_lecturers_copy_has(ready):
    """`course.edition` is asked where there is a course.toml, for the notebooks that it leaves out."""
    python = ready.folder / ".venv" / "bin" / "python"
    python.write_text(python.read_text() + 'test "$2" = course.edition && echo 02_two 03_three || true\n')

    def opened():
        assert ready.start("lab").wait(20) == 0
        return ready.asked()[-1]

    assert "hide_globs" not in opened()
    (ready.folder / "course.toml").touch()
    assert "--ContentsManager.hide_globs=02_two.ipynb --ContentsManager.hide_globs=03_three.ipynb" in opened()
