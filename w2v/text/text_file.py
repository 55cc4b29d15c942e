"""A file of text as a Source: opened, unpacked by its suffix, and refused where it is no text."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from w2v.errors import W2VError
from w2v.files import open_file
from w2v.storage import packed
from w2v.text.source import Source, read_stream

TELLING = 10  # bytes that show whether a file is text
PACKING = 3.0  # how many times shorter a packed text is, about


@contextmanager
def _open_zstd(raw: BinaryIO) -> Iterator[BinaryIO]:
    try:
        from compression import zstd  # Python 3.14 and later
    except ImportError:
        try:
            from backports import zstd
        except ImportError as why:
            raise W2VError(
                f"{str(raw.name)!r} is packed by zstd, which this Python cannot unpack; install "
                "backports.zstd, the extra w2v[zstd], or unpack it first"
            ) from why
    try:
        with zstd.open(raw) as stream:
            yield stream
    except zstd.ZstdError as why:
        raise EOFError(str(why)) from why


UNPACK: dict[str, Callable[[Any], AbstractContextManager[Any]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _open_zstd,
}


def text_file(path: Path, status: os.stat_result) -> Source:
    """The Source of a regular file that has this status; another one is an error when it is read.

    Its pieces raise W2VError, too, after they were read, if the file has changed meanwhile.
    """
    written = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    is_packed = path.suffix.lower() in UNPACK
    label = repr(str(path))
    return Source(
        label,
        status.st_size,
        partial(read_stream, label, partial(_opened, path, _state(status))),
        text_bytes=status.st_size * (PACKING if is_packed else 1),
        key=(os.path.realpath(path), *written),
    )


def _state(status):
    """What tells whether a file was written to, or is another one."""
    return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino


@contextmanager
def _opened(path, before):
    """Gives the stream of a file, unpacked, and what tells the bytes on disk that are read."""
    suffix = path.suffix.lower()
    with open_file(path, buffering=0) as raw:
        if reason := _misnamed(raw.read(packed.HEAD_BYTES), suffix):
            raise W2VError(f"{str(path)!r} is {reason}")
        raw.seek(0)
        with UNPACK.get(suffix, nullcontext)(raw) as stream:
            if inner := packed.told_by(stream.read(packed.HEAD_BYTES)):
                raise W2VError(f"{str(path)!r} holds {inner.what}; give the text that is in it")
            stream.seek(0)
            yield stream, raw.tell
            after = [_state(os.fstat(raw.fileno()))]
    with suppress(FileNotFoundError):  # it was removed, and read whole all the same
        after.append(_state(os.stat(path)))
    for state in after:
        if state != before:
            raise W2VError(
                f"{str(path)!r} was changed while it was read ({before[0]:,} bytes before, "
                f"{state[0]:,} after); wait until it is whole, or train on a copy"
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
