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
from contextlib import closing
from functools import partial
from pathlib import Path

from ..files import one_process_at_a_time, whole_file
from . import registry
from .download import CHUNK, Damaged, SourceFailure, chunks, persist

ARCHIVE = "256_ObjectCategories.tar"
ALL = 257
CATEGORY = re.compile(r"\d{3}\.[\w-]+", re.ASCII)
PHOTOGRAPH = re.compile(rf"(?:\./)?256_ObjectCategories/({CATEGORY.pattern})/(\d{{3}}_\d{{4}}\.jpg)", re.ASCII)
BLOCK = 512  # bytes: everything in a tar begins at a multiple
PADDING = 64 * BLOCK  # bytes: an archive may end in some empty blocks, though not in more


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
        raise registry.FetchError(f"Caltech-256 cannot be unpacked to {home()} ({error}). Free some space, or set "
                                  "CAMLIB_DATA to another folder.") from error


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
            if self._possible(**state):
                self.offset, self.category, self.ended = state["offset"], state["category"], state["ended"]
        except (OSError, ValueError, TypeError):
            pass  # nothing begun, or spoilt: read the archive from its beginning

    def _possible(self, offset, category, ended, files):
        return (isinstance(offset, int) and offset in range(0, _size(), BLOCK)
                and (not ended or offset >= _size() - PADDING)
                and (category is None or CATEGORY.fullmatch(category))
                and len(self._files(category)) >= files)

    def complete(self):
        names = os.listdir(self.root) if self.root.is_dir() else []
        return sorted(name for name in names if CATEGORY.fullmatch(name))

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

    def restart(self):
        """Forget how far the archive has been read; categories that are complete stay."""
        self.offset, self.category, self.ended = 0, None, False

    def save(self):
        state = {"offset": self.offset, "category": self.category, "ended": self.ended,
                 "files": len(self._files(self.category))}
        with whole_file(self.state_file) as part:
            part.write_text(json.dumps(state))

    def _files(self, category):
        folder = self.unfinished / category if category else None
        return list(folder.glob("*.jpg")) if folder and folder.is_dir() else []


def _size():
    return registry.REGISTRY[ARCHIVE].size


def _fill(shelf, wanted, progress):
    """Unpack from the first source that delivers; go on at the last whole photograph when a connection breaks."""
    from tqdm.auto import tqdm

    sources = [registry.fetch(ARCHIVE, progress=progress)] if wanted == ALL else registry.REGISTRY[ARCHIVE].sources
    failures = []
    with tqdm(total=wanted, desc="Caltech-256", unit="category", disable=not progress) as bar:
        try:
            for source in sources:
                attempt = partial(_unpack, source, shelf, wanted, bar)
                try:
                    return persist(attempt, lambda: shelf.offset, shelf.restart)
                except SourceFailure as failure:
                    failures.append(f"  - {source}: {failure}")
        finally:
            shelf.save()
    raise registry.FetchError("\n".join([
        f"the first {wanted} categories of Caltech-256 could not be had; {len(shelf.complete())} are complete:",
        *failures, "What has arrived is kept: the same call goes on from there.",
        "If you have the photographs already, set CAMLIB_CALTECH256 to their folder."]))


def _unpack(source, shelf, wanted, bar):
    """Put photographs on the shelf from its offset on, until `wanted` categories are complete or the archive ends.

    source: the path of the archive, or its `Address`. Raises SourceFailure where it is not the archive, or breaks off.
    """
    base = shelf.offset
    try:
        with closing(_bytes_of(source, base)) as parts, tarfile.open(fileobj=_Stream(parts), mode="r|") as archive:
            for member in archive:
                found = PHOTOGRAPH.fullmatch(member.name) if member.isreg() else None
                if found and found[1] != "257.clutter":
                    begun = shelf.category
                    if begun not in (None, found[1]) and len(shelf.complete()) + 1 >= wanted < ALL:
                        shelf.finish()
                        bar.update(len(shelf.complete()) - bar.n)
                        return
                    shelf.put(*found.groups(), archive.extractfile(member))
                shelf.offset = base + member.offset_data + -(-member.size // BLOCK) * BLOCK
                bar.update(len(shelf.complete()) - bar.n)
                bar.set_postfix_str(f"{shelf.offset / 1e6:,.0f} MB", refresh=False)
    except tarfile.TarError as error:
        raise Damaged(f"sent something that is not the archive ({error})") from error
    if shelf.offset < _size() - PADDING:
        raise Damaged(f"sent something that is not the archive (no photograph after byte {shelf.offset:,})")
    shelf.ended = True
    shelf.finish()


def _bytes_of(source, start):
    if isinstance(source, Path):
        with open(source, "rb") as stream:
            stream.seek(start)
            while part := stream.read(CHUNK):
                yield part
    else:
        yield from chunks(source.url, start, _size())


class _Stream:
    """An iterator of bytes as a file to read from."""

    def __init__(self, parts):
        self.parts, self.rest = parts, b""

    def read(self, count):
        pieces, missing = [], count
        while missing and (part := self.rest or next(self.parts, b"")):
            pieces.append(part[:missing])
            self.rest = part[missing:]
            missing -= len(pieces[-1])
        return b"".join(pieces)
