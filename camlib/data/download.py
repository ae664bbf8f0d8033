"""Downloads over HTTP: a request for what is missing, asked again when the connection breaks.

`chunks` makes one request and tells apart how it can fail; `persist` decides whether to ask again. So a download goes
on where the last one stopped, whatever is done with the bytes: `Address` appends them to a file, `caltech` unpacks
them as they arrive.
"""

import hashlib
import time
from dataclasses import dataclass

ATTEMPTS = 4  # requests in a row that bring nothing before giving up
BACKOFF = 0.5  # seconds before the second request, doubled before each further one
TIMEOUT = (10, 30)  # seconds to wait for a connection, and for the next bytes
CHUNK = 1 << 13  # bytes; those of the chunk in which a connection breaks are lost


class SourceFailure(Exception):
    """This source cannot deliver the file; the next one may."""


class Transient(SourceFailure):
    """This source may deliver the file if asked again."""


class Damaged(SourceFailure):
    """What this source sent is not the file, or does not go on from the bytes that were there."""


@dataclass(frozen=True)
class Address:
    """A file at an http(s) address. An interrupted download goes on where it stopped."""

    url: str

    def __str__(self):
        return self.url

    def download(self, file, part, bar):
        """Leave the verified file at the path `part`, or raise SourceFailure. What `part` holds is gone on from.

        file: with `size` in bytes and `sha256`. bar: of tqdm, in bytes. Raises OSError where `part` cannot be written.
        """
        def position():
            return part.stat().st_size if part.exists() else 0

        def attempt():
            bar.update(position() - bar.n)
            for chunk in chunks(self.url, position(), file.size):
                with open(part, "ab") as out:  # closed each time, so that even kill -9 loses nothing that arrived
                    bar.update(out.write(chunk))
            verify(part, file)

        persist(attempt, position, restart=lambda: part.unlink(missing_ok=True))


def persist(attempt, position, restart):
    """Call `attempt()` until it succeeds, and return what it returns.

    position(): how many bytes there are to go on from. While it grows, a Transient failure is no reason to stop;
    after ATTEMPTS failures in a row without growth the last one is raised. When an attempt is Damaged, `restart()`
    must drop the bytes there are; they may have been to blame if there were any before it, and it is tried again.
    Raises SourceFailure; any other exception of `attempt` stops it at once.
    """
    tries, furthest = 0, position()
    while True:
        begun = position()
        try:
            return attempt()
        except Transient as error:
            failure = error
        except Damaged as error:
            restart()
            if not begun:
                raise
            failure = error
        if position() > furthest:
            tries, furthest = 0, position()
        tries += 1
        if tries == ATTEMPTS:
            raise failure
        time.sleep(BACKOFF * 2 ** (tries - 1))


def chunks(url, start, size):
    """Yield the bytes of the file at `url` from number `start` to its end, `size`, in one request, or in none at all.

    Raises Transient where the connection or the server fails and when bytes are missing at the end, Damaged when more
    come than `size` or the server cannot go on from `start`, SourceFailure for everything that will not get better.
    """
    import requests  # slow to import, and needed for downloads only

    if start > size:
        raise Damaged(f"there are {start:,} bytes already, of a file of {size:,}")
    if start == size:
        return
    headers = {"Accept-Encoding": "identity"}  # compressed bytes could be neither resumed nor counted
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            reached = _first_byte(answer, start, size)
            for chunk in answer.iter_content(CHUNK):
                new = chunk[max(start - reached, 0):]
                reached += len(chunk)
                if reached > size:
                    raise Damaged(f"sent more than the expected {size:,} bytes")
                if new:
                    yield new
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise Transient(f"connection failed ({shorten(error)})") from error
    except (OSError, ValueError) as error:  # all of requests' own, a broken address in a redirect, no certificates
        raise SourceFailure(shorten(error)) from error
    if reached < size:
        raise Transient(f"stopped after {reached:,} of {size:,} bytes")


def _first_byte(answer, start, size):
    """The number of the first byte in this answer, at most `start`. Raises SourceFailure for an answer of no use."""
    code, status = answer.status_code, f"answered {answer.status_code} {answer.reason}"
    if code in (408, 429) or code >= 500:
        raise Transient(status)
    if code == 416:
        raise Damaged(status)
    if code not in (200, 206):
        raise SourceFailure(status)
    first = start if code == 206 else 0  # 200: everything comes, whatever was asked for
    if code == 206 and not answer.headers.get("Content-Range", f"bytes {start}-").startswith(f"bytes {start}-"):
        raise Damaged(f"sent {answer.headers['Content-Range']} when asked to go on from {start}")
    length = answer.headers.get("Content-Length", str(size - first))
    if length != str(size - first):  # a log-in page, say: no need to read it
        raise SourceFailure(f"offers {length} bytes, expected {size - first}")
    return first


def verify(part, file):
    """Compare the SHA-256 of the file at `part` with `file.sha256`: where they differ, remove it and raise Damaged."""
    actual = sha256(part)
    if actual != file.sha256:
        part.unlink()
        raise Damaged(f"delivered other bytes (SHA-256 {actual[:16]}…, expected {file.sha256[:16]}…)")


def sha256(path):
    """SHA-256 of a file's bytes: 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shorten(text, limit=300):
    """The beginning and the end of a long text, where most errors say what was tried and why it failed."""
    text = str(text)
    return text if len(text) <= limit else f"{text[:limit // 2]} … {text[-limit // 2:]}"
