"""Files that are whole or not there, whoever else writes them at the same time."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


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


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
