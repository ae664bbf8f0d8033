"""What the Makefile's targets run first: see that .venv holds camlib and what requirements.txt pins.

An installation removes .venv/ready first and writes it last: the folder it is in, and a hash of what was asked for.
So an environment that was cut short, moved or copied, or that lost its Python, is not taken for ready, but made anew.
Where out/wheels is, or WHEELS names such a folder, filled by `make wheels` on a machine of the same kind, packages and
data come from there and nothing is asked of a network. Needs Python alone and, as make does, Linux or macOS.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
READY = VENV / "ready"
PIP_INSTALL = ("-m", "pip", "--disable-pip-version-check", "install")
PACKAGE = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) (?:[^=(]*/)?([\w.]+(?:-[a-zA-Z]\w*)*)")
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
WHEELS = Path(os.environ.get("WHEELS") or ROOT / "out" / "wheels").resolve()
COPY_DATA = """
import pathlib, shutil, sys
from camlib.data.registry import cache_folder, cached
cache_folder().mkdir(parents=True, exist_ok=True)
for file in pathlib.Path(sys.argv[1]).glob("[!.]*"):
    cached(file.name) or shutil.copy(file, cache_folder())
"""


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaving `subprocess.run` so stops pip, too
    asked = b"".join((ROOT / name).read_bytes() for name in ("requirements.txt", "pyproject.toml"))
    wanted = [str(ROOT), hashlib.sha256(asked).hexdigest()]
    if found() == wanted:
        return
    with alone() as lock:
        before = found()
        if before != wanted:  # the installation that was waited for may have done it
            install(lock, anew=before[:1] != wanted[:1])
            READY.write_text("\n".join(wanted))


def found():
    """The folder and the hash in .venv/ready; neither where the environment's Python does not run or has no pip."""
    try:
        subprocess.run([str(PYTHON), "-c", "import pip"], check=True, **SILENT)
        return READY.read_text().splitlines()
    except (OSError, subprocess.CalledProcessError):
        return []


@contextlib.contextmanager
def alone():
    """One installation at a time. The lock is to be passed on to pip, which outlives a make that is killed."""
    with open(str(VENV) + ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is under way in this folder: waiting for it to end.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def install(lock, anew):
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"The course needs Python 3.11 to 3.13, and this is {version}: name another, as in "
                 "make PYTHON=python3.12")
    if os.environ.get("WHEELS") and not offline():
        sys.exit(f"WHEELS is {WHEELS}, where no packages are: name the folder that make wheels has filled, out/wheels")
    print(f"Installing the course into .venv{f' from {WHEELS}' * offline()}: 2 GB, some minutes.", flush=True)
    if READY.exists():
        READY.unlink()
    if anew:
        make_environment(lock)
    install_packages(lock)
    run(lock, PYTHON, *PIP_INSTALL, "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    if offline():
        run(lock, PYTHON, "-c", COPY_DATA, WHEELS / "data")


def install_packages(lock):
    """What requirements.txt pins. Tells how many packages pip has found: each in a terminal, in a log every 25th."""
    total, done, live = len((ROOT / "requirements.txt").read_text().splitlines()), 0, sys.stdout.isatty()
    command = [str(PYTHON), *PIP_INSTALL, "--progress-bar", "off", "--requirement", "requirements.txt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace", **around(lock)) as pip:
        try:
            for line in pip.stdout:
                total -= line.startswith("Ignoring ")  # is for another system
                if package := PACKAGE.match(line):
                    done = min(done + 1, total)
                    if live:
                        print(f"\r{done:4} of {total} packages: {package[1]:<40}", end="", flush=True)
                    elif done % 25 == 0:
                        print(f"{done:4} of {total} packages", flush=True)
                elif line.startswith("Installing "):
                    print("\n" * live + "Unpacking them: a minute or two.", flush=True)
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise subprocess.CalledProcessError(pip.returncode, command)


def offline():
    """Whether there are packages to install from without a network."""
    return any(WHEELS.glob("*.whl"))


def make_environment(lock):
    """An empty .venv with pip: by ensurepip or, where Python lacks it (Debian's python3-venv), by the pip at hand."""
    new = (sys.executable, "-m", "venv", "--clear")
    try:
        run(lock, *new, VENV, **SILENT)
    except subprocess.CalledProcessError:
        run(lock, *new, "--without-pip", VENV)
        try:
            run(lock, sys.executable, "-m", "pip", "--python", PYTHON, *PIP_INSTALL[2:], "--quiet", "pip")
        except subprocess.CalledProcessError:
            sys.exit("This Python cannot put pip into an environment: install its venv module (on Debian and Ubuntu: "
                     "apt-get install python3-venv), then run make again")


def run(lock, *command, **options):
    subprocess.run([str(word) for word in command], check=True, **around(lock), **options)


def around(lock):
    """What every process is started with: the lock, and packages from the folder of wheels where there is one."""
    # An address, for pip splits what it reads here at spaces; no file of settings, which may name other places.
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS.as_uri(), "PIP_CONFIG_FILE": os.devnull} if offline() else {}
    return {"cwd": str(ROOT), "pass_fds": [lock.fileno()], "env": {**os.environ, **pip}}


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped: the next make begins the installation again")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The installation failed, and the next make begins it again: {error}" + offline() * (
            f"\nPackages were to come from {WHEELS}, which has them for the system and Python that make wheels ran on "
            "and for requirements.txt as it was then. With a connection, move that folder away, then run make again."))
