"""The cache: what is in it, who may read and write it, and what is told when it does not serve."""

import contextlib
import csv
import errno
import gzip
import os
import random
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from camlib.data import download, package, registry

DATA = random.Random(0).randbytes(200_000)


def get():
    return registry.fetch("data.bin", progress=False)


def leave(cache, name, data):
    cache.mkdir(exist_ok=True)
    (cache / name).write_bytes(data)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_damaged_file_in_the_cache_is_replaced(served, cache):
    leave(cache, "data.bin", DATA[:-1] + b"?")
    assert registry.cached("data.bin") is None
    assert get().read_bytes() == DATA


def test_a_damaged_file_stays_until_its_replacement_is_verified(served, cache):
    leave(cache, "data.bin", b"damaged")
    served.behaviours = [lambda request: request.answer(404, b"sorry")]
    with pytest.raises(registry.FetchError):
        get()
    assert (cache / "data.bin").read_bytes() == b"damaged"


def test_damage_after_the_first_look_is_noticed(served):
    get()
    registry.cached("data.bin").write_bytes(b"?" * len(DATA))
    assert registry.cached("data.bin") is None
    assert get().read_bytes() == DATA


@pytest.fixture
def read_only(monkeypatch):
    """A cache folder without permission to write, for a user who is not root."""
    mask = os.umask(0o022)  # else what root leaves there could not even be read
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
    os.umask(mask)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_read_only_cache_is_read(served, read_only):
    folder, close = read_only
    get()
    close()
    assert get() == folder / "data.bin" == registry.cached("data.bin")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("content, state", [(None, "not in"), (b"damaged", "damaged in")])
def test_a_read_only_cache_without_the_file_says_who_can_help(served, read_only, content, state):
    folder, close = read_only
    if content:
        leave(folder, "data.bin", content)
    close()
    with pytest.raises(registry.FetchError) as error:
        get()
    for part in (f"data.bin is {state} the cache {folder}", "Permission denied",
                 "python -m camlib fetch data.bin", "CAMLIB_DATA"):
        assert part in str(error.value)
    assert served.starts == [] and files(folder) == (["data.bin"] if content else [])


def test_a_cache_that_cannot_be_a_folder_is_a_clear_error(served, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "file"))
    with pytest.raises(registry.FetchError, match="data.bin is not in the cache .*nothing can be written"):
        get()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_is_a_clear_error_and_loses_nothing(served, cache, monkeypatch):
    def full(path, mode):
        return open("/dev/full", mode)

    leave(cache, "data.bin", b"damaged")
    monkeypatch.setattr(download, "open", full, raising=False)
    with pytest.raises(registry.FetchError, match="disk is full.*CAMLIB_DATA.*-m camlib fetch") as error:
        get()
    assert error.value.__cause__.errno == errno.ENOSPC
    assert (cache / "data.bin").read_bytes() == b"damaged"


@pytest.mark.skipif(os.name == "nt", reason="POSIX links and pipes")
@pytest.mark.parametrize("make", [lambda part, other: part.symlink_to(other), lambda part, other: os.mkfifo(part)],
                         ids=["link", "pipe"])
def test_a_partial_file_that_is_something_else_is_not_written_to(served, cache, tmp_path, make):
    other = tmp_path / "precious"
    other.write_bytes(DATA[:50])  # as if it could be gone on from
    cache.mkdir()
    make(cache / "data.bin.part", other)
    assert get().read_bytes() == DATA and other.read_bytes() == DATA[:50]
    assert not (cache / "data.bin").is_symlink() and files(cache) == ["data.bin"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("hide", [lambda folder: (folder / "data.bin").chmod(0), lambda folder: folder.chmod(0)],
                         ids=["the file", "the folder"])
def test_a_sound_file_that_cannot_be_read_is_not_called_damaged(served, read_only, hide):
    folder, close = read_only
    get()
    registry._known_sha256.cache_clear()
    close()
    with root_again():
        hide(folder)
    with pytest.raises(registry.FetchError, match="data.bin cannot be read .*Permission denied.*chmod") as error:
        get()
    assert "damaged" not in str(error.value) and served.starts == [0]
    assert registry.cached("data.bin") is None and "data.bin  0.2 MB  cannot be read" in registry.listing()


@contextlib.contextmanager
def root_again():
    """Back to root for a moment, where the tests run as root and `read_only` went on as nobody."""
    now = os.geteuid()
    os.seteuid(os.getuid())
    yield
    os.seteuid(now)


@pytest.mark.parametrize("use", [lambda: get(), lambda: registry.cached("data.bin"), registry.listing,
                                 lambda: registry.computed_folder("x")])
def test_the_home_of_nobody_is_a_clear_error(served, monkeypatch, use):
    monkeypatch.setenv("CAMLIB_DATA", "~no such user/data")
    with pytest.raises(registry.FetchError, match="CAMLIB_DATA is '~no such user/data'.*full path"):
        use()


# ---- a folder for what is computed ---------------------------------------------------------------------------------


@pytest.fixture
def home(monkeypatch):
    """A home that anybody may write to, while the cache cannot be written."""
    folder = Path(tempfile.mkdtemp(prefix="camlib-test-"))
    folder.chmod(0o777)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "own"))
    yield folder
    shutil.rmtree(folder)


def test_what_is_computed_lies_in_the_cache(cache):
    folder = registry.computed_folder("features")
    assert folder == cache / "features" and list(folder.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("there", [False, True], ids=["without the folder", "with the folder"])
def test_beside_a_read_only_cache_it_lies_in_the_users_own(home, read_only, there):
    folder, close = read_only
    if there:
        (folder / "features").mkdir(0o555)
    close()
    computed = registry.computed_folder("features")
    assert home in computed.parents and computed.name == "features"
    (computed / "a.npy").write_bytes(b"1")
    assert registry.computed_folder("features") == computed


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_where_nothing_of_the_users_can_be_written_it_is_temporary(home, read_only):
    folder, close = read_only
    home.chmod(0o555)
    close()
    computed = registry.computed_folder("features")
    assert folder not in computed.parents and home not in computed.parents
    (computed / "a.npy").write_bytes(b"1")
    assert registry.computed_folder("features") == computed


def test_a_file_system_that_takes_no_files_is_not_written_to(home, monkeypatch):
    monkeypatch.setenv("CAMLIB_DATA", "/proc")
    assert home in registry.computed_folder("features").parents


# ---- the registry --------------------------------------------------------------------------------------------------


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'mnist'.* mean 'mnist_5k.csv.gz'\?") as error:
        registry.fetch("mnist")
    assert all(name in str(error.value) for name in registry.REGISTRY)
    with pytest.raises(ValueError, match="no remote file is called 'zzz'"):
        registry.cached("zzz")


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CAMLIB_DATA", os.path.join("~", "shared"))
    assert registry.cache_folder() == Path.home() / "shared"
    monkeypatch.setenv("CAMLIB_DATA", "")
    assert registry.cache_folder().is_absolute() and "camlib" in str(registry.cache_folder())


def test_every_entry_is_complete():
    for name, file in registry.REGISTRY.items():
        hashes = [file.sha256] + [s.sha256 for s in file.sources if isinstance(s, package.Package)]
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes)
        assert file.name == name and file.size > 0 and file.licence and file.about and file.sources
    assert [file.name for file in registry.REGISTRY.values() if file.essential] == ["mnist_5k.csv.gz"]


def test_the_listing_tells_what_is_cached(served):
    assert "data.bin  0.2 MB  not cached" in registry.listing()
    get()
    text = registry.listing()
    assert "data.bin  0.2 MB  cached" in text
    assert str(registry.cache_folder()) in text and served.url in text and "licence: none" in text


def test_progress_is_shown_to_the_last_byte(served, capfd):
    registry.fetch("data.bin")
    assert re.search(r"data\.bin: 100%.* 200k/200k", capfd.readouterr().err)


def test_the_embedded_digits_are_what_the_registry_says(cache):
    """Really fetched, with pip as it is configured."""
    with gzip.open(registry.fetch("mnist_5k.csv.gz", progress=False), "rt") as text:
        rows = [[float(value) for value in row] for row in csv.reader(text)]
    assert {len(row) for row in rows} == {785}
    assert Counter(row[-1] for row in rows) == dict.fromkeys(range(10), 500)
    assert min(map(min, rows)) == 0 and max(map(max, rows)) == 255
