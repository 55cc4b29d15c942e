"""The format of a cached text, byte by byte; nothing in a file is believed unchecked.

    tokens   (n_read,) int32, as scanned.Scanned has them
    counts   (n,) int64
    starts   (n + 1,) int64
    letters  (n_letters,) uint8
    header   JSON: all else that a Scanned has, a CRC-32 of each block of tokens, remarks
    ending   20 bytes: the length of the header (8), CRC-32 from counts to header (4), MAGIC (8)

Numbers are little-endian. The tokens come first, since only the end of the text tells the rest.
"""

import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from w2v.files import open_file
from w2v.text.scanned import Scanned
from w2v.text.tokens import TOKEN_BYTES, DamagedTokens, InFile, read_at, write_all

MAGIC = b"w2vtext2"  # the last byte is the format's version
ENDING = struct.Struct("<QI8s")

IN_HEADER = (
    "n_lines", "n_read", "longest_line", "digest", "n_exact", "n_lacking", "n_words_after"
)  # fmt: skip


class About(NamedTuple):
    """What a file tells beside the text.

    key: what the text was read from, and how.  description: the same in one line for people.
    remarks: lines about what was odd in it.
    """

    key: str
    description: str
    remarks: list[str]


_KEYS = {*IN_HEADER, "n_words", "n_letters", "checksums", *About._fields}


def finish(scanned: Scanned, tokens: InFile, about: About) -> None:
    """Write what follows the tokens, which the file has already. Raises: OSError."""
    header = {
        **{name: getattr(scanned, name) for name in IN_HEADER},
        "n_words": len(scanned.counts),
        "n_letters": len(scanned.letters),
        "checksums": tokens.checksums,
        **about._asdict(),
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    checksum = 0
    for part in (scanned.counts, scanned.starts, scanned.letters, text):
        write_all(tokens.file, part)
        checksum = zlib.crc32(np.ascontiguousarray(part).data, checksum)
    ending = ENDING.pack(len(text), checksum, MAGIC)
    write_all(tokens.file, np.frombuffer(ending, np.uint8))


def read_about(path: Path) -> tuple[About, int]:
    """What a file tells beside the text, and how many tokens it has; raises as `read` does."""
    with open_file(path, buffering=0) as file:
        header, _, _ = _header(file)
        return _about(header), header["n_read"]


def read(path: Path) -> tuple[Scanned, About]:
    """The text in a file, whose tokens stay there.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        DamagedTokens: it is not what was written, or of another version; the message says why.
    """
    try:
        file = open_file(path, buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise DamagedTokens(error.strerror or str(error)) from error
    try:
        header, start, checksum = _header(file)
        n, n_letters = header["n_words"], header["n_letters"]
        counts, starts = np.empty(n, np.int64), np.empty(n + 1, np.int64)
        letters = np.empty(n_letters, np.uint8)
        found, offset = 0, start
        for part in (counts, starts, letters):
            read_at(file, offset, part)
            found, offset = zlib.crc32(part.data, found), offset + part.nbytes
        if zlib.crc32(header["text"].data, found) != checksum:
            raise DamagedTokens("its words have another CRC-32")
        tokens = InFile(file, header["n_read"], header["checksums"])
        about = {name: header[name] for name in IN_HEADER}
        return Scanned(counts, starts, letters, **about, tokens=tokens), _about(header)
    except BaseException as error:
        file.close()
        if isinstance(error, (OSError, EOFError)):
            raise DamagedTokens(str(error)) from error
        raise


def _about(header: dict[str, Any]) -> About:
    return About(header["key"], header["description"], header["remarks"])


def _header(file: BinaryIO) -> tuple[dict[str, Any], int, int]:
    """The header, and as "text" its bytes; where the tokens end; the checksum of what follows."""
    size = os.fstat(file.fileno()).st_size
    if size < ENDING.size:
        raise DamagedTokens(f"it has {size} bytes")
    ending = np.empty(ENDING.size, np.uint8)
    read_at(file, size - ENDING.size, ending)
    length, checksum, magic = ENDING.unpack(ending.tobytes())
    if magic != MAGIC:
        raise DamagedTokens("it is cut short, or of another version")
    start = size - ENDING.size - length
    if start < 0:
        raise DamagedTokens(f"its header has {length} bytes, and the file {size}")
    text = np.empty(length, np.uint8)
    read_at(file, start, text)
    try:
        header = json.loads(text.tobytes())
        if not header.keys() >= _KEYS:
            raise KeyError
        n_bytes = TOKEN_BYTES * header["n_read"]
        end = n_bytes + 8 * (2 * header["n_words"] + 1) + header["n_letters"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedTokens("its header does not describe a text") from error
    if end != start:
        raise DamagedTokens(f"its header promises {end} bytes, and there are {start}")
    return {**header, "text": text}, n_bytes, checksum
