"""The Penn Treebank as the textbook downloads it: found, or fetched, and always verified.

The archive holds `ptb/ptb.train.txt` and `ptb/ptb.valid.txt` (and a test text): Mikolov's
word-level preprocessing, one sentence a line. It is licensed, so this project ships none of it.
"""

import hashlib
import http.client
import os
import queue
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from w2v.errors import W2VError
from w2v.files import open_file
from w2v.storage import atomic

URL = "http://d2l-data.s3-accelerate.amazonaws.com/ptb.zip"
ARCHIVE = "ptb.zip"
ARCHIVE_SHA1 = "319d85e578af0cdc590547f26231e4e31cdf1e42"
TEXT_MD5 = {
    "train": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "valid": "aa0affc06ff7c36e977d7cd49e3839bf",
}
TIMEOUT = 15.0  # seconds that the server may be silent
DEADLINE = 120.0  # seconds that it may take for all: 2 MB, were it only a drop now and then
MAX_BYTES = 8 << 20  # four times the archive: what is longer is something else
READ_BYTES = 1 << 16


# Called with the bytes fetched so far, at first 0, and with how many there are, None where the
# server does not say.
Progress = Callable[[int, int | None], object]


class UnavailableError(W2VError):
    """PTB is not here and cannot be fetched."""


def find(folder: Path, part: str) -> Path | None:
    """The verified file in `folder` that holds a part of PTB: the archive, else the text itself.

    What has PTB's name but not its content is an error, never passed over for the next place.

    Args:
        folder: need not exist.
        part:   "train" or "valid".
    Returns:
        Path of `ptb.zip`, `ptb/ptb.<part>.txt` or `ptb.<part>.txt`, in this order; None without.
    Raises:
        W2VError: it cannot be read, or its digest differs; the message gives both.
    """
    archive = folder / ARCHIVE
    if os.path.lexists(archive):
        _verify(archive, "sha1", ARCHIVE_SHA1, "remove it, and it is fetched anew")
        return archive
    for text in (folder / "ptb" / f"ptb.{part}.txt", folder / f"ptb.{part}.txt"):
        if os.path.lexists(text):
            way_out = f"if it is meant, give it as --corpus {text}; else remove it"
            _verify(text, "md5", TEXT_MD5[part], way_out)
            return text
    return None


def fetch(
    folder: Path,
    url: str,
    *,
    progress: Progress | None = None,
    sha1: str = ARCHIVE_SHA1,
    timeout: float = TIMEOUT,
    deadline: float = DEADLINE,
) -> Path:
    """Download the archive into `folder`, which is made if need be.

    The body is verified before the disk is touched, and then takes its name in one step: a
    failure, Ctrl-C or a second process that does the same never leave a part of a file.

    Args:
        url:     http or https.
        sha1:    what the body must have.
        timeout: seconds that the server may be silent.
        deadline: seconds that all of it may take.
    Returns:
        the archive.
    Raises:
        UnavailableError: with the URL and the reason, in no word of the server's: refused, timed
            out, an HTTP status, too long, cut short (both lengths), another digest (both), a folder
            not to be written.
    """
    archive = folder / ARCHIVE
    try:
        body = _download(url, timeout, deadline, progress or (lambda done, total: None))
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        if digest != sha1:
            raise OSError(f"its sha1 is {digest}, but must be {sha1}")
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(archive, body)
    except OSError as why:
        raise UnavailableError(
            f"cannot fetch PTB from {url}: {why}; put {ARCHIVE} into {str(folder)!r}, "
            "or give --corpus sample or the path of a text"
        ) from why
    return archive


def packed_size(archive: Path, part: str) -> int:
    """Bytes that a part takes within the archive."""
    with zipfile.ZipFile(archive) as files:
        return files.getinfo(_member(part)).compress_size


@contextmanager
def open_packed(archive: Path, part: str) -> Iterator[tuple[BinaryIO, Callable[[], int]]]:
    """Open a part within the archive; gives its stream, and what tells the packed bytes read."""
    with open_file(archive, buffering=0) as raw, zipfile.ZipFile(raw) as files:
        member = files.getinfo(_member(part))
        with files.open(member) as stream:
            yield (
                cast(BinaryIO, stream),
                lambda: min(raw.tell() - member.header_offset, member.compress_size),
            )


def _member(part):
    return f"ptb/ptb.{part}.txt"


def _verify(path, algorithm, expected, way_out):
    digest = hashlib.new(algorithm, usedforsecurity=False)
    try:
        with open_file(path) as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except OSError as why:
        raise W2VError(f"cannot read {str(path)!r}: {why.strerror}") from why
    if digest.hexdigest() != expected:
        raise W2VError(
            f"{str(path)!r} is not PTB: its {algorithm} is {digest.hexdigest()}, "
            f"but must be {expected}; {way_out}"
        )


def _download(url, timeout, deadline, progress):
    """The body behind a URL, as bytes; OSError, for people, if it does not come whole in time.

    A thread of its own receives it, so that the wait has an end whatever the server does.
    """
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    given_up, end = threading.Event(), time.monotonic() + deadline
    arguments = (url, timeout, told.put, given_up)
    threading.Thread(target=_receive, args=arguments, daemon=True).start()
    try:
        while True:
            what = told.get(timeout=max(0.0, end - time.monotonic()))
            if isinstance(what, OSError):
                raise what
            if isinstance(what, bytearray):
                return what
            progress(*what)
    except queue.Empty:
        raise OSError(f"it takes longer than {deadline:g} s") from None
    finally:
        given_up.set()


def _receive(url, timeout, tell, given_up):
    """Tell (bytes so far, all or None), again and again, and in the end the body or an OSError."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            length = response.length  # None where the server does not say
            if length is not None and length > MAX_BYTES:
                raise OSError(f"it has {length} bytes, but at most {MAX_BYTES} are expected")
            body = bytearray()
            tell((0, length))
            while (block := _read(response)) and not given_up.is_set():
                body += block
                tell((len(body), length))
                if len(body) > MAX_BYTES:
                    raise OSError(f"it has more than the {MAX_BYTES} bytes that are expected")
        if length is not None and len(body) != length:
            raise OSError(f"it stopped after {len(body)} of {length} bytes")
        tell(body)
    except Exception as why:  # strange answers and addresses make urllib raise whatever there is
        tell(OSError(_in_our_words(why)))


def _in_our_words(why):
    """Why a URL gave nothing; what the server wrote is not repeated."""
    if isinstance(why, urllib.error.HTTPError):
        return f"HTTP status {why.code} {http.client.responses.get(why.code, '')}".strip()
    if isinstance(why, urllib.error.URLError):
        why = why.reason  # wrapped by it
    if isinstance(why, OSError):
        return " ".join(str(why).split()) or type(why).__name__
    if isinstance(why, (str, ValueError, OverflowError, http.client.InvalidURL)):
        return "it leads to an address that cannot be"
    return f"the answer is no HTTP ({type(why).__name__})"


def _read(response):
    # Python's versions differ in whether a body that stops early raises or just ends.
    try:
        return response.read(READ_BYTES)
    except http.client.IncompleteRead as early:
        return early.partial
