"""A classroom: learners who log in to JupyterHub at the same time and run the same notebook from top to bottom.

    python tests/benchmarks/classroom.py 1 2      classes of one and of two, against .venv/hub (`make hub` installs it)

Everything is as deploy/try_hub.py has it: a login, a server of one's own, its kernel, each over HTTP and a websocket.
Memory is of a learner's server and kernel: all of it (PSS, in which processes that share a page share its cost), and
what is theirs alone (the anonymous part), which is what one learner more costs. Files that are mapped, TensorFlow for
the most part, are in memory once for all.
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
LESSONS = {  # name: (notebook, whether the trained run is taken away first, the minutes that README.md gives it)
    "00": ("00_start_here.ipynb", False, 10),
    "04": ("04_class_activation_maps.ipynb", False, 60),
    "03": ("03_lenet_gap.ipynb", False, 45),
    "03-training": ("03_lenet_gap.ipynb", True, 45),
}
PASSWORD = secrets.token_urlsafe(9)
PATIENCE = 3600  # seconds for a lesson
CORE_SECOND = os.sysconf("SC_CLK_TCK")


def measure(counts, lessons=LESSONS):
    """A dict a class: of how many, its lesson, and its medians; printed as a table, too."""
    rows = []
    print("                           seconds            megabytes  seconds of            | extrapolated:\n"
          "learners  lesson       running    all   rest   peak    own  processor  failures |    a GiB    a core")
    for lesson in lessons:
        for count in counts:
            rows.append(row := _class(count, lesson))
            print(f"{count:8}  {lesson:12}{row['running_s']:8.0f}{row['finished_s']:7.0f}{row['rest_mb']:7.0f}"
                  f"{row['peak_mb']:7.0f}{row['own_mb']:7.0f}{row['processor_s']:11.0f}{row['failures']:10} |"
                  f"{row['learners_per_gib']:9.2f}{row['learners_per_core']:10.1f}", flush=True)
            for failure in row["what"]:
                print("          ", failure)
    return rows


def _class(count, lesson):
    notebook, trains, minutes = LESSONS[lesson]
    with tempfile.TemporaryDirectory(prefix="class-") as folder, _hub(Path(folder)) as address:
        learners = [Learner(address, f"learner{n}", Path(folder, "homes")) for n in range(count)]
        with _watch(learners), ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda learner: learner.run(notebook, trains), learners))
        log = Path(folder, "hub.log").read_text()[-3000:]
    rest, peak, own, processor = (statistics.mean(getattr(learner, part) for learner in learners)
                                  for part in ("rest", "peak", "own", "processor"))
    failures = [learner.failure for learner in learners if learner.failure]
    return {
        "learners": count, "lesson": lesson,
        "rest_mb": rest, "peak_mb": peak, "own_mb": own, "processor_s": processor,
        "running_s": statistics.median(x.running for x in learners),
        "finished_s": statistics.median(x.finished for x in learners),
        "failures": len(failures), "what": failures and [*failures, log],
        "learners_per_gib": 1024 / own if own else 0.0,  # every peak at the same moment
        "learners_per_core": 60 * minutes / processor if processor else 0.0,  # each cell once in the lesson's minutes
    }


@dataclass
class Learner:
    """One learner: what they do, and what that took, in seconds and MB."""

    hub: str
    name: str
    homes: Path
    running: float = float("nan")  # from the login to the end of the first cell
    finished: float = float("nan")
    rest: float = float("nan")  # memory after the first cell
    memory: float = 0.0
    peak: float = 0.0
    own: float = 0.0  # the part of it that nobody shares, at its own peak
    processor: float = 0.0
    failure: str = ""

    def run(self, notebook, trains):
        """Log in and run a notebook; a failure is kept, not raised."""
        start = time.perf_counter()
        try:
            self._log_in()
            if trains:
                shutil.rmtree(self.homes / self.name / "cam-course/runs/lenet_gap")
            for done, _ in enumerate(self._cells(f"cam-course/{notebook}")):
                if not done:
                    self.running, self.rest = time.perf_counter() - start, self.memory
            self.finished = time.perf_counter() - start
        except Exception as error:
            self.failure = f"{self.name}, after {time.perf_counter() - start:.0f} s: {type(error).__name__}: {error}"

    def _log_in(self):
        """Through the form, as any name, until the server's page comes."""
        self.session = requests.Session()
        self.session.get(f"{self.hub}/hub/login").raise_for_status()
        form = {"username": self.name, "password": PASSWORD, "_xsrf": self.session.cookies["_xsrf"]}
        self.session.post(f"{self.hub}/hub/login", params={"next": "/hub/spawn"}, data=form).raise_for_status()
        self.home = f"{self.hub}/user/{self.name}"
        end = time.perf_counter() + 300
        while not (page := self.session.get(f"{self.home}/lab")).ok or not page.url.startswith(f"{self.home}/lab"):
            if time.perf_counter() > end:
                raise TimeoutError(f"no server: {page.url} answers {page.status_code}")
            time.sleep(0.5)
        self.xsrf = next(x.value for x in self.session.cookies if x.name == "_xsrf" and self.name in x.path)

    def _cells(self, path):
        """Run the notebook's cells in a kernel, one after the other; yields after each, raises where one fails."""
        cells = self._ask("GET", f"contents/{path}")["content"]["cells"]
        about = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self._ask("POST", "sessions", json=about)["kernel"]["id"]
        with contextlib.closing(self._channels(kernel)) as channels:
            for number, cell in enumerate(cells):
                if cell["cell_type"] == "code":
                    yield _execute(channels, "".join(cell["source"]), f"cell {number}")

    def _ask(self, method, path, **options):
        headers = {"X-XSRFToken": self.xsrf}
        answer = self.session.request(method, f"{self.home}/api/{path}", headers=headers, timeout=120, **options)
        answer.raise_for_status()
        return answer.json()

    def _channels(self, kernel):
        import websocket

        cookies = requests.cookies.get_cookie_header(self.session.cookies, requests.Request("GET", self.home + "/api"))
        address = f"{self.home}/api/kernels/{kernel}/channels?_xsrf={self.xsrf}".replace("http", "ws", 1)
        return websocket.create_connection(address, cookie=cookies, origin=self.hub, timeout=PATIENCE)


def _execute(channels, code, name):
    """Run code in the kernel; RuntimeError where it raises."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "class", "username": "",
              "version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
               "stop_on_error": True}
    channels.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                              "channel": "shell", "buffers": []}))
    while True:
        opcode, data = channels.recv_data()
        message = json.loads(data) if opcode == 1 else {}  # binary: figures of widgets
        if message.get("msg_type") == "execute_reply" and message["parent_header"].get("msg_id") == header["msg_id"]:
            if message["content"]["status"] != "ok":
                raise RuntimeError(f"{name}: {message['content'].get('ename')}: {message['content'].get('evalue')}")
            return
        if message.get("msg_type") == "status" and message["content"]["execution_state"] in ("dead", "restarting"):
            raise RuntimeError(f"{name}: the kernel died")


@contextlib.contextmanager
def _hub(folder):
    """JupyterHub in `folder`, at an address; nothing of it is left at the end."""
    port, inner, proxy = _free_ports(3)
    command = [sys.executable, "-m", "jupyterhub", "--config", str(ROOT / "deploy" / "try_hub.py"),
               f"--JupyterHub.hub_port={inner}", f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy}"]
    environment = os.environ | {"PORT": str(port), "PYTHONPATH": str(ROOT / ".venv" / "hub"), "HUB_PASSWORD": PASSWORD}
    with open(folder / "hub.log", "w") as log:
        hub = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}/hub/login", hub, folder / "hub.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            hub.terminate()  # and it stops the learners' servers, and the proxy
            with contextlib.suppress(subprocess.TimeoutExpired):
                hub.wait(60)
            for pid in [pid for pid, about in _processes() if str(folder) in about.get("HOME", "")]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(hub.pid, signal.SIGKILL)


def _wait_for(address, hub, log):
    end = time.perf_counter() + 120
    while time.perf_counter() < end and hub.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(address, timeout=5).ok:
                return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterHub does not answer:\n{log.read_text()[-2000:]}")


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def _watch(learners):
    """Fill in memory and processor time of each learner's processes, twice a second."""
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            found = list(_processes())
            for learner in learners:
                home = str(learner.homes / learner.name)
                mine = [pid for pid, about in found if about.get("HOME") == home]
                learner.memory, own = (sum(_memory(pid, kind) for pid in mine) for kind in ("Pss", "Pss_Anon"))
                learner.peak, learner.own = max(learner.peak, learner.memory), max(learner.own, own)
                learner.processor = max(learner.processor, sum(map(_processor, mine)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _processes():
    """(process id, its environment) of each process that may be looked at."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            yield int(folder.name), dict(line.split("=", 1) for line in lines if "=" in line)


def _memory(pid, kind):
    """A line of the kernel's account of a process, MB; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _processor(pid):
    """Seconds of processor time so far; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CORE_SECOND
    return 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learners", nargs="+", type=int)
    parser.add_argument("--lesson", nargs="+", choices=list(LESSONS), default=list(LESSONS))
    options = parser.parse_args()
    measure(options.learners, options.lesson)
