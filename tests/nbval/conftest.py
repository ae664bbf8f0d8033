"""nbval on copies of the notebooks, made here: `pytest --nbval-lax --nbval-current-env tests/nbval`."""

import os
from pathlib import Path

import pytest

from course import build

HERE = Path(__file__).parent
WRITABLE = os.access(HERE, os.W_OK)


def pytest_sessionstart(session):
    if hasattr(session.config, "workerinput") or not WRITABLE:
        return  # the process that started this worker has made them
    for stale in HERE.glob("*.ipynb"):
        stale.unlink()
    try:
        for source in build.sources():
            name = f"{source.stem}.ipynb"
            build.write(build.checked(source, build.FOLDER / name), HERE / name)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_ignore_collect(collection_path):
    """Copies that may be old are not run."""
    return True if collection_path.suffix == ".ipynb" and not WRITABLE else None


def pytest_terminal_summary(terminalreporter):
    if not WRITABLE:
        terminalreporter.write_line("SKIPPED tests/nbval: this folder, for copies of the notebooks, cannot be written")


def pytest_collectstart(collector):
    """What nbval need not compare: outputs whose bytes differ between machines. The cells' own checks hold them."""
    if collector.path.suffix == ".ipynb":
        collector.skip_compare += ("stderr", "text/html", "image/jpeg", "image/png")
