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
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from w2v.config import ASCII_SPACE, Config
from w2v.errors import UsageError, W2VError
from w2v.text import ptb

CHUNK_BYTES = 8 << 20  # text read at a time
WORD_BYTES = 1 << 20  # what is longer is no word, and would have to be held in memory
OTHER_KINDS = {  # by their first two bytes
    b"\x1f\x8b": "it is packed by gzip: name it .gz",
    b"\xff\xfe": "it seems to be UTF-16: convert it to UTF-8",
    b"\xfe\xff": "it seems to be UTF-16: convert it to UTF-8",
}
UNPACK: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


@dataclass(frozen=True)
class Source:
    """One file of text, or what stands for one."""

    label: str  # what errors call it
    size: int  # bytes on disk, packed if it is packed
    # () → a context that gives the stream of its text and, () → int, the bytes on disk read so far
    open: Callable[[], AbstractContextManager[tuple[IO[bytes], Callable[[], int]]]] = field(
        repr=False
    )


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
        """Yield the text in order, in pieces of about CHUNK_BYTES.

        Every piece ends just after a white-space byte, so no word is ever cut, and every file
        ends a line. A byte-order mark is dropped; `lower` folds case.

        Args:
            progress: called with the bytes on disk read so far, up to `size`.
            remark: called once with a line about each kind of oddity: a byte-order mark, line
                ends of Windows, NUL bytes.
        Yields:
            bytes, valid UTF-8.
        Raises:
            W2VError: a file that cannot be read, is damaged, or is not UTF-8; a word longer than
                WORD_BYTES. The message says where.
        """
        report = progress or (lambda done: None)
        before = 0
        seen: set[str] = set()
        for source in self.sources:
            for number, (piece, done) in enumerate(_pieces(source)):
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
        fetching: called while PTB is fetched, as ptb.fetch's `progress`.
    Returns:
        Corpus; its `notice` is set where `sample` stands in.
    Raises:
        W2VError: nothing there, nothing in it, no file or folder, or not to be read.
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


def _ptb(config: Config, part: str, fetching: ptb.Progress | None = None) -> Corpus:
    folder = Path(config.data_dir or os.environ.get("W2V_DATA_DIR") or "data")
    path = ptb.find(folder, part) or ptb.fetch(folder, ptb.URL, progress=fetching)
    if path.name == ptb.ARCHIVE:
        size = ptb.packed_size(path, part)
        source = Source(repr(str(path)), size, partial(ptb.open_packed, path, part))
    else:
        source = _file(path, path.stat().st_size)
    name = "ptb" if part == "train" else f"ptb-{part}"
    description = f"Penn Treebank, {part} text, from {str(path)!r}"
    return Corpus(name, description, (source,), config.lower)


def _sample(config: Config, notice: str | None = None) -> Corpus:
    from w2v.text import sample_corpus

    text = sample_corpus.generate()
    source = Source("sample", len(text), partial(_open_memory, text))
    description = "sample, newswire-like sentences that w2v generates"
    return Corpus("sample", description, (source,), config.lower, notice)


def _local(config: Config) -> Corpus:
    """The corpus of a path that the user gave."""
    if not config.corpus:
        raise UsageError("--corpus is empty; it must be ptb, sample, or the path of a text")
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


def _file(path: Path, size: int) -> Source:
    return Source(repr(str(path)), size, partial(_open_file, path))


@contextmanager
def _open_file(path):
    unpack = UNPACK.get(path.suffix.lower(), nullcontext)
    with open(path, "rb", buffering=0) as raw, unpack(raw) as stream:
        yield stream, raw.tell


@contextmanager
def _open_memory(text):
    stream = io.BytesIO(text)
    yield stream, stream.tell


def _blocks(source: Source) -> Iterator[tuple[bytes, int]]:
    """Yield (bytes, bytes on disk read so far) of a source, cut anywhere."""
    try:
        with source.open() as (stream, done):
            while block := stream.read(CHUNK_BYTES):
                yield block, done()
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as why:
        if isinstance(why, OSError) and why.errno:
            raise W2VError(f"cannot read {source.label}: {why.strerror}") from why
        # Damage shows as an error without a number, whatever packed the file.
        raise W2VError(f"{source.label} is damaged or cut short: {why}; get it again") from why


def _pieces(source: Source) -> Iterator[tuple[bytes, int]]:
    """Yield (piece, bytes on disk read so far) of a source: checked, and cut after white space."""
    piece = rest = b""
    offset = done = 0  # where `rest`, the start of a word, lies in the text
    for block, done in _blocks(source):
        end = _after_white_space(block, 0, len(block))
        if end:
            piece = b"".join((rest, memoryview(block)[:end]))
            yield _check(piece, offset, source), done
            offset += len(piece)
            rest = block[end:]
        else:
            rest += block
        if len(rest) > WORD_BYTES:
            raise _long_word(source, offset)
    if rest or not piece.endswith(b"\n"):
        yield _check(rest + b"\n", offset, source), done


def _after_white_space(text, start, stop):
    """The index behind the last white space in text[start:stop]; `start` if there is none."""
    for byte in ASCII_SPACE.encode():
        start = max(start, text.rfind(byte, start, stop) + 1)
    return start


def _check(piece, offset, source):
    """The piece, which lies at `offset` in its text, if it is sound."""
    start = 0
    while len(piece) - start > WORD_BYTES:  # hop from space to space, each as far as it may be
        end = _after_white_space(piece, start, start + WORD_BYTES + 1)
        if end == start:
            raise _long_word(source, offset + start)
        start = end
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError as why:
            problem = f"is not UTF-8: byte 0x{piece[why.start]:02x}"
            way_out = OTHER_KINDS.get(piece[:2] if offset == 0 else b"", "convert it to UTF-8")
            raise _error_at(source, offset + why.start, problem, way_out) from why
    return piece


def _remark_oddities(piece, has_mark, source, seen, remark):
    for is_there, oddity in (
        (has_mark, "begins with a byte-order mark, which is dropped"),
        (b"\r\n" in piece, "has the line ends of Windows; a carriage return is white space"),
        (b"\0" in piece, "has NUL bytes, which are taken for letters; is it text in UTF-8?"),
    ):
        if is_there and oddity not in seen:
            seen.add(oddity)
            remark(f"{source.label} {oddity}")


def _long_word(source, offset):
    problem = f"has a word of more than {WORD_BYTES} bytes, starting"
    return _error_at(source, offset, problem, "is this text?")


def _error_at(source, offset, problem, way_out):
    """A W2VError that names the line too: the text is read again, so that reading counts none."""
    line, left = 1, offset
    for block, _ in _blocks(source):
        line += block.count(b"\n", 0, left)
        left -= len(block)
        if left <= 0:
            break
    return W2VError(f"{source.label} {problem} at line {line}, byte offset {offset}; {way_out}")


def _lower(piece):
    # Beyond ASCII, case is a matter of characters, and decoding them takes its time.
    return piece.lower() if piece.isascii() else piece.decode().lower().encode()
