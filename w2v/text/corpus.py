"""Where text comes from: PTB, the built-in sample, a file or a folder, as a stream of bytes.

A sentence is a line. Words are what ASCII white space separates: other white space of Unicode,
such as the no-break space, belongs to words, so that bytes alone tell where a word ends.
"""

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from w2v.config import Config
from w2v.errors import W2VError
from w2v.files import open_file
from w2v.storage import packed
from w2v.text import ptb
from w2v.text.source import Source

TELLING = 10  # bytes that show whether a file is text
UNPACK: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


@dataclass(frozen=True)
class Corpus:
    """Text to train on, read anew, as a stream, as often as it is asked for."""

    name: str  # names the run folder: ptb, sample, or from the path: reviews of x/reviews.txt.gz
    description: str  # one line for people: what is read, and from where
    sources: tuple[Source, ...]
    lower: bool
    notice: str | None = None  # one line: why `sample` stands in for PTB

    @property
    def size(self) -> int:
        """Bytes on disk that a whole read goes through."""
        return sum(source.size for source in self.sources)

    def chunks(
        self,
        progress: Callable[[int], object] | None = None,
        remark: Callable[[str], object] | None = None,
    ) -> Iterator[bytes]:
        """Yield the text in order, in pieces of about a MiB.

        Every piece ends just after a white-space byte, so no word is ever cut, and every file
        ends a line. A byte-order mark is dropped; `lower` folds case.

        Args:
            progress: called with the bytes on disk read so far, up to `size`.
            remark: called once with a line about each kind of oddity: a byte-order mark, line
                ends of Windows, NUL bytes.
        Yields:
            bytes, valid UTF-8.
        Raises:
            W2VError: as Source.pieces.
        """
        report = progress or (lambda done: None)
        before = 0
        seen: set[str] = set()
        for source in self.sources:
            for number, (piece, done) in enumerate(source.pieces()):
                report(before + done)
                has_mark = number == 0 and piece.startswith(codecs.BOM_UTF8)
                if remark:
                    _remark_oddities(piece, has_mark, source, seen, remark)
                piece = piece[len(codecs.BOM_UTF8) * has_mark :]
                yield _lower(piece) if self.lower else piece
            before += source.size
            report(before)


def open_corpus(config: Config, fetching: ptb.Progress | None = None) -> Corpus:
    """The corpus that a Config asks for: found, fetched or generated, but not yet read.

    Without `config.corpus`, `sample` stands in where PTB is not at hand and cannot be fetched; a
    file that has PTB's name and another content is an error even then.

    Args:
        config: corpus, data_dir and lower.
        fetching: called while PTB is fetched, as ptb.fetch's `progress`.
    Returns:
        Corpus; its `notice` is set where `sample` stands in.
    Raises:
        W2VError: it does not exist, is empty, is no file or folder, or cannot be read.
    """
    if config.corpus is None:
        try:
            return _ptb(config, "train", fetching)
        except ptb.UnavailableError as why:
            return _sample(config, notice=f"training on `sample` instead of PTB: {why}")
    if config.corpus == "ptb":
        return _ptb(config, "train", fetching)
    if config.corpus == "sample":
        return _sample(config)
    return _local(config)


def ptb_validation(config: Config) -> Corpus:
    """PTB's held-out text, as a Corpus; raises as `open_corpus` does, and never falls back."""
    return _ptb(config, "valid")


def _ptb(config, part, fetching=None):
    named = config.data_dir or os.environ.get("W2V_DATA_DIR")
    folder = Path(named or "data")
    if named and os.path.lexists(folder) and not folder.is_dir():
        where = "--data-dir" if config.data_dir else "$W2V_DATA_DIR"
        raise W2VError(f"{where} is {named}; that is no folder: name one, it is made if need be")
    path = ptb.find(folder, part) or ptb.fetch(folder, ptb.URL, progress=fetching)
    if path.name == ptb.ARCHIVE:
        size = ptb.packed_size(path, part)
        source = Source(repr(str(path)), size, partial(ptb.open_packed, path, part))
    else:
        source = _file(path, path.stat().st_size)
    name = "ptb" if part == "train" else f"ptb-{part}"
    description = f"Penn Treebank, {part} text, from {str(path)!r}"
    return Corpus(name, description, (source,), config.lower)


def _sample(config, notice=None):
    from w2v.text import sample_corpus

    text = sample_corpus.generate()
    source = Source("sample", len(text), partial(_open_memory, text))
    description = "sample, newswire-like sentences that w2v generates"
    return Corpus("sample", description, (source,), config.lower, notice)


def _local(config):
    """The corpus of a path that the user gave."""
    path = Path(config.corpus)
    shown = repr(str(path))
    try:
        status = path.stat()
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and not stat.S_ISREG(status.st_mode):
            raise W2VError(f"{shown} is no regular file or folder; save the text to a file first")
        files = list(_files(path)) if is_folder else [(path, status.st_size)]
    except FileNotFoundError as why:
        raise W2VError(
            f"{why.filename!r} does not exist; give ptb, sample, or the path of a text"
        ) from why
    except OSError as why:
        raise W2VError(f"cannot read {why.filename!r}: {why.strerror}") from why
    if not files:
        raise W2VError(f"{shown} has no files in it (hidden ones are not read); give one that has")
    sources = tuple(_file(file, size) for file, size in files if size)
    if not sources:
        raise W2VError(f"{shown} is empty; give a text, one sentence a line")
    description = f"{shown}, files: {len(sources)}" if is_folder else shown
    return Corpus(_name(path, is_folder), description, sources, config.lower)


def _name(path, is_folder):
    """A safe folder name from a path: x/reviews.txt.gz → reviews; x/my texts/ → my_texts."""
    path = Path(os.path.abspath(path))  # gives "." and ".." their names
    if not is_folder:
        path = path.with_suffix("") if path.suffix.lower() in UNPACK else path
        path = path.with_suffix("")
    return re.sub(r"[^\w.+-]", "_", path.name).lstrip(".") or "corpus"


def _files(folder, above=()):
    """Yield (path, size) of the regular files under a folder, sorted, without the hidden ones."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:  # a link back to a folder that this one is in
        return
    for name in sorted(os.listdir(folder)):
        if name.startswith("."):
            continue
        path = folder / name
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            yield from _files(path, (*above, here))
        elif stat.S_ISREG(status.st_mode):
            yield path, status.st_size


def _file(path, size):
    return Source(repr(str(path)), size, partial(_open_file, path))


@contextmanager
def _open_file(path):
    """Gives the stream of a file, unpacked; raises W2VError after it if the file has changed."""
    suffix = path.suffix.lower()
    with open_file(path, buffering=0) as raw:
        if reason := _misnamed(raw.read(packed.HEAD_BYTES), suffix):
            raise W2VError(f"{str(path)!r} is {reason}")
        raw.seek(0)
        with UNPACK.get(suffix, nullcontext)(raw) as stream:
            if inner := packed.told_by(stream.read(packed.HEAD_BYTES)):
                raise W2VError(f"{str(path)!r} holds {inner.what}; give the text that is in it")
            stream.seek(0)
            before = os.fstat(raw.fileno())
            yield stream, raw.tell
            after = os.fstat(raw.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise W2VError(
            f"{str(path)!r} was changed while it was read ({before.st_size} bytes before, "
            f"{after.st_size} after); wait until it is whole, or train on a copy"
        )


def _misnamed(head, suffix):
    """What a file that begins with `head` is, if its name tells another thing; else None."""
    kind = packed.told_by(head)
    if kind is None:
        letters = "".join(head.decode("latin-1").split())
        is_misnamed = suffix in UNPACK and len(head) >= TELLING and letters.isprintable()
        return f"not packed, as {suffix} says; name it .txt" if is_misnamed else None
    if kind.suffix not in UNPACK:
        return f"{kind.what}; give the text that is in it"
    return None if kind.suffix == suffix else f"{kind.what}; name it {kind.suffix}"


@contextmanager
def _open_memory(text):
    stream = io.BytesIO(text)
    yield stream, stream.tell


def _remark_oddities(piece, has_mark, source, seen, remark):
    """Remark on each kind of oddity that a piece is the first to show."""
    for shows, oddity in (
        (has_mark, "begins with a byte-order mark, which is dropped"),
        (b"\r\n" in piece, "has the line ends of Windows; a carriage return is white space"),
        (b"\0" in piece, "has NUL bytes, which are taken for letters; is it text in UTF-8?"),
    ):
        if shows and oddity not in seen:
            seen.add(oddity)
            remark(f"{source.label} {oddity}")


def _lower(piece):
    # Beyond ASCII, folding case takes decoding, which is slow.
    return piece.lower() if piece.isascii() else piece.decode().lower().encode()
