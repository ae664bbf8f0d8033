"""Files that are whole or not there, whoever else writes them at the same time."""

import errno
import functools
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

ROOT = Path(__file__).parents[1]  # of the course: `data` and `notebooks` lie here, beside the package
_PACKED = Path(__file__).with_name("shipped")  # is there where a wheel was installed: pyproject.toml puts `data` there
DATA = _PACKED if _PACKED.is_dir() else ROOT / "data"
WORK = Path.cwd() if _PACKED.is_dir() else ROOT  # where `runs` goes
PART, LOCK = ".part-", ".lock"  # begins the name of a folder of what is being written; says in it that somebody is
YOUNG = 24 * 3600  # seconds: such a folder may still be written to, by a machine whose locks are not seen here


def expanded(path):
    """A path as a person writes it, as `Path`: ~ is the home folder, ~name the one of somebody who has one here."""
    return Path(os.path.expanduser(path))


def readable(path):
    """A path as text that every file and screen can show: bytes that are not UTF-8 as \\xe9."""
    return os.fsencode(path).decode(errors="backslashreplace")


@contextmanager
def whole_file(path):
    """A temporary path to write to, of the same name in a folder of its own, that becomes `path` once all is written.

    Makes the folder of `path` where it is missing. Where `path` is a link, the file that it leads to is replaced;
    what is no regular file (a device, a pipe) stays what it is, and the bytes are written to it at the end. After an
    exception nothing is left, and what `path` held is as it was; what a killed process left in the folder is removed a
    day later. Raises OSError where nothing can be written, IsADirectoryError for a folder.
    """
    path = expanded(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a folder, where the name of a file was expected", str(path))
    irregular = path.exists() and not path.is_file()
    if not irregular:
        path = Path(os.path.realpath(path))
        path.parent.mkdir(parents=True, exist_ok=True)
    with _part_folder(None if irregular else path.parent) as folder:
        part = folder / path.name
        yield part
        if irregular:
            with open(part, "rb") as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
        else:
            os.replace(part, path)


@contextmanager
def _part_folder(parent):
    """A temporary folder in `parent` (None: where the system has its own), locked for as long as it is in use."""
    if parent:
        _sweep(parent)
    with tempfile.TemporaryDirectory(prefix=PART, dir=parent) as folder:
        lock = filelock.FileLock(Path(folder, LOCK))
        with suppress(OSError, NotImplementedError):  # a file system without locks: nothing is ever swept there
            lock.acquire(timeout=0)
        try:
            yield Path(folder)
        finally:
            lock.release()


@functools.cache  # once a process
def _sweep(parent):
    """Remove the folders in `parent` that processes which were killed have left: nobody holds their locks."""
    for left in parent.glob(f"{PART}*"):
        with suppress(OSError, NotImplementedError):  # it is in use, or has just gone
            if time.time() - left.stat().st_mtime > YOUNG:
                with filelock.FileLock(left / LOCK).acquire(timeout=0):
                    shutil.rmtree(left)


@contextmanager
def one_process_at_a_time(path, waiting):
    """Hold a lock file beside `path`; prints `waiting` where another process has it for a second, and waits for that.

    Raises OSError where no lock file can be made.
    """
    path = Path(path)
    check_writable(path.parent)  # filelock takes a folder that accepts no files for a lock held by somebody else
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=1)
    except filelock.Timeout:
        print(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def check_writable(folder):
    """Raise OSError where no file can be made in `folder`, found by trying: permissions do not tell of /proc."""
    tempfile.TemporaryFile(dir=folder).close()
