"""nbval on copies of the notebooks, made here: `pytest --nbval-lax --nbval-current-env tests/nbval`."""

from pathlib import Path

import pytest

from course import build

HERE = Path(__file__).parent


def pytest_sessionstart(session):
    if hasattr(session.config, "workerinput"):
        return  # the process that started this worker has made them
    for stale in HERE.glob("*.ipynb"):
        stale.unlink()
    try:
        for source in build.sources():
            name = f"{source.stem}.ipynb"
            build.write(build.checked(source, build.FOLDER / name), HERE / name)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collectstart(collector):
    """What nbval need not compare: outputs whose bytes differ between machines. The cells' own checks hold them."""
    if collector.path.suffix == ".ipynb":
        collector.skip_compare += ("stderr", "text/html", "image/jpeg", "image/png")
