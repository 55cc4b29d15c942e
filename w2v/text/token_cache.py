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
from w2v.errors import W2VError, counted
from w2v.files import users_cache
from w2v.storage import atomic
from w2v.text import room, token_file
from w2v.text.corpus import Corpus
from w2v.text.scanned import Remark, Report, Scanned, scan
from w2v.text.shares import WHOLE, Share
from w2v.text.token_file import About
from w2v.text.tokens import (
    BLOCK_TOKENS,
    ROOM,
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
NEXT = "the next training reads it anew"
BYTES_PER_WORD = 5.7  # of a usual text, white space included


@dataclass(frozen=True)
class Reading:
    """A text to read, and how: as for vocab.read."""

    corpus: Corpus
    threads: int = 1
    progress: Report | None = None
    remark: Remark | None = None
    share: Share = WHOLE

    @property
    def key(self) -> str | None:
        """That of the corpus, and which share of it is read."""
        key = self.corpus.key
        return key if key is None or self.share == WHOLE else f"{key}, {self.share}"

    def scan(self, spool: Spool) -> Scanned:
        return scan(self.corpus, spool, self.threads, self.progress, self.remark, self.share)

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
    if cache is not None and reading.key is not None:
        return cache.read(reading, reading.key)
    return reading.scan(passing_spool(reading, cache))


def passing_spool(reading: Reading, cache: TokenCache | None) -> Spool:
    """A Spool for a text, or what becomes of it, whose file is gone with this process."""

    def open_file() -> BinaryIO:
        folder = Path(tempfile.gettempdir()) if cache is None else cache.made_folder()
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
            self.made_folder()
            self.make_room(_expected_bytes(reading.corpus))
            _check_room(reading.corpus, self.folder)
            file = open(staging, "x+b", buffering=0)  # noqa: SIM115 (the Spool's)
            atomic.hold(file)
            return file

        def tell(why: OSError) -> None:
            reading.tell(f"{_not_on_disk(why)}; {NEXT}")

        try:
            scanned = dataclasses.replace(reading, remark=note).scan(Spool(open_file, tell))
            if isinstance(scanned.tokens, InFile):
                try:
                    about = About(key, _described(reading.corpus), remarks)
                    token_file.finish(scanned, scanned.tokens, about)
                    self._keep(staging, path, reading)
                except OSError as why:
                    here = "the text is on the disk for this training only"
                    reading.tell(f"{here} ({why.strerror or why}); {NEXT}")
            return scanned
        finally:
            with contextlib.suppress(OSError):
                staging.unlink(missing_ok=True)

    def _keep(self, staging: Path, path: Path, reading: Reading) -> None:
        """Put a file in its place, if it may take so much. Raises: OSError."""
        n_bytes = staging.stat().st_size
        if n_bytes > self.most_bytes:
            reading.tell(
                f"the text takes {n_bytes / GB:.2f} GB as word numbers, more than --cache-size, "
                f"{self.most_bytes / GB:g} GB: it is not kept, and {NEXT}"
            )
            return
        self.make_room(n_bytes)
        os.replace(staging, path)

    def made_folder(self) -> Path:
        """The folder, made if need be. Raises: OSError."""
        if not self.folder.is_absolute():
            raise FileNotFoundError(errno.ENOENT, "there is no home folder", str(self.folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

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
    """The cache that a Config asks for, or None."""
    return cache_in(config) if config.cache else None


def cache_in(config: Config) -> TokenCache:
    """That of cache_dir and cache_size."""
    given = config.cache_dir and os.path.abspath(config.cache_dir)
    return TokenCache(Path(given or users_cache() / "texts"), config.cache_size * GB)


def _described(corpus: Corpus) -> str:
    """One line for people: which text a cached one is, and how it was read."""
    first, *others = (source.key[0] for source in corpus.sources if source.key)
    more = f" and {counted(len(others), 'more file')}" if others else ""
    return f"{first}{more}, read with {corpus.tokenization}"


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
            f"{corpus.description} takes about {needed / GB:.1f} GB as word numbers, and the disk "
            f"of {folder} has {free / GB:.1f} GB free; {ROOM}"
        )
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _not_on_disk(why: OSError) -> str:
    where = f"{why.filename}: " if why.filename else ""
    return f"the text is kept in memory, not on the disk ({where}{why.strerror or why})"
