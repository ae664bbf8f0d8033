"""Files that are whole or not there, whoever else writes them at the same time."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import filelock


@contextmanager
def whole_file(path):
    """A temporary path to write to, beside `path`, that takes the name `path` once all is written.

    Makes the folder where it is missing. After an exception nothing is left, and what `path` held is as it was.
    Raises OSError where nothing can be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o666 & ~_umask())  # mkstemp hides its files from everybody else
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def one_process_at_a_time(path, waiting):
    """Hold a lock file beside `path`; prints `waiting` where another process has it for a second, and waits for that."""
    path = Path(path)
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


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
