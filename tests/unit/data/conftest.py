"""A server that behaves as it is told, and an empty cache to which it is the only source."""

import contextlib
import hashlib
import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from camlib.data import download, registry

DATA = random.Random(0).randbytes(200_000)


def ranged(request):
    if not request.start:
        return request.answer(200, DATA)
    if request.start >= len(DATA):
        return request.answer(416, b"")
    request.answer(206, DATA[request.start:],
                   {"Content-Range": f"bytes {request.start}-{len(DATA) - 1}/{len(DATA)}"})


class Request(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.start = int(asked[1]) if asked else 0
        self.server.starts.append(self.start)
        behaviours = self.server.behaviours
        (behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])(self)

    def answer(self, code, data, headers=None):
        self.send_response(code)
        for name, value in ({"Content-Length": len(data)} | (headers or {})).items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client has seen enough
            self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """behaviours: one for each request, the last for all further ones. starts: the first byte that each asked for."""
    monkeypatch.setattr(download, "BACKOFF", 0.01)
    monkeypatch.setattr(download, "TIMEOUT", (2, 0.5))
    monkeypatch.setattr(download, "CHUNK", 1000)
    with ThreadingHTTPServer(("127.0.0.1", 0), Request) as server:
        server.daemon_threads = True
        server.behaviours, server.starts, server.released = [ranged], [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/data.bin"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def register(cache, monkeypatch):
    """Have the registry hold DATA alone, under the name data.bin, with the sources given."""
    def add(*sources):
        file = registry.RemoteFile("data.bin", hashlib.sha256(DATA).hexdigest(), len(DATA), "none", "noise", sources)
        monkeypatch.setattr(registry, "REGISTRY", {"data.bin": file})
    return add


@pytest.fixture
def served(server, register):
    """data.bin comes from the server."""
    register(download.Address(server.url))
    return server
