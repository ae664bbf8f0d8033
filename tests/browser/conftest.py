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
def chromium():
    """The path of a Chromium."""
    pytest.importorskip("playwright", reason="no Playwright: pip install playwright")
    return find_chromium() or pytest.skip(f"no Chromium: {GET_CHROMIUM} (or any package of Chromium or Chrome)")


@pytest.fixture(scope="module")
def browser(chromium):
    """For one file: Playwright's event loop would be in the way of what this worker runs next, such as a notebook."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield running
        running.close()


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
def kept(browser):
    """A page that the tests of a file share, for JupyterLab takes seconds to load, and what that complains of."""
    complaints = []
    context = new_context(browser, complaints)
    yield context.new_page(), complaints
    context.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """JupyterLab over a folder, `server.folder`, that the files of one worker share; stopped whatever happens."""
    running = Server(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter"))
    yield running
    running.stop()
