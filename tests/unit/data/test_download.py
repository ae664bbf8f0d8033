"""Downloads from a real server on this machine."""

import contextlib
import gzip
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from camlib.data import download, registry

ROOT = Path(__file__).parents[3]
DATA = random.Random(0).randbytes(200_000)
HALF = len(DATA) // 2
CHUNK = download.CHUNK  # outside of these tests


def rest(request):
    """What was asked for."""
    request.answer(206 if request.start else 200, DATA[request.start:])


def whole(request):
    request.answer(200, DATA)


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


def get():
    return registry.fetch("data.bin", progress=False)


def leave(cache, name, data):
    cache.mkdir(exist_ok=True)
    (cache / name).write_bytes(data)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_fetched_once_and_then_read_from_the_cache(served, cache):
    assert registry.cached("data.bin") is None
    path = get()
    assert path == cache / "data.bin" == registry.cached("data.bin")
    assert path.read_bytes() == DATA
    assert get() == path and served.starts == [0]
    assert files(cache) == ["data.bin"]


def test_a_transfer_that_is_cut_off_is_resumed(served):
    served.behaviours = [cut, rest]
    assert get().read_bytes() == DATA
    assert len(served.starts) == 2 and 0 < served.starts[1] <= HALF


def test_a_transfer_that_stalls_is_resumed(served):
    served.behaviours = [stall, rest]
    assert get().read_bytes() == DATA
    assert len(served.starts) == 2 and 0 < served.starts[1] <= HALF


def test_a_server_without_ranges_is_asked_for_everything_again(served, cache):
    leave(cache, "data.bin.part", DATA[:1234])
    served.behaviours = [whole]
    assert get().read_bytes() == DATA
    assert served.starts == [1234]


def test_a_connection_that_keeps_breaking_still_gets_there(served):
    """Each request brings something, so there is no limit to their number."""
    def a_tenth(request):
        missing = DATA[request.start:]
        request.answer(206 if request.start else 200, missing[:len(DATA) // 10], {"Content-Length": len(missing)})
    served.behaviours = [a_tenth]
    assert get().read_bytes() == DATA
    assert len(served.starts) > 2 * download.ATTEMPTS


def test_what_arrived_before_a_break_is_kept(served, cache, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", CHUNK)
    served.behaviours = [cut, status(404)]
    with pytest.raises(registry.FetchError, match="answered 404"):
        get()
    assert HALF - 10_000 < (cache / "data.bin.part").stat().st_size <= HALF


def test_a_passing_server_error_is_retried(served):
    served.behaviours = [status(500), status(503), rest]
    assert get().read_bytes() == DATA


def test_a_lasting_server_error_is_given_up(served):
    served.behaviours = [status(500)]
    with pytest.raises(registry.FetchError, match="answered 500"):
        get()
    assert len(served.starts) == download.ATTEMPTS


@pytest.mark.parametrize("location", ["http://[::1/x", "http://a..b/", "http:///x", "http://127.0.0.1:99999999/",
                                      "http://.example.invalid/", "ftp://127.0.0.1/x", "http://127.0.0.1:x/", "//"])
def test_a_redirect_to_no_address_is_a_clear_error(served, location):
    served.behaviours = [lambda request: request.answer(302, b"", {"Location": location})]
    with pytest.raises(registry.FetchError, match="no source delivered it"):
        get()


def test_certificates_that_are_not_there_are_a_matter_of_the_connection(register, cache, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    register(download.Address("https://127.0.0.1:9/data.bin"))
    with pytest.raises(registry.FetchError, match="no source delivered it.*(?s:.*)/nowhere"):
        get()


@pytest.mark.parametrize("code", [403, 404])
def test_a_refusal_is_not_retried_and_the_message_says_what_to_do(served, cache, code):
    served.behaviours = [status(code)]
    with pytest.raises(registry.FetchError) as error:
        get()
    assert len(served.starts) == 1
    for part in ("data.bin", str(cache), f"{served.url}: answered {code}",
                 "python -m camlib fetch data.bin", "CAMLIB_DATA"):
        assert part in str(error.value)


def test_the_next_source_is_tried_and_every_failure_is_told(server, register):
    missing, refused = download.Address(server.url), download.Address("http://127.0.0.1:9/data.bin")
    register(missing, refused)
    server.behaviours = [status(404)]
    with pytest.raises(registry.FetchError) as error:
        get()
    assert f"{missing.url}: answered 404" in str(error.value)
    assert f"{refused.url}: connection failed" in str(error.value)
    register(refused, missing)
    server.behaviours = [rest]
    assert get().read_bytes() == DATA


def test_a_partial_file_as_long_as_the_whole_is_not_asked_for(served, cache):
    leave(cache, "data.bin.part", DATA)
    assert get().read_bytes() == DATA and served.starts == []


@pytest.mark.parametrize("rest", [b"\0" * HALF, b"\0" * len(DATA), b"\0" * (len(DATA) + 1)],
                         ids=["too short", "of the right length", "too long"])
def test_a_partial_file_with_wrong_bytes_is_replaced(served, cache, rest):
    leave(cache, "data.bin.part", rest)
    assert get().read_bytes() == DATA
    assert files(cache) == ["data.bin"]


def test_a_server_that_resumes_at_the_wrong_place_is_asked_for_everything(served, cache):
    leave(cache, "data.bin.part", DATA[:1234])
    wrong = {"Content-Range": f"bytes 99-{len(DATA) - 1}/{len(DATA)}"}
    served.behaviours = [lambda request: request.answer(206, DATA[99:], wrong), rest]
    assert get().read_bytes() == DATA and served.starts == [1234, 0]


def test_a_server_that_likes_to_compress_is_asked_not_to(served):
    served.behaviours = [compressing]
    assert get().read_bytes() == DATA


def test_an_endless_answer_is_left(served, cache):
    served.behaviours = [endless]
    with pytest.raises(registry.FetchError, match="more than the expected"):
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
    with pytest.raises(registry.FetchError, match=message):
        get()
    assert len(served.starts) == requests_made
    assert registry.cached("data.bin") is None and "data.bin" not in files(cache)


# ---- interruptions and other processes -----------------------------------------------------------------------------

CHILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins with it ignored
import sys
from camlib.data import download, registry
url, sha256, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
download.CHUNK = 1000
sources = (download.Address(url),)
registry.REGISTRY = {"data.bin": registry.RemoteFile("data.bin", sha256, size, "", "", sources)}
print(registry.fetch("data.bin", progress=False))
"""


def child(server, **environment):
    command = [sys.executable, "-c", CHILD, server.url, hashlib.sha256(DATA).hexdigest(), str(len(DATA))]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_an_interrupted_fetch_keeps_what_arrived_and_goes_on_from_there(served, cache):
    served.behaviours = [stall, rest]
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
    assert served.starts == [0, kept]


def test_two_processes_share_one_download(served, cache):
    served.behaviours = [slow]
    with child(served) as first, child(served) as second:
        outputs = [process.communicate(timeout=30) for process in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    assert served.starts == [0]
    assert (cache / "data.bin").read_bytes() == DATA
    assert sum("another process is fetching it" in out for out, _ in outputs) == 1


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs Linux's /proc")
def test_a_folder_that_takes_no_files_is_a_clear_error_and_no_wait(served):
    with child(served, CAMLIB_DATA="/proc") as process:
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert "FetchError: data.bin is not in the cache /proc, where nothing can be written" in err and out == ""
