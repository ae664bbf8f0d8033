"""The archive's download, from a server on this machine that sends an archive of the same shape."""

import hashlib
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from camlib.data import caltech, download, photos, registry

CATEGORIES = ["001.ak47", "002.american-flag", "003.backpack", "004.baseball-bat"]
EACH = 6


def jpeg(seed):
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (70, 70, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def content(category, number):
    return jpeg([CATEGORIES.index(category), number])


def build_archive():
    """Folders, photographs, the real archive's oddities, and entries that try to get out."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        def add(name, data=None, kind=tarfile.REGTYPE, target=""):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            member.size = len(data or b"")
            archive.addfile(member, io.BytesIO(data) if data is not None else None)
        add("256_ObjectCategories", kind=tarfile.DIRTYPE)
        for number, category in enumerate(CATEGORIES, start=1):
            base = f"256_ObjectCategories/{category}"
            add(base, kind=tarfile.DIRTYPE)
            for k in range(1, EACH + 1):
                add(f"{base}/{number:03}_{k:04}.jpg", content(category, k))
            if number == 1:
                add("../evil_0001.jpg", b"evil")
                add("/tmp/camlib_evil/001.ak47/001_0001.jpg", b"evil")
                add("256_ObjectCategories/../../001.ak47/001_0099.jpg", b"evil")
                add("256_ObjectCategories/001.ak47/../../../001_0098.jpg", b"evil")
                add(f"{base}/001_0097.jpg", kind=tarfile.SYMTYPE, target="/etc/passwd")
                add(f"{base}/001_0096.jpg", kind=tarfile.LNKTYPE, target="../../secret")
                add(f"{base}/001_0095.jpg", kind=tarfile.FIFOTYPE)
            if number == 2:
                add(f"{base}/greg/vision309/002_0001.jpg", b"a duplicate")
                add(f"{base}/RENAME2", b"not an image")
                add(f"{base}/{'long' * 40}.jpg", b"a name that needs a header of its own")
        add("256_ObjectCategories/257.clutter/257_0001.jpg", b"clutter")
    return stream.getvalue()


ARCHIVE = build_archive()


def end_of(category):
    """Where in the archive the next category begins."""
    with tarfile.open(fileobj=io.BytesIO(ARCHIVE)) as archive:
        last = [member for member in archive if f"/{category}/" in member.name][-1]
    return last.offset_data + -(-last.size // 512) * 512


# ---- a server that behaves as it is told ---------------------------------------------------------------------------


def good(request, until=None):
    start = request.start
    if start >= len(ARCHIVE):
        return request.answer(416, b"")
    request.answer(206 if start else 200, ARCHIVE[start:until], {"Content-Length": len(ARCHIVE) - start})


def no_ranges(request):
    request.answer(200, ARCHIVE)


def cut(fraction):
    """Promise everything, send a part, hang up."""
    return lambda request: good(request, request.start + int(fraction * (len(ARCHIVE) - request.start)))


def stall(request):
    good(request, request.start + 30_000)
    request.server.released.wait(20)


def status(code):
    return lambda request: request.answer(code, b"sorry")


def lie(length):
    return lambda request: request.answer(200, ARCHIVE[:50_000], {"Content-Length": length})


def unmeasured(data):
    """Without saying how much comes."""
    return lambda request: request.answer(200, data, {"Content-Length": None})


def zeros(request):
    """As many bytes as asked for, none of which is true."""
    start = request.start
    request.answer(206 if start else 200, bytes(len(ARCHIVE) - start))


def zeros_at_the_end(request):
    """A tar that ends early, in far more empty blocks than any does."""
    start, end = request.start, end_of(CATEGORIES[0])
    request.answer(206 if start else 200, ARCHIVE[start:end] + bytes(len(ARCHIVE) - max(start, end)))


@pytest.fixture
def server(server, cache, monkeypatch):
    """The archive's only source."""
    server.behaviours = [good]
    entry = registry.RemoteFile(
        name=caltech.ARCHIVE, sha256=hashlib.sha256(ARCHIVE).hexdigest(), size=len(ARCHIVE), licence="", about="",
        sources=(download.Address(server.url),))
    monkeypatch.setitem(registry.REGISTRY, caltech.ARCHIVE, entry)
    monkeypatch.delenv(photos.VARIABLE, raising=False)
    monkeypatch.setattr(download, "TIMEOUT", (20, 20))
    monkeypatch.setattr(download, "CHUNK", 4096)
    return server


def assert_holds(folder, categories):
    """These categories, every photograph of them, and nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == categories
    for category in categories:
        files = sorted((folder / category).iterdir())
        assert [file.name for file in files] == [f"{category[:3]}_{k:04}.jpg" for k in range(1, EACH + 1)]
        assert all(file.read_bytes() == content(category, k) for k, file in enumerate(files, start=1))


def assert_nothing_escaped(tmp_path):
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and "caltech256" not in path.parts]
    assert all(path.suffix in (".tar", ".lock") for path in outside), outside


def test_the_first_categories_cost_only_their_part(server, tmp_path):
    folder = caltech.download(2, progress=False)
    assert_holds(folder, CATEGORIES[:2])
    assert_nothing_escaped(tmp_path)
    assert len(server.starts) == 1 and (folder.parent / "unfinished").is_dir()


def test_further_categories_come_from_where_the_last_ended(server):
    caltech.download(2, progress=False)
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    first, second = server.starts
    assert first == 0 and end_of(CATEGORIES[1]) <= second < end_of(CATEGORIES[2])
    caltech.download(3, progress=False)
    caltech.download(2, progress=False)
    assert len(server.starts) == 2  # what is there is not asked for again


def test_everything_is_fetched_compared_and_unpacked(server, tmp_path):
    folder = caltech.download(None, progress=False)
    assert_holds(folder, CATEGORIES)
    assert_nothing_escaped(tmp_path)
    server.behaviours = [status(500)]
    caltech.download(None, progress=False)
    caltech.download(3, progress=False)


def test_everything_after_a_part(server):
    caltech.download(2, progress=False)
    assert_holds(caltech.download(None, progress=False), CATEGORIES)


def test_more_than_there_are_by_stream(server):
    """An archive that ends before the number asked for gives what it has."""
    assert_holds(caltech.download(200, progress=False), CATEGORIES)
    requests = len(server.starts)
    caltech.download(200, progress=False)
    assert len(server.starts) == requests


@pytest.mark.parametrize("first", [cut(0.1), cut(0.3), cut(0.55), cut(0.8), stall, status(500), status(503),
                                   status(429), lie(None)])
def test_after_trouble_it_goes_on(server, tmp_path, monkeypatch, first):
    monkeypatch.setattr(download, "TIMEOUT", (20, 1 if first is stall else 20))
    server.behaviours = [first, good]
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    assert_nothing_escaped(tmp_path)


def test_a_connection_that_keeps_breaking_still_gets_there(server):
    """Each try brings a photograph or more, so there is no limit to their number."""
    server.behaviours = [lambda request: good(request, request.start + 25_000)]
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    assert len(server.starts) > download.ATTEMPTS and server.starts == sorted(server.starts)


def test_a_server_that_knows_no_ranges(server):
    server.behaviours = [cut(0.5), no_ranges]
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])


@pytest.mark.parametrize("behaviour, complaint, requests", [
    (status(403), "answered 403", 1), (status(404), "answered 404", 1), (status(416), "answered 416", 1),
    (status(500), "answered 500", 4), (stall, "connection failed", None), (lie(1234), "offers 1234 bytes", 1),
    (lie(10**9), "offers 1000000000 bytes", 1),
    (unmeasured(b"<html>Please log in</html>" * 999), "not the archive", 1),
    (unmeasured(b"<html>Please log in</html>"), "stopped after 26", 4),
    (unmeasured(b""), "stopped after 0", 4),
    (zeros, "not the archive", 1),
])
def test_trouble_that_lasts_is_told(server, monkeypatch, behaviour, complaint, requests):
    if behaviour is stall:  # without a single photograph
        monkeypatch.setattr(download, "TIMEOUT", (20, 0.5))

        def behaviour(request):
            request.answer(200, ARCHIVE[:700], {"Content-Length": len(ARCHIVE)})
            request.server.released.wait(3)
    server.behaviours = [behaviour]
    with pytest.raises(registry.FetchError, match=complaint) as caught:
        caltech.download(2, progress=False)
    assert "CAMLIB_CALTECH256" in str(caught.value) and "127.0.0.1" in str(caught.value)
    assert requests is None or len(server.starts) == requests


def test_what_arrived_before_trouble_is_kept(server):
    server.behaviours = [cut(0.7), status(404)]
    with pytest.raises(registry.FetchError, match="2 are complete"):
        caltech.download(4, progress=False)
    assert_holds(caltech.downloaded(), CATEGORIES[:2])
    assert photos.find().names == ("ak47", "american-flag")
    server.behaviours, server.starts = [good], []
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    assert server.starts[0] > end_of(CATEGORIES[1])


@pytest.mark.parametrize("spoil", [
    lambda home: (home / "progress.json").write_text("{"),
    lambda home: (home / "progress.json").unlink(),
    lambda home: next((home / "unfinished").rglob("*.jpg")).unlink(),
    lambda home: (home / "progress.json").write_text(json.dumps({"offset": 5})),
    lambda home: (home / "progress.json").write_text("[]"),
    *(lambda home, wrong=wrong: change(home, **wrong) for wrong in (
        {"offset": -512}, {"offset": 1}, {"offset": 10**12}, {"offset": len(ARCHIVE) // 512 * 512}, {"offset": 512.0},
        {"offset": "512"}, {"offset": None}, {"files": None}, {"category": 3}, {"category": "../.."},
        {"ended": True}, {"something": "else"})),
])
def test_spoilt_progress_means_from_the_beginning(server, spoil):
    server.behaviours = [cut(0.7), status(404)]
    with pytest.raises(registry.FetchError):
        caltech.download(4, progress=False)
    spoil(caltech.home())
    server.behaviours, server.starts = [good], []
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    assert server.starts == [0]


def change(home, **wrong):
    state = json.loads((home / "progress.json").read_text())
    (home / "progress.json").write_text(json.dumps(state | wrong))


@pytest.mark.parametrize("wanted", [3, None])
def test_an_offset_that_is_no_beginning_of_a_file_means_from_the_beginning(server, wanted):
    """One of another archive, say: a multiple of 512 in the midst of a photograph."""
    caltech.download(2, progress=False)
    change(caltech.home(), offset=end_of(CATEGORIES[2]) - 1024)
    server.starts = []
    assert_holds(caltech.download(wanted, progress=False), CATEGORIES[:wanted])
    assert server.starts[-1] == 0


@pytest.mark.parametrize("behaviour", [zeros, zeros_at_the_end])
def test_zeros_are_not_taken_for_the_end(server, behaviour):
    caltech.download(2, progress=False)
    server.behaviours = [behaviour]
    for _ in range(2):
        with pytest.raises(registry.FetchError, match="not the archive"):
            caltech.download(4, progress=False)
    server.behaviours = [good]
    assert_holds(caltech.download(4, progress=False), CATEGORIES)


def test_what_a_file_manager_leaves_is_no_category(server):
    root = caltech.download(2, progress=False)
    (root / ".DS_Store").write_bytes(b"")
    (root / "Thumbs.db").write_bytes(b"")
    caltech.download(3, progress=False)
    assert sorted(path.name for path in root.iterdir()) == [".DS_Store", *CATEGORIES[:3], "Thumbs.db"]


def test_one_category_and_a_stray_file_are_no_data_set(server):
    (caltech.home() / "256_ObjectCategories" / CATEGORIES[0]).mkdir(parents=True)
    (caltech.home() / "256_ObjectCategories" / ".DS_Store").write_bytes(b"")
    assert caltech.downloaded() is None


def test_an_interruption_keeps_what_arrived(server, monkeypatch):
    put, count = caltech._Shelf.put, []

    def interrupted(shelf, *arguments):
        count.append(put(shelf, *arguments))
        if len(count) == EACH + 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(caltech._Shelf, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            caltech.download(3, progress=False)
    assert_holds(caltech.download(3, progress=False), CATEGORIES[:3])
    assert server.starts[0] == 0 and server.starts[1] > end_of(CATEGORIES[0])


def test_none_or_one_category_is_no_data_set(server):
    assert caltech.downloaded() is None
    for number in (0, 1, -3):
        with pytest.raises(ValueError, match=f"categories is {number}"):
            caltech.download(number)


def test_photos_download_opens_what_came(server):
    found = photos.download(2, progress=False)
    assert found.names == ("ak47", "american-flag") and len(found.files) == 2 * EACH
    assert photos.find().files == found.files
