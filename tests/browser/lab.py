"""JupyterLab in a real browser: a server that leaves no trace, and a notebook page that a test can drive."""

import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat

ROOT = Path(__file__).parents[2]
LABS_OWN = "Could not restore the debugger state"  # JupyterLab's debugger, asked as its kernel is shut down
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                  "--disable-background-networking", "--disable-component-update"]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell stays in the page
}
GET_CHROMIUM = f"{shlex.quote(sys.executable)} -m playwright install chromium"


def find_chromium():
    """The path of an installed Chromium, the system's or Playwright's own, or None. Not for use within Playwright."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        return shutil.which(driver.chromium.executable_path)


def sphinx(pages, site):
    """Make the site of a folder of pages, as the Makefile does."""
    places = [str(ROOT), str(ROOT / ".venv" / "docs"), os.environ.get("PYTHONPATH", "")]
    subprocess.run([sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", pages, site],
                   env=os.environ | {"PYTHONPATH": os.pathsep.join(places)}, check=True)
    for template in Path(site).rglob("*macros.html"):
        template.unlink()


def new_context(browser, errors=None, **options):
    """A browser context that reaches loopback and files and nothing else; page errors are added to `errors`."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}} | options)
    context.set_default_timeout(90_000)  # a busy machine is slow, not wrong
    local = (None, "", "127.0.0.1", "localhost")
    context.route("**/*", lambda route: route.continue_() if urlsplit(route.request.url).hostname in local
                  else route.abort("blockedbyclient"))
    if errors is not None:
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda message: errors.append(message.text) if message.type == "error"
                   and not message.text.startswith(LABS_OWN) else None)
    return context


class Server:
    """JupyterLab over the notebooks of a folder, on a free port, with configuration and home of its own."""

    def __init__(self, folder, scratch, theme="JupyterLab Light"):
        self.folder, self.token = Path(folder), secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = isolated_environment(scratch)
        themed = SETTINGS | {"apputils-extension/themes": {"theme": theme}}
        for name, values in themed.items():
            path = Path(scratch, "settings", "@jupyterlab", f"{name}.jupyterlab-settings")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        self.log = Path(scratch, "server.log")
        options = {
            "ServerApp.ip": "127.0.0.1", "ServerApp.port": self.port, "ServerApp.port_retries": 0,
            "IdentityProvider.token": self.token, "ServerApp.open_browser": False, "ServerApp.root_dir": self.folder,
            "ServerApp.allow_root": True, "LabApp.expose_app_in_browser": True, "LabApp.check_for_updates_class":
            "jupyterlab.NeverCheckForUpdate", "ServerApp.shutdown_no_activity_timeout": 1800,
        }
        command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log,
                                            start_new_session=True)
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    def _wait_until_up(self, timeout=90):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api?token={self.token}", timeout=5).close()
                return
            time.sleep(0.2)
        raise TimeoutError(f"JupyterLab did not answer in {timeout} s:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        """End the server and its kernels; waits, then insists."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
                return

    def trust(self, *names):
        """Sign notebooks, as their author's `jupyter trust` would."""
        subprocess.run([sys.executable, "-m", "jupyter", "trust", *names], cwd=self.folder, env=self.environment,
                       check=True, timeout=60, capture_output=True)


def isolated_environment(scratch):
    """The environment of a user with empty folders, who has `camlib` and whatever it downloaded before."""
    from camlib.data import registry

    folders = {"HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "share",
               "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings",
               "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    paths = {name: str(Path(scratch, folder)) for name, folder in folders.items()}
    for path in paths.values():
        Path(path).mkdir(parents=True, exist_ok=True)
    python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | paths | {"PYTHONPATH": python_path, "CAMLIB_DATA": str(registry.cache_folder()),
                                 "TF_CPP_MIN_LOG_LEVEL": "3"}


class Notebook:
    """A notebook open in JupyterLab; in a page where another one is open already, in place of that."""

    def __init__(self, page, server, name):
        self.page, self.server, self.name = page, server, name
        if page.evaluate("Boolean(window.jupyterapp)"):
            page.evaluate("jupyterapp.shell.currentWidget.dispose()")
            page.evaluate("(path) => void jupyterapp.commands.execute('docmanager:open', { path })", name)
        else:
            page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{name}?token={server.token}&reset")
        page.wait_for_function("""(path) => {
            const context = window.jupyterapp?.shell?.currentWidget?.context;
            return context?.path === path && context.isReady;
        }""", arg=name)
        page.evaluate("jupyterapp.shell.currentWidget.sessionContext.ready")
        page.wait_for_function(f"{KERNEL}?.status === 'idle'", timeout=90_000)
        page.evaluate("jupyterapp.commands.execute('application:set-mode', { mode: 'single-document' })")

    def run_all(self, timeout=300):
        """Run every cell and wait until all have an answer; `timeout` in seconds."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(
            f"{CELLS}.every((cell) => cell.model.type !== 'code' || !cell.model.sharedModel.source.trim()"
            f" || (cell.model.executionCount && cell.model.executionState !== 'running'))"
            f" && {KERNEL}.status === 'idle'", timeout=1000 * timeout)

    def run_code(self, code):
        """What the kernel prints for `code`, outside any cell."""
        return self.page.evaluate(
            f"""async (code) => {{
                let text = "";
                const future = {KERNEL}.requestExecute({{ code, store_history: false }});
                future.onIOPub = ({{ header, content }}) => {{
                    if (header.msg_type === "stream") text += content.text;
                    if (header.msg_type === "error") text += content.ename + ": " + content.evalue;
                }};
                await future.done;
                return text.trim();
            }}""", code)

    def errors(self):
        """The error outputs of all cells, as text."""
        return self.page.evaluate(
            f"{CELLS}.flatMap((cell) => cell.model.type === 'code' ? cell.model.outputs.toJSON() : [])"
            ".filter((output) => output.output_type === 'error').map((o) => `${o.ename}: ${o.evalue}`)")

    def save(self):
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")

    def restart(self):
        """Restart the kernel and wait for it."""
        self.page.evaluate(f"{KERNEL}.restart()")
        self.page.wait_for_function(f"{KERNEL}?.status === 'idle'")

    def shut_down(self):
        """Shut the kernel down, as closing the notebook for the day does."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")


KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
CELLS = "jupyterapp.shell.currentWidget.content.widgets"


def write_notebook(path, *cells):
    """A notebook of code cells, not run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return Path(path)


def settles(read, expected, page, seconds=30):
    """Wait until `read()` gives `expected`: messages to the kernel take their time."""
    for _ in range(10 * seconds):
        if (value := read()) == expected:
            return
        page.wait_for_timeout(100)
    assert value == expected


def contrasts(page, texts):
    """(contrast, words, tag) of each element with words: of its ink with what lies behind it, by WCAG 2.

    texts: what gives the elements, in JavaScript, an array. A shadow root lies on its host.
    """
    return page.evaluate("""(texts) => {
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => v / 255)
                .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (node) => {
            const colour = getComputedStyle(node).backgroundColor;
            return /, 0\\)$/.test(colour) ? behind(node.parentElement ?? node.getRootNode().host) : colour;
        };
        const words = (node) => node.innerText || String(node.value ?? "");
        return eval(texts).filter((node) => node.checkVisibility() && words(node).trim()).map((node) => {
            const [ink, paper] = [getComputedStyle(node).color, behind(node)].map(light);
            return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), words(node), node.tagName];
        });
    }""", texts)


def pixels(page, explorer=0, selector=".picture"):
    """A fingerprint of what an explorer's canvas shows, read in the page after the next frame."""
    return page.locator(".camlib-explorer").nth(explorer).locator(selector).evaluate(
        """(canvas) => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
            const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let hash = 0;
            for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
            done(hash);
        })))""")
