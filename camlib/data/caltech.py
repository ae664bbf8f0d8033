"""Caltech-256's archive, unpacked as it arrives, so that the first categories cost only their part of 1.2 GB.

The archive is a plain tar: photographs one after the other, category after category. A download may start at any
photograph, so an interrupted one goes on at the last that is whole. A category has its place in the folder once it is
complete. Names in the archive are matched, never followed: nothing can be written anywhere else.

When all is asked for, the archive is fetched first and its hash compared; a part of it cannot be compared.
"""

import json
import os
import re
import tarfile
import time

from ..files import one_process_at_a_time, whole_file
from . import registry

ARCHIVE = "256_ObjectCategories.tar"
ALL = 257
PHOTOGRAPH = re.compile(r"(?:\./)?256_ObjectCategories/(\d{3}\.[\w-]+)/(\d{3}_\d{4}\.jpg)", re.ASCII)
BLOCK = 512  # bytes: everything in a tar begins at a multiple


class _Broken(Exception):
    """The stream ended early; asking again may help."""


class _Refused(Exception):
    """This address does not have the archive."""


def home():
    """The folder in the cache that categories are unpacked to."""
    return registry.cache_folder() / "caltech256"


def downloaded():
    """The folder of the categories that are there in full, or None when there are fewer than two."""
    shelf = _Shelf(home())
    return shelf.root if len(shelf.complete()) >= 2 else None


def download(categories=None, *, progress=True):
    """Unpack the first `categories` (None: all) into the cache, from where the last download stopped.

    Returns the folder, which holds at least these. Raises ValueError for a number below 2, `registry.FetchError` when
    the archive cannot be had or the cache cannot be written.
    """
    if categories is not None and categories < 2:
        raise ValueError(f"categories is {categories}: expected 2 to {ALL}, or None for all")
    wanted = min(categories or ALL, ALL)
    try:
        home().mkdir(parents=True, exist_ok=True)
        with one_process_at_a_time(home(), "Caltech-256: another process is unpacking it; waiting for that."):
            shelf = _Shelf(home())
            if not shelf.has(wanted):
                _fill(shelf, wanted, progress)
        return shelf.root
    except OSError as error:
        raise registry.FetchError(f"{home()}: {error}. Free some space, or set CAMLIB_DATA to another folder.") from error


class _Shelf:
    """The folder being filled, and how far the archive has been read.

    root holds complete categories, unfinished the one that is arriving. progress.json has the offset of the first
    byte not yet unpacked, and what should lie in `unfinished` by then.
    """

    def __init__(self, folder):
        self.root, self.unfinished = folder / "256_ObjectCategories", folder / "unfinished"
        self.state_file = folder / "progress.json"
        self.offset, self.category, self.ended = 0, None, False
        try:
            state = json.loads(self.state_file.read_text())
            if len(self._files(state["category"])) >= state["files"]:
                self.offset, self.category, self.ended = state["offset"], state["category"], state["ended"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing begun, or spoilt: read the archive from its beginning

    def complete(self):
        return sorted(os.listdir(self.root)) if self.root.is_dir() else []

    def has(self, wanted):
        return self.ended or (wanted < ALL and len(self.complete()) >= wanted)

    def put(self, category, name, source):
        """Write one photograph. The first of another category completes the one before."""
        known = (self.root / category).is_dir()
        if category != self.category and not known:
            self.finish()
            self.category = category
        folder = self.root / category if known else self.unfinished / category
        with whole_file(folder / name) as part:
            part.write_bytes(source.read())

    def finish(self):
        if self.category:
            self.root.mkdir(parents=True, exist_ok=True)
            os.replace(self.unfinished / self.category, self.root / self.category)
            self.category = None
            self.save()

    def save(self):
        state = {"offset": self.offset, "category": self.category, "ended": self.ended,
                 "files": len(self._files(self.category))}
        with whole_file(self.state_file) as part:
            part.write_text(json.dumps(state))

    def _files(self, category):
        folder = self.unfinished / category if category else None
        return list(folder.glob("*.jpg")) if folder and folder.is_dir() else []


def _fill(shelf, wanted, progress):
    from tqdm.auto import tqdm

    archive = registry.fetch(ARCHIVE, progress=progress) if wanted == ALL else None
    with tqdm(total=wanted, desc="Caltech-256", unit="category", disable=not progress) as bar:
        bar.update(len(shelf.complete()))
        try:
            if archive:
                with open(archive, "rb") as stream:
                    stream.seek(shelf.offset)
                    _unpack(stream, shelf, wanted, bar)
                shelf.ended = True
                shelf.finish()
            else:
                _receive(shelf, wanted, bar)
        finally:
            shelf.save()


def _receive(shelf, wanted, bar):
    """Unpack from the first address that delivers; go on at the last whole photograph when a connection breaks."""
    failures = []
    for source in registry.REGISTRY[ARCHIVE].sources:
        tries = 0
        while tries < registry.ATTEMPTS:
            before = shelf.offset
            time.sleep(registry.BACKOFF * 2 ** (tries - 1) if tries else 0)
            try:
                return _receive_once(source.url, shelf, wanted, bar)
            except _Refused as failure:
                failures.append(f"  - {source}: {failure}")
                break
            except _Broken as failure:
                tries = 1 if shelf.offset > before else tries + 1  # some photographs came: keep asking
                if tries == registry.ATTEMPTS:
                    failures.append(f"  - {source}: {failure}")
    raise registry.FetchError("\n".join([
        f"the first {wanted} categories of Caltech-256 could not be had; {len(shelf.complete())} are complete:",
        *failures, "What has arrived is kept: the same call goes on from there.",
        "If you have the photographs already, set CAMLIB_CALTECH256 to their folder."]))


def _receive_once(url, shelf, wanted, bar):
    import requests

    size = registry.REGISTRY[ARCHIVE].size
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={shelf.offset}-"} if shelf.offset else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=registry.TIMEOUT) as answer:
            skip = _bytes_to_skip(answer, shelf.offset, size)
            stream = _Stream(answer.iter_content(registry.CHUNK))
            stream.skip(skip)
            if _unpack(stream, shelf, wanted, bar):
                return
            if shelf.offset + stream.skip(size) < size - 64 * BLOCK:  # an archive may end in some empty blocks
                raise _Broken(f"stopped after {shelf.offset:,} of {size:,} bytes")
            shelf.ended = True
            shelf.finish()
    except tarfile.ReadError as error:
        raise _Broken(f"sent something that is not the archive ({error})") from error
    except requests.RequestException as error:
        raise _Broken(f"connection failed ({str(error)[:200]})") from error


def _bytes_to_skip(answer, start, size):
    """How much of the answer is already unpacked. Raises _Refused or _Broken for an answer that is no use."""
    code, status = answer.status_code, f"answered {answer.status_code} {answer.reason}"
    if code in (408, 429) or code >= 500:
        raise _Broken(status)
    if code not in (200, 206):
        raise _Refused(status)
    skip = start if code == 200 else 0  # 200: it sends everything, whatever was asked for
    expected = size - start + skip
    if int(answer.headers.get("Content-Length", expected)) != expected:
        raise _Refused(f"offers {answer.headers['Content-Length']} bytes, expected {expected}")
    return skip


def _unpack(stream, shelf, wanted, bar):
    """Put photographs on the shelf from its offset on. True once `wanted` categories are complete."""
    base = shelf.offset
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            found = PHOTOGRAPH.fullmatch(member.name) if member.isreg() else None
            if found and found[1] != "257.clutter":
                begun = shelf.category
                if begun not in (None, found[1]) and len(shelf.complete()) + 1 >= wanted < ALL:
                    shelf.finish()
                    bar.update(len(shelf.complete()) - bar.n)
                    return True
                shelf.put(*found.groups(), archive.extractfile(member))
            shelf.offset = base + member.offset_data + -(-member.size // BLOCK) * BLOCK
            bar.update(len(shelf.complete()) - bar.n)
            bar.set_postfix_str(f"{shelf.offset / 1e6:,.0f} MB", refresh=False)
    return False


class _Stream:
    """Chunks of bytes as a file to read from."""

    def __init__(self, chunks):
        self.chunks, self.rest = chunks, b""

    def read(self, count):
        parts, missing = [], count
        while missing:
            self.rest = self.rest or next(self.chunks, b"")
            if not self.rest:
                break
            part, self.rest = self.rest[:missing], self.rest[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def skip(self, count):
        """Pass over up to `count` bytes; returns how many there were."""
        passed = 0
        while passed < count and (part := self.read(min(registry.CHUNK, count - passed))):
            passed += len(part)
        return passed
