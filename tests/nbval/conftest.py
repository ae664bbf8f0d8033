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


def pytest_collection_modifyitems(config, items):
    """The longest start first: 03 trains, and of the others the later take longer. Cells keep their order."""
    if config.option.nbval_lax:
        items.sort(key=lambda item: (item.path.name.startswith("03"), item.path.name), reverse=True)
