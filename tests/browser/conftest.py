"""Fixtures of the browser tests. They are skipped, and say how to change that, where there is no Chromium."""

import contextlib
import signal

import pytest
from lab import CHROMIUM_FLAGS, GET_CHROMIUM, Server, find_chromium, new_context


def pytest_configure(config):
    """A test run that is told to stop stops its servers too."""
    with contextlib.suppress(ValueError):  # only a main thread may ask
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium: {GET_CHROMIUM} (or any package of Chromium or Chrome)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def console_errors():
    return []


@pytest.fixture
def page(browser, console_errors):
    """A page that reaches loopback and files only; what it complains of is in `console_errors`."""
    context = new_context(browser, console_errors)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """JupyterLab over an empty folder, `server.folder`, stopped whatever happens."""
    running = Server(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter"))
    yield running
    running.stop()
