"""Texts that were read before, kept as tokens on a disk, so that a text is read once.

A file is named after what it was read from: paths, sizes and times of files, and how they were
read. It is written under another name and gets its own in one step, when it is whole.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from w2v.config import Config
from w2v.errors import W2VError
from w2v.storage import atomic
from w2v.text import room, token_file
from w2v.text.corpus import Corpus
from w2v.text.scanned import Remark, Report, Scanned, scan
from w2v.text.token_file import About
from w2v.text.tokens import (
    BLOCK_TOKENS,
    SPARE,
    TOKEN_BYTES,
    DamagedTokens,
    InFile,
    InMemory,
    Spool,
    nameless_file,
)

SUFFIX = ".tokens"
GB = 1e9
BYTES_PER_WORD = 5.7  # of a usual text, white space included


@dataclass(frozen=True)
class Reading:
    """A text to read, and how: as for vocab.read."""

    corpus: Corpus
    threads: int = 1
    progress: Report | None = None
    remark: Remark | None = None

    def scan(self, spool: Spool) -> Scanned:
        return scan(self.corpus, spool, self.threads, self.progress, self.remark)

    def tell(self, line: str) -> None:
        if self.remark:
            self.remark(line)


def read_once(reading: Reading, cache: TokenCache | None) -> Scanned:
    """A text with its words numbered, from a cache if it was read before.

    Args:
        cache: None: none is used, and a long text is kept in a temporary file for this run.
    Raises:
        W2VError: as scan; or there is room neither on the disk nor in memory.
    """
    if cache is not None and reading.corpus.key is not None:
        return cache.read(reading, reading.corpus.key)
    return reading.scan(passing_spool(reading, cache))


def passing_spool(reading: Reading, cache: TokenCache | None) -> Spool:
    """A Spool for a text, or what becomes of it, whose file is gone with this process."""

    def open_file() -> BinaryIO:
        folder = Path(tempfile.gettempdir()) if cache is None else cache.folder
        folder.mkdir(parents=True, exist_ok=True)
        _check_room(reading.corpus, folder)
        return nameless_file(folder)

    return Spool(open_file, lambda why: reading.tell(_not_on_disk(why)))


@dataclass(frozen=True)
class Entry:
    """A text in the cache. used: when it was last, in seconds since 1970."""

    path: Path
    n_bytes: int
    used: float

    def describe(self) -> str:
        """One line for people: which text it is."""
        try:
            about, n_tokens = token_file.read_about(self.path)
        except (DamagedTokens, OSError, EOFError):
            return "damaged, or of another version"
        return f"{n_tokens:,} tokens of {about.description}"


class TokenCache:
    """A folder of texts that were read before.

    Args:
        folder: need not exist.  most_bytes: in it; the texts that were not used for longest go.
    """

    def __init__(self, folder: Path, most_bytes: float) -> None:
        self.folder, self.most_bytes = folder, most_bytes

    def read(self, reading: Reading, key: str) -> Scanned:
        """The text of that key; see read_once."""
        name = hashlib.sha256(f"{BLOCK_TOKENS} {key}".encode()).hexdigest()[:32]
        path = self.folder / (name + SUFFIX)
        try:
            scanned, about = token_file.read(path)
        except (FileNotFoundError, NotADirectoryError):
            scanned = self._read_anew(reading, key, path)
        except DamagedTokens as why:
            scanned = self._replace(reading, key, path, why)
        else:
            with contextlib.suppress(OSError):
                os.utime(path)
            for line in about.remarks:
                reading.tell(line)

        def again(why: DamagedTokens) -> InFile | InMemory:
            replacement = self._replace(reading, key, path, why)
            if replacement.digest != scanned.digest:
                raise W2VError(f"{reading.corpus.description} was changed since it was read")
            return replacement.tokens

        scanned.again = again
        return scanned

    def _replace(self, reading, key, path, why):
        reading.tell(f"{path}, the text as kept, is damaged ({why.what}): it is read anew")
        with contextlib.suppress(OSError):
            path.unlink()
        return self._read_anew(reading, key, path)

    def _read_anew(self, reading: Reading, key: str, path: Path) -> Scanned:
        """Read a text and keep it at `path`; where that cannot be, say so, and do without."""
        staging, remarks = atomic.staging_name(path), []

        def note(line: str) -> None:
            remarks.append(line)
            reading.tell(line)

        def open_file() -> BinaryIO:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.make_room(_expected_bytes(reading.corpus))
            _check_room(reading.corpus, self.folder)
            return open(staging, "x+b", buffering=0)

        def tell(why: OSError) -> None:
            reading.tell(f"{_not_on_disk(why)}; the next training reads it anew")

        try:
            scanned = dataclasses.replace(reading, remark=note).scan(Spool(open_file, tell))
            if isinstance(scanned.tokens, InFile):
                try:
                    about = About(key, reading.corpus.description, remarks)
                    token_file.finish(scanned, scanned.tokens, about)
                    os.replace(staging, path)
                    self.make_room(0)
                except OSError as why:
                    tell(why)
            return scanned
        finally:
            with contextlib.suppress(OSError):
                staging.unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """The texts in the cache, those used last first; none where there is no such folder."""
        found = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append(Entry(path, status.st_size, status.st_mtime))
        return sorted(found, key=lambda entry: -entry.used)

    def clear(self) -> None:
        """Drop all texts. Raises: W2VError: one cannot be removed."""
        try:
            for entry in self.entries():
                entry.path.unlink(missing_ok=True)
            self._sweep()
        except OSError as error:
            raise W2VError(f"cannot remove {error.filename}: {error.strerror}") from error

    def make_room(self, n_bytes: float) -> None:
        """Drop what has no room beside so many bytes more, and what killed processes left."""
        self._sweep()
        room_left = self.most_bytes - n_bytes
        for entry in self.entries():
            room_left -= entry.n_bytes
            if room_left < 0 <= self.most_bytes - n_bytes:
                with contextlib.suppress(OSError):
                    entry.path.unlink()

    def _sweep(self):
        with contextlib.suppress(OSError):  # what is there may be gone by now
            for target in filter(None, set(map(atomic.staged_for, os.listdir(self.folder)))):
                atomic.sweep(self.folder / target)


def cache_of(config: Config) -> TokenCache | None:
    """The cache that a Config asks for: cache, cache_dir and cache_size."""
    if not config.cache:
        return None
    return TokenCache(Path(config.cache_dir or default_folder()), config.cache_size * GB)


def default_folder() -> Path:
    """`w2v/texts` in the user's folder for caches: $XDG_CACHE_HOME, else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "w2v", "texts")


def _expected_bytes(corpus: Corpus) -> float:
    return corpus.text_bytes / BYTES_PER_WORD * TOKEN_BYTES


def _check_room(corpus: Corpus, folder: Path) -> None:
    """Make sure that a text has room on the disk of a folder.

    Raises:
        OSError: it has none, but memory has.
        W2VError: neither has; the message gives both sizes.
    """
    needed, free = _expected_bytes(corpus), room.free_disk(folder)
    if needed < free:
        return
    if needed + SPARE > room.free_memory():
        raise W2VError(
            f"{corpus.description} takes about {needed / GB:.1f} GB as ids, and the disk of "
            f"{folder} has {free / GB:.1f} GB free; give a --cache-dir on a disk with room"
        )
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _not_on_disk(why: OSError) -> str:
    where = f"{why.filename}: " if why.filename else ""
    return f"the text is kept in memory, not on the disk ({where}{why.strerror or why})"
